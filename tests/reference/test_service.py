"""The service behind the guide's calls: what it remembers, and in which order it says no."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from urllib.parse import unquote_plus, urlencode
from xml.etree import ElementTree as ET

import pytest

from conformance.reference.accounts import (
    FAILURES_OF_AN_ACCOUNT,
    FAILURES_OF_AN_ADDRESS,
    PASSWORD,
    SMS_ATTEMPTS,
    from_the_start,
)
from conformance.reference.app import ACTIVATION, Application
from conformance.reference.calls import documented_calls
from conformance.reference.captchas import LIFE_S, PREPARED, SOLVES_ANY, code_of
from conformance.reference.request import Request
from conformance.reference.service import COUPON, GATES, SPECIAL_MOBILES
from conformance.reference.starting import application

TOKEN = "0123456789abcdef0123456789abcdef"
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]
LOGIN = {"user": "conformance", "password": "Secret123"}
HALFWAY = LOGIN | {"user": "halfway"}
NEWCOMER = LOGIN | {"user": "newcomer"}
LOGGED_IN = sorted(name for name, gates in GATES.items() if "register" != name != "forgot_password")
NEW = {
    "user": "somebody",
    "password": "Secret456",
    "fname": "Some",
    "sname": "Body",
    "email_address": "somebody@example.com",
    "country_id": "305",
    "mobile_number": "263000000009",
    "accept_terms": "1",
}


class Endpoint:
    """The application with a clock that stands until it is moved; calls it as a client does."""

    def __init__(self, token: str = "") -> None:
        self.now = 1_700_000_000.0
        self.app: Application = application(clock=lambda: self.now, token=token)

    def __call__(self, action: str, path: str = f"/{TOKEN}", address: str = "192.0.2.1", **said: str) -> ET.Element:
        return self.send(path, address, {"action": action, **said})

    def send(self, path: str, address: str, said: dict[str, str], **more: bytes) -> ET.Element:
        root = ET.Element("clickatellsdk")
        for name, text in said.items():
            ET.SubElement(root, name).text = text
        body = urlencode({"XML": ET.tostring(root)}).encode()
        headers = [*FORM, *((name.replace("_", "-").encode(), value) for name, value in more.items())]
        request = Request.of("POST", "https", (path.encode(), b""), headers, body, client=(address, 1))
        return ET.fromstring(self.app.answer(request).body)

    def get(self, path: str) -> int:
        target, _, query = path.encode().partition(b"?")
        return self.app.answer(Request.of("GET", "https", (target, query), [], b"")).status

    def code(self, action: str, **said: str) -> str:
        return self(action, **said).findtext("Error", "")

    def captcha(self) -> dict[str, str]:
        """A captcha, and what its image shows."""
        captcha_id, _ = self.app.service.captchas.make(self.now)
        return {"captcha_id": captcha_id, "captcha_code": code_of(captcha_id)}


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def without(said: dict[str, str], name: str) -> dict[str, str]:
    return {key: text for key, text in said.items() if key != name}


# Captchas


def captcha_given(endpoint: Endpoint, **said: str) -> str:
    return endpoint.code("register", **(NEW | {"test_mode": "1"} | said))


def test_every_captcha_is_another_and_a_whole_image(endpoint: Endpoint) -> None:
    ids, images = zip(*(endpoint.app.service.captchas.make(endpoint.now) for _ in range(3)), strict=True)
    assert len(set(ids)) == len(set(images)) == 3
    for image in images:
        png = unquote_plus(image, "latin-1").encode("latin-1")
        assert png.startswith(b"\x89PNG\r\n\x1a\n")
        assert png.endswith(b"IEND\xaeB`\x82")
        at = png.index(b"IDAT")
        length = int.from_bytes(png[at - 4 : at])
        assert len(zlib.decompress(png[at + 4 : at + 4 + length])) == (175 + 1) * 45
        assert zlib.crc32(png[at : at + 4 + length]) == int.from_bytes(png[at + 4 + length : at + 8 + length])


@pytest.mark.parametrize("age", [0, LIFE_S, LIFE_S + 1])
def test_a_captcha_lives_for_fifteen_minutes(endpoint: Endpoint, age: float) -> None:
    captcha = endpoint.captcha()
    endpoint.now += age
    assert captcha_given(endpoint, **captcha) == ("" if age <= LIFE_S else "402")


def test_a_captcha_is_good_once(endpoint: Endpoint) -> None:
    captcha = endpoint.captcha()
    assert [captcha_given(endpoint, **captcha) for _ in range(2)] == ["", "403"]


def test_a_captcha_has_one_failed_attempt(endpoint: Endpoint) -> None:
    captcha = endpoint.captcha()
    wrong = captcha | {"captcha_code": "99999"}
    assert [captcha_given(endpoint, **one) for one in (wrong, wrong, captcha)] == ["401", "402", "402"]


def test_no_code_is_no_attempt(endpoint: Endpoint) -> None:
    captcha = endpoint.captcha()
    assert captcha_given(endpoint, captcha_id=captcha["captcha_id"]) == "401"
    assert captcha_given(endpoint, **captcha) == ""


@pytest.mark.parametrize("captcha", [{}, {"captcha_id": ""}, {"captcha_id": "0" * 32, "captcha_code": "00000"}])
def test_a_captcha_that_nobody_made_is_none(endpoint: Endpoint, captcha: dict[str, str]) -> None:
    assert captcha_given(endpoint, **captcha) == "400"


def test_one_code_solves_every_captcha_once(endpoint: Endpoint) -> None:
    for _ in range(2):
        solved = endpoint.captcha() | {"captcha_code": SOLVES_ANY.lower()}
        assert [captcha_given(endpoint, **solved) for _ in range(2)] == ["", "403"]


# Logins


def test_two_failed_logins_lock_an_account_until_it_logs_in_with_a_captcha(endpoint: Endpoint) -> None:
    wrong = LOGIN | {"password": "Secret124"}
    assert [endpoint.code("authenticate_user", **wrong) for _ in range(2)] == ["404", "404"]
    locked = endpoint("authenticate_user", **LOGIN)
    assert locked.findtext("Error") == "004"
    assert locked.findtext("Description") == "Max user auth attempts exceeded, captcha required"
    assert endpoint.code("authenticate_user", **HALFWAY) == "", "another account is not locked"
    assert endpoint.code("buy_credits_url", **LOGIN) == "004", "by whichever call"
    used = endpoint.captcha()
    assert endpoint.code("authenticate_user", **wrong, **used) == "404"
    assert endpoint.code("authenticate_user", **LOGIN, **used) == "403"
    assert endpoint.code("authenticate_user", **LOGIN, captcha_id=used["captcha_id"]) == "403"
    assert endpoint.code("authenticate_user", **LOGIN, **endpoint.captcha()) == ""
    assert endpoint.code("authenticate_user", **LOGIN) == ""


def test_a_good_login_forgets_the_failed_one(endpoint: Endpoint) -> None:
    wrong = LOGIN | {"password": "Secret124"}
    for _ in range(3):
        assert endpoint.code("authenticate_user", **wrong) == "404"
        assert endpoint.code("authenticate_user", **LOGIN) == ""


def test_ten_failed_logins_lock_an_address_until_any_account_logs_in(endpoint: Endpoint) -> None:
    codes = [endpoint.code("authenticate_user", user=f"nobody{n}", password="Secret123") for n in range(11)]
    assert codes == ["404"] * 10 + ["003"]
    assert endpoint.code("authenticate_user", **LOGIN) == "003"
    assert endpoint.code("authenticate_user", address="192.0.2.2", **LOGIN) == ""
    assert endpoint.code("authenticate_user", **LOGIN) == "003", "that was from another address"
    assert endpoint.code("authenticate_user", **LOGIN, **endpoint.captcha()) == ""
    assert endpoint.code("authenticate_user", **HALFWAY) == ""


def test_one_call_at_a_time_is_decided(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    service, waiting = endpoint.app.service, []
    found = service.accounts.named

    def looked_up(user: str) -> object:
        waiting.append(service._lock.locked())
        return found(user)

    monkeypatch.setattr(service.accounts, "named", looked_up)
    assert endpoint.code("register", **NEW, **endpoint.captcha()) == ""
    assert endpoint.get("/activate/somebody") == 200
    assert waiting == [True, True]


def test_a_captcha_that_no_login_needs_is_left_alone(endpoint: Endpoint) -> None:
    captcha = endpoint.captcha()
    assert endpoint.code("authenticate_user", **LOGIN, captcha_id="kept", captcha_code="from before") == ""
    assert endpoint.code("authenticate_user", **LOGIN, **captcha) == ""
    assert captcha_given(endpoint, **captcha) == ""


@pytest.mark.parametrize("action", LOGGED_IN)
def test_every_login_says_who_it_is(endpoint: Endpoint, action: str) -> None:
    assert endpoint.code(action, **without(LOGIN, "user")) == "431"
    assert endpoint.code(action, **without(LOGIN, "password")) == "432"
    assert endpoint.code(action, **(LOGIN | {"user": "x" * 129})) == "431"
    assert endpoint.code(action, **(LOGIN | {"password": "Secret 123"})) == "432"
    assert endpoint.code(action, **(LOGIN | {"user": "closed"})) == "006"


# Accounts


def test_from_registration_to_the_shop(endpoint: Endpoint) -> None:
    login = {"user": NEW["user"], "password": NEW["password"]}
    assert endpoint.code("authenticate_user", **login) == "404"
    assert endpoint.code("register", **NEW, **endpoint.captcha()) == ""
    assert endpoint.code("authenticate_user", **login) == "103"
    sent = endpoint("resend_email_activation", email_address="other@example.com", **login)
    number = sent.findtext("Values/Value/UserNumber")
    for other in ("/activate/nobody", "/activate/somebody?a=b", "/activate/x/somebody", "/somebody"):
        assert endpoint.get(other) == 200, "answered as any call is"
    assert endpoint.code("authenticate_user", **login) == "103"
    assert endpoint.get("/activate/somebody") == 200
    assert endpoint.code("resend_email_activation", **login) == "107"
    assert endpoint("authenticate_user", **login).findtext("Values/Value/Usernumber") == number
    assert endpoint.code("sms_activation_status", **login) == "104"
    assert endpoint.code("buy_credits_url", **login) == "104"
    assert endpoint.code("validate_activation_sms", sms_activation_code="00009", **login) == "418", "none was sent"
    assert endpoint.code("send_activation_sms", mobile_number="263000054321", **login) == ""
    assert endpoint.code("validate_activation_sms", sms_activation_code="00009", **login) == "418"
    assert endpoint.code("validate_activation_sms", sms_activation_code="54321", **login) == ""
    assert endpoint.code("validate_activation_sms", sms_activation_code="54321", **login) == "108"
    assert endpoint.code("send_activation_sms", **login) == "108"
    status = endpoint("sms_activation_status", **login)
    assert status.findtext("Values/Value/Cellphone") == "263000054321"
    assert status.findtext("Values/Value/UserNumber") == number
    first, second = (endpoint("create_connection", connection_id="2", **login) for _ in range(2))
    assert first.findtext("Values/Value/api_id") != second.findtext("Values/Value/api_id")
    urls = {endpoint("buy_credits_url", **login).findtext("Values/Value/buy_url") for _ in range(2)}
    assert len(urls) == 2
    found = endpoint.captcha() | {"user": NEW["user"], "email_address": "other@example.com"}
    assert endpoint.code("forgot_password", **found) == ""
    assert endpoint.code("authenticate_user", **login) == "404"
    assert endpoint.code("authenticate_user", user="somebody", password=f"New{number}") == ""


def test_another_endpoint_knows_nothing_of_it(endpoint: Endpoint) -> None:
    assert endpoint.code("register", **NEW, **endpoint.captcha()) == ""
    assert Endpoint().code("authenticate_user", user=NEW["user"], password=NEW["password"]) == "404"


def test_a_test_of_a_registration_creates_nothing(endpoint: Endpoint) -> None:
    assert endpoint.code("register", **NEW, test_mode="1", **endpoint.captcha()) == ""
    assert endpoint.code("register", **NEW, **endpoint.captcha()) == ""


def test_activation_messages_are_limited(endpoint: Endpoint) -> None:
    codes = [endpoint.code("send_activation_sms", **HALFWAY) for _ in range(SMS_ATTEMPTS + 1)]
    assert codes == [""] * SMS_ATTEMPTS + ["102"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"test_mode": "2"}, "411"),
        ({"account_id": "x"}, "412"),
        ({"account_id": "5"}, "412"),
        ({"country_id": "99999"}, "406"),
        ({"user": ""}, "431"),
        ({"password": "short"}, "432"),
        ({"password": "x" * 33}, "432"),
        ({"fname": "x" * 81}, "433"),
        ({"sname": ""}, "434"),
        ({"email_address": "nowhere"}, "416"),
        ({"email_address": f"{'x' * 60}@a.nz"}, "416"),
        ({"company": "x" * 81}, "435"),
        ({"country_id": "one"}, "406"),
        ({"mobile_number": "+263000000009"}, "417"),
        ({"mobile_number": "0" * 31}, "417"),
        ({"email_format": "3"}, "407"),
        ({"weekly_update": "yes"}, "408"),
        ({"accept_terms": "2"}, "409"),
        ({"accept_terms": ""}, "410"),
        ({"accept_terms": "0"}, "410"),
        ({"force_create": "2"}, "413"),
        ({"activation_redirect": "here"}, "415"),
        ({"coupon_code": "BARGAIN"}, "109"),
        ({"coupon_code": "WELCOME"}, ""),
        ({"user": "newcomer"}, "439"),
        ({"email_address": "newcomer@example.com"}, "105"),
        ({"email_address": "newcomer@example.com", "force_create": "1"}, ""),
        ({"mobile_number": "999000000100"}, "100"),
        ({"mobile_number": "999000000101"}, "101"),
    ],
    ids=str,
)
def test_a_registration_is_refused_for_what_is_wrong_with_it(
    endpoint: Endpoint, said: dict[str, str], code: str
) -> None:
    assert endpoint.code("register", **(NEW | said), **endpoint.captcha()) == code


@pytest.mark.parametrize("name", NEW)
def test_a_registration_lacks_nothing(endpoint: Endpoint, name: str) -> None:
    codes = {parameter.name: parameter.missing for parameter in documented_calls()["register"].parameters}
    assert endpoint.code("register", **without(NEW, name), **endpoint.captcha()) == codes[name]
    assert codes["accept_terms"] == "410"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"connection_id": "x"}, "419"),
        ({"connection_id": "99"}, "419"),
        ({"connection_id": "7"}, "420"),
        ({"connection_id": "7", "ftp_password": "x" * 11}, "420"),
        ({"connection_id": "7", "ftp_password": "x" * 10}, ""),
        ({"api_description": ""}, "428"),
        ({"ip_address": "192.0.2.1,192.0.2.2"}, ""),
        ({"ip_address": "192.0.2.1,192.0.2.256"}, "422"),
        ({"Dial_prefix": "+27"}, "421"),
        ({"callback_url": "ftp://example.com/"}, "423"),
        ({"callback_url": "http://"}, "423"),
        ({"callback_type_id": "4"}, "424"),
        ({"callback_type_id": "6"}, ""),
        ({"callback_username": "x" * 65}, "425"),
        ({"callback_password": "x" * 65}, "426"),
    ],
    ids=str,
)
def test_a_connection_is_refused_for_what_is_wrong_with_it(endpoint: Endpoint, said: dict[str, str], code: str) -> None:
    assert endpoint.code("create_connection", **LOGIN, **said) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"email_address": "halfway@example.com"}, "405"),
        ({"user": "nobody"}, "405"),
        ({"user": "closed", "email_address": "closed@example.com"}, "006"),
        ({"email_address": ""}, "416"),
        ({"user": ""}, "431"),
        ({"captcha_code": "99999"}, "401"),
    ],
    ids=str,
)
def test_a_password_is_forgotten_by_its_owner_alone(endpoint: Endpoint, said: dict[str, str], code: str) -> None:
    usual = {"user": "conformance", "email_address": "conformance@example.com", **endpoint.captcha()}
    assert endpoint.code("forgot_password", **(usual | said)) == code
    assert endpoint.code("authenticate_user", **LOGIN) == ""


# The order of the guide's diagram


def test_the_token_comes_before_the_permissions_and_behind_https() -> None:
    endpoint = Endpoint(token=TOKEN)
    said = {"action": "authenticate_user", **LOGIN}
    states = (b"", b"004", b"007", b"008", b"106")
    good = [endpoint.send(f"/{TOKEN}", "", said, x_reference_state=state).findtext("Error") for state in states]
    assert good == [None, "004", "007", "008", "106"]
    bad = [endpoint.send("/other", "", said, x_reference_state=state).findtext("Error") for state in states]
    assert bad == ["005", "004", "005", "005", "005"]
    assert endpoint.code("authenticate_user", path=f"/state-007/{TOKEN}", **LOGIN) == "007"
    assert endpoint.code("authenticate_user", path=f"/{TOKEN}/authenticate_user", **LOGIN) == ""
    plain = Request.of("GET", "http", (b"/other", b"action=authenticate_user"), [], b"")
    assert b"<Error>009</Error>" in endpoint.app.answer(plain).body
    assert endpoint.code("get_list_callback", path="/other") == "", "the page does not speak of tokens"


def test_a_closed_account_is_told_before_its_activation_is(endpoint: Endpoint) -> None:
    endpoint.app.service.accounts.named("newcomer").open = False
    assert endpoint.code("authenticate_user", **NEWCOMER) == "006"
    assert endpoint.code("authenticate_user", **(NEWCOMER | {"password": "Secret124"})) == "404"


def test_activation_is_asked_for_before_parameters_are_read(endpoint: Endpoint) -> None:
    assert endpoint.code("create_connection", connection_id="x", **NEWCOMER) == "103"
    assert endpoint.code("validate_activation_sms", **LOGIN) == "108"
    assert endpoint.code("register", **NEW | {"user": ""}) == "400", "the captcha comes first"


def test_the_guides_states_are_none_of_the_pages_call(endpoint: Endpoint) -> None:
    answer = endpoint.send(f"/{TOKEN}", "", {"action": "get_list_callback"}, x_reference_state=b"106")
    assert answer.findtext("Result") == "Success"


# The page for people who test clients


def test_the_page_says_what_is_so() -> None:
    page = (Path(__file__).parents[2] / "docs/reference-endpoint.md").read_text(encoding="utf-8")
    accounts = from_the_start()
    assert re.findall(r"^\| `([a-z]+)`", page, re.MULTILINE) == [account.user for account in accounts]
    halfway = accounts[1]
    for said in (
        *(
            f"`{PASSWORD}`",
            f"({halfway.mobile})",
            f"`{SOLVES_ANY}`",
            f"`{PREPARED[0]}`",
            f"`{COUPON}`",
            ACTIVATION,
            "fifteen minutes",
        ),
        *SPECIAL_MOBILES,
    ):
        assert said in page, said
    assert (LIFE_S, SMS_ATTEMPTS, len(halfway.sms_code), len(code_of("0" * 32))) == (900, 3, 5, 5)
    assert (FAILURES_OF_AN_ACCOUNT, FAILURES_OF_AN_ADDRESS) == (2, 10)

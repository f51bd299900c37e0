"""The service behind the calls of the guide: its state, and what each call does to it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from conformance.reference.accounts import SMS_ATTEMPTS, Account, Accounts
from conformance.reference.calls import Calls, Served
from conformance.reference.captchas import Captchas

FIRST_API_ID = 3334222
COUPON = "WELCOME"
SPECIAL_MOBILES = {"999000000100": "100", "999000000101": "101"}  # blocked; not covered
SHOP = "https://www.example.com/buy_now.php?auth_id="
_CAPTCHA = frozenset({"captcha_id", "captcha_code"})
_LOGIN = frozenset({"user", "password"})


class Done(NamedTuple):
    """What came of a call: the code of an error, or Success with these texts in elements of the answer.

    message: in place of the code's usual one.
    """

    error: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    message: str = ""


@dataclass(slots=True)
class Visit:
    """One call, once it is known which: its parameters, where it comes from, when. account: whose it proved to be."""

    served: Served
    given: Mapping[str, str]
    address: str
    now: float
    account: Account = field(default_factory=lambda: Account(""))


class Service:
    """What one endpoint remembers from call to call.

    token: the only one that is good; "" for any. unknown_action: the code that an action of no call gets. The page has
    none of its own for it (999), the guide has (430).
    """

    def __init__(self, calls: Calls, token: str = "", unknown_action: str = "999") -> None:
        self.calls, self.token, self.unknown_action = calls, token, unknown_action
        self.accounts, self.captchas = Accounts(), Captchas()
        self._next_api_id = FIRST_API_ID
        self._lock = threading.Lock()

    def call(self, visit: Visit) -> Done:
        """Lets a call through its gates, one after the other, and does what it is for."""
        with self._lock:
            for gate in GATES.get(visit.served.name, (_parameters,)):
                if code := gate(self, visit):
                    return Done(code)
            return DEEDS.get(visit.served.name, _nothing)(self, visit)

    def activate(self, user: str) -> bool:
        """Confirms the e-mail address of an account, as the link in an activation e-mail does; whether there is one."""
        with self._lock:
            if account := self.accounts.named(user):
                account.email_active = True
            return account is not None

    def api_id(self) -> str:
        """A new one."""
        self._next_api_id += 1
        return str(self._next_api_id - 1)


# The gates of the guide's flow diagram. Each gives the code of an error, or "".

Gate = Callable[[Service, Visit], str]


def _captcha(service: Service, visit: Visit) -> str:
    given = visit.given
    return service.captchas.redeem(given.get("captcha_id", ""), given.get("captcha_code", ""), visit.now)


def _login(service: Service, visit: Visit) -> str:
    """A captcha, where too many logins failed; the login; whether the account is open."""
    if code := visit.served.refused(visit.given, service.calls, _LOGIN):
        return code
    user, accounts = visit.given["user"], service.accounts
    if code := accounts.lock(user, visit.address):
        # Only here, where a captcha is wanted: clients keep what they sent for an earlier call.
        code = _captcha(service, visit) if _CAPTCHA & visit.given.keys() else code
    if code:
        return code
    account = accounts.log_in(user, visit.given["password"], visit.address)
    if account is None:
        return "404"
    visit.account = account
    return "" if account.open else "006"


def _owner(service: Service, visit: Visit) -> str:
    account = service.accounts.named(visit.given["user"])
    if account is None or account.email != visit.given["email_address"]:
        return "405"
    visit.account = account
    return "" if account.open else "006"


def _parameters(service: Service, visit: Visit) -> str:
    return visit.served.refused(visit.given, service.calls, visit.served.names - _CAPTCHA)


def _email_active(_: Service, visit: Visit) -> str:
    return "" if visit.account.email_active else "103"


def _email_not_active(_: Service, visit: Visit) -> str:
    return "107" if visit.account.email_active else ""


def _sms_active(_: Service, visit: Visit) -> str:
    return "" if visit.account.sms_active else "104"


def _sms_not_active(_: Service, visit: Visit) -> str:
    return "108" if visit.account.sms_active else ""


# As the diagram has them; where it asks an account for the very activation that a call is for, the other way round.
GATES: dict[str, tuple[Gate, ...]] = {
    "register": (_captcha, _parameters),
    "forgot_password": (_captcha, _parameters, _owner),
    "buy_credits_url": (_login, _parameters, _email_active, _sms_active),
    "authenticate_user": (_login, _email_active, _parameters),
    "create_connection": (_login, _email_active, _parameters),
    "resend_email_activation": (_login, _email_not_active, _parameters),
    "sms_activation_status": (_login, _email_active, _sms_active, _parameters),
    "send_activation_sms": (_login, _email_active, _sms_not_active, _parameters),
    "validate_activation_sms": (_login, _email_active, _sms_not_active, _parameters),
}


# What a call is for.

Deed = Callable[[Service, Visit], Done]


def _nothing(_: Service, __: Visit) -> Done:
    return Done()


def _get_captcha(service: Service, visit: Visit) -> Done:
    captcha_id, image = service.captchas.make(visit.now)
    return Done(texts=(("captcha_id", captcha_id), ("captcha_image", image)))


def _register(service: Service, visit: Visit) -> Done:
    given, accounts = visit.given, service.accounts
    if given["accept_terms"] == "0":
        return Done("410")
    if accounts.named(given["user"]):
        return Done("439")
    if accounts.has_email(given["email_address"]) and given.get("force_create") != "1":
        return Done("105")
    if code := SPECIAL_MOBILES.get(given["mobile_number"]):
        return Done(code)
    if given.get("coupon_code", COUPON) != COUPON:
        return Done("109", message="Coupon Error: there is no such coupon")
    if given.get("test_mode") != "1":
        account = Account(given["user"], given["email_address"], given["mobile_number"])
        account.password = given["password"]
        accounts.add(account)
    return Done()


def _forgot_password(_: Service, visit: Visit) -> Done:
    visit.account.password = visit.account.new_password
    return Done()


def _resend_email_activation(_: Service, visit: Visit) -> Done:
    visit.account.email = visit.given.get("email_address", visit.account.email)
    return _about_the_account(_, visit)


def _about_the_account(_: Service, visit: Visit) -> Done:
    account = visit.account
    texts = {"Usernumber": account.number, "UserNumber": account.number, "Cellphone": account.mobile}
    return Done(texts=tuple(texts.items()))


def _send_activation_sms(_: Service, visit: Visit) -> Done:
    account, mobile = visit.account, visit.given.get("mobile_number", visit.account.mobile)
    if code := SPECIAL_MOBILES.get(mobile):
        return Done(code)
    if account.sms_sent >= SMS_ATTEMPTS:
        return Done("102")
    account.mobile, account.sms_sent = mobile, account.sms_sent + 1
    return Done()


def _validate_activation_sms(_: Service, visit: Visit) -> Done:
    account = visit.account
    if not account.sms_sent or visit.given["sms_activation_code"] != account.sms_code:
        return Done("418")
    account.sms_active = True
    return Done()


def _create_connection(service: Service, visit: Visit) -> Done:
    api_id = service.api_id()
    said = tuple((name, text) for name, text in visit.given.items() if name not in _LOGIN)
    visit.account.connections.append((("api_id", api_id), *said))
    return Done(texts=(("api_id", api_id),))


def _buy_credits_url(_: Service, __: Visit) -> Done:
    return Done(texts=(("buy_url", SHOP + secrets.token_hex(16)),))


DEEDS: dict[str, Deed] = {
    "get_captcha": _get_captcha,
    "register": _register,
    "forgot_password": _forgot_password,
    "authenticate_user": _about_the_account,
    "sms_activation_status": _about_the_account,
    "resend_email_activation": _resend_email_activation,
    "send_activation_sms": _send_activation_sms,
    "validate_activation_sms": _validate_activation_sms,
    "create_connection": _create_connection,
    "buy_credits_url": _buy_credits_url,
}

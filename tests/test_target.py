"""Targets: every value checked before anything is sent, in one line that names what is wrong and what is allowed."""

from __future__ import annotations

import re
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.target.configuration import find_config, read_config
from conformance.target.settings import BINDINGS
from conformance.target.target import Target, target

CONTRACT = documented()
TOKEN = "5ecre7f00dcafe5ecre7f00dcafe1234"
ENDPOINT = f"https://staging.example.com/{TOKEN}"


def made(text: str, folder: Path, **environment: str) -> Target:
    """The target that a configuration file describes: lines of [targets.staging], or a whole file."""
    if not text.lstrip().startswith("["):
        text = f"[targets.staging]\n{text}"
    file = folder / "connect-conformance.toml"
    file.write_text(text, encoding="utf-8")
    return target("staging", read_config(file)["staging"], CONTRACT, environment=environment, base=folder)


def simple(**values: Any) -> Target:
    return target("staging", {"endpoint": ENDPOINT} | values, CONTRACT, environment={})


# What is refused: the lines of a file, and words that the one line of refusal must have.
E = f'endpoint = "{ENDPOINT}"\n'
WRONG = {
    "no endpoint": ('binding = "query-xml"', "missing key `endpoint`"),
    "an empty endpoint": ('endpoint = ""', "an empty string stands at `targets.staging.endpoint`"),
    "no scheme": ('endpoint = "staging.example.com/TOKEN"', "scheme is missing"),
    "plain HTTP": (E.replace("https", "http"), "scheme is http; allowed: an absolute https URL"),
    "another scheme": (E.replace("https", "ftp"), "scheme is ftp"),
    "no host": (f'endpoint = "https:///{TOKEN}"', "host"),
    "a port that is none": (E.replace(".com", ".com:99999"), "1 to 65535"),
    "port 0": (E.replace(".com", ".com:0"), "host or port"),
    "a port in words": (E.replace(".com", ".com:https"), "1 to 65535"),
    "half an IPv6 address": (f'endpoint = "https://[::1/{TOKEN}"', "host"),
    "a space": (E.replace(TOKEN, f"{TOKEN} x"), "white space"),
    "a line break": (E.replace(TOKEN, rf"{TOKEN}\nHost: x"), "white space"),
    "a backslash": (E.replace(TOKEN, rf"\\{TOKEN}"), "backslash"),
    "a host with a forbidden character": (E.replace("staging", "sta<ging"), "host"),
    "a token in quotes": (E.replace(TOKEN, rf"\"{TOKEN}\""), 'the URL contains ", as none may; allowed: %22'),
    "a place that was not filled in": (E.replace(TOKEN, "<TOKEN>"), "the URL contains <, as none may"),
    "one in braces": (E.replace(TOKEN, "{{token}}"), "the URL contains {, as none may"),
    "one of Windows": (E.replace(TOKEN, "%TOKEN%"), "the URL contains %, as none may; allowed: %25 in its place"),
    "credentials": (E.replace("staging", f"user:{TOKEN}@staging"), "credentials stand in the URL"),
    "a fragment": (E.replace(TOKEN, f"{TOKEN}#top"), "fragment"),
    "a variable that is not closed": (E.replace(TOKEN, "${TOKEN"), "a $ begins no variable"),
    "a variable without braces": (E.replace(TOKEN, "$TOKEN"), "a $ begins no variable"),
    "an address out of range": (E + 'source_address = "999.1.1.1"', "'999.1.1.1' is no IP address"),
    "an element without a name": (E + 'error_element = "7"', "error_element: '7' is no name"),
    **{
        f"an empty {key}": (E + f'{key} = {value}', f"`targets.staging.{key}`; allowed: a value, or to leave")
        for key, value in {
            **dict.fromkeys(("http_token", "http_endpoint", "ca_file", "client_cert", "client_key", "proxy"), '""'),
            "source_address": '" "',
            "calls": "[]",
        }.items()
    },
    "an element that is markup": (E + 'description_element = "a b<"', "description_element: 'a b<' is no name"),
    "two elements of one name": (E + 'error_element = "Description"', "description_element: it is Description too"),
    "an unset variable": (E.replace(TOKEN, "${NO_TOKEN}"), "NO_TOKEN is not set"),
    "an empty variable": (E.replace(TOKEN, "${EMPTY}"), "EMPTY is empty"),
    "HTTPS for plain HTTP": (E + 'http_endpoint = "https://x.example.com/"', "http_endpoint: the scheme is https"),
    "an unknown binding": (E + 'binding = "soap"', "query-xml, form-xml, body-xml, query-params"),
    "a CA file that is not there": (E + 'ca_file = "none.pem"', "there is no file"),
    "a CA file that is none": (E + 'ca_file = "connect-conformance.toml"', "holds no certificate in PEM"),
    "a folder as CA file": (E + 'ca_file = "."', "Is a directory"),
    "a client's key without its certificate": (E + 'client_key = "key.pem"', "there is no client_cert"),
    "a client certificate that is not there": (E + 'client_cert = "none.pem"', "there is no file"),
    "a client certificate that is none": (E + 'client_cert = "connect-conformance.toml"', "no certificate in PEM"),
    "a header field twice": (E + 'headers = { "X-Env" = "a", "x-env" = "b" }', "X-Env and x-env are one header field"),
    "a zone": ('[targets.staging]\nendpoint = "https://[fe80::1%25eth0]/x"', "an IPv6 zone"),
    "an empty label": ('[targets.staging]\nendpoint = "https://a..b/x"', "no usable host"),
    "an overlong label": (f'[targets.staging]\nendpoint = "https://{"a" * 64}.test/x"', "no usable host"),
    "an overlong international label": (f'[targets.staging]\nendpoint = "https://{"ü" * 64}.test/x"', "no usable host"),
    "no time at all": (E + "timeout = 0", "timeout"),
    "too much time": (E + "timeout = 3601", "timeout"),
    "time in words": (E + 'timeout = "10"', "timeout"),
    "a tolerance below zero": (E + "clock_tolerance = -1", "clock_tolerance"),
    "a header's name": (E + 'headers = { "X Y" = "1" }', "no name of a header field"),
    "a header of HTTP's own": (E + 'headers = { "Host" = "x" }', "Host is set by the suite itself"),
    "a header with a line break": (E + 'headers = { "X-Key" = "a\\r\\nb" }', "characters that no header may carry"),
    "a header beyond ASCII": (E + 'headers = { "X-Key" = "é" }', "printable ASCII"),
    "a padded header": (E + 'headers = { "X-Key" = " a" }', "no header may carry"),
    "an unset variable in a header": (E + 'headers = { "X" = "${NO}" }', "headers.X: the environment variable NO"),
    "an unknown interpretation": (E + 'accept = ["I-99"]', "I-99 is no interpretation"),
    "one that the page decides": (
        E + 'accept = ["I-02"]',
        "I-02 is decided by the page alone; allowed: I-01",
    ),
    "a proxy of another kind": (E + 'proxy = "socks5://x:1"', "no proxy URL"),
    "a proxy of half an address": (E + 'proxy = "http://[::1"', "no proxy URL"),
    "a proxy's port that is none": (E + 'proxy = "http://x:99999"', "no proxy URL"),
    "a proxy without a host": (E + 'proxy = "http://"', "no proxy URL"),
    "a name as source address": (E + 'source_address = "eth0"', "no IP address"),
    "a body bound too small": (E + "max_body = 10", "max_body"),
    "no concurrency": (E + "concurrency = 0", "concurrency"),
    "too much concurrency": (E + "concurrency = 33", "concurrency"),
    "an unknown code": (E + '[targets.staging.states.123]\nproxy = "http://x"', "'123' is no documented error code"),
    "a state that is nothing": (E + "[targets.staging.states.004]", "nothing says how the state is reached"),
    "a state with a teardown alone": (
        E + '[targets.staging.states.004]\nteardown = ["x"]',
        "nothing says how the state is reached",
    ),
    "a state over plain HTTP": (
        E + '[targets.staging.states.004]\nendpoint = "http://x.example.com/"',
        "states.004.endpoint: the scheme is http",
    ),
    "a command that is no list": (E + '[targets.staging.states.004]\nsetup = "./on"', "setup"),
    "an unknown key": (E + 'end_point = "x"', "unknown key `end_point`"),
    "an unknown key, nearly known": (E + 'bindign = "x"', "did you mean `binding`?"),
    "an unknown key of a state": (E + '[targets.staging.states.004]\nhedaers = {}', "did you mean `headers`?"),
    "an unknown table": ("[target.staging]\n" + E, "unknown key `target`"),
    "no TOML": ("[targets.staging", "is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        made(text, tmp_path, EMPTY="")
    line = str(refused.value)
    assert says.strip() in line
    assert "\n" not in line
    assert len(line) < 600
    assert TOKEN not in line
    assert TOKEN not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("name", [name for name, (text, _) in WRONG.items() if text.startswith(E)])
def test_what_is_allowed_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        made(WRONG[name][0], tmp_path, EMPTY="")
    assert re.search(r"; allowed: \S|Expected `\w+|did you mean", str(refused.value))


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.toml: No such file"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "x.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_config(tmp_path / "x.toml")


URLS = st.one_of(st.text(max_size=30), st.text("https:/?#[]@%\\.-0129aé \t\u2100", max_size=20).map("https://".__add__))


@given(URLS, URLS, URLS)
def test_any_text_is_a_target_or_refused(endpoint: str, http_endpoint: str, proxy: str) -> None:
    config = {"endpoint": endpoint, "http_endpoint": http_endpoint, "proxy": proxy}
    for key, text in config.items():
        with suppress(ConfigError):
            assert simple(**{key: text}).shown_endpoint.startswith("https://")


# Defaults and places


def test_defaults() -> None:
    subject = simple()
    assert subject.binding == "query-xml"
    assert subject.http_endpoint.startswith("http://staging.example.com/")
    assert (subject.timeout, subject.clock_tolerance, subject.concurrency) == (10.0, 300.0, 8)
    assert subject.error_elements == ("Error", "Description")
    assert not subject.allow_hostile_requests
    assert subject.states == {}


@pytest.mark.parametrize(
    ("endpoint", "plain"),
    [
        ("https://h.example/T0KEN", "http://h.example/[token]"),
        ("https://h.example:8443/T0KEN", "http://h.example/[token]"),
        ("https://[2001:db8::1]:8443/T0KEN", "http://[2001:db8::1]/[token]"),
        ("https://h.example/api/T0KEN/get_list_callback", "http://h.example/api/[token]/get_list_callback"),
        ("https://h.example/T0KEN/?key=value", "http://h.example/[token]/?key=[redacted]"),
    ],
)
def test_plain_http_is_tried_on_port_80(endpoint: str, plain: str) -> None:
    subject = simple(endpoint=endpoint)
    assert subject.secrets.shown(subject.http_endpoint) == plain


@pytest.mark.parametrize("binding", BINDINGS)
def test_bindings(binding: str) -> None:
    assert simple(binding=binding).binding == binding


def test_an_unknown_binding_of_the_command_line_is_refused() -> None:
    with pytest.raises(ConfigError, match="binding"):
        simple(binding="soap")


def test_files_are_looked_up_from_the_configuration(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    assert made(E + 'ca_file = "ca.pem"', tmp_path).ca_file == str(tmp_path / "ca.pem")


def test_a_configuration_is_found_from_here_upwards(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    upper = tmp_path / "connect-conformance.toml"
    upper.touch()
    assert find_config(deep) == upper
    nearer = tmp_path / "a" / "connect-conformance.toml"
    nearer.mkdir()
    assert find_config(deep) == upper, "a folder of that name is none"
    nearer.rmdir()
    nearer.touch()
    assert find_config(deep) == nearer


def test_interpretations_are_accepted_once_each() -> None:
    assert simple(accept=["I-01", "I-09", "I-01"]).accept == ("I-01", "I-09")


# The environment


def test_variables_are_filled_in(tmp_path: Path) -> None:
    subject = made(
        'endpoint = "https://${HOST_OF_IT}/api/${CONNECT_TOKEN}"\nheaders = { "X-A" = "${A}" }',
        tmp_path,
        HOST_OF_IT="h.example",
        CONNECT_TOKEN=TOKEN,
        A="value-of-a",
    )
    revealed = subject.secrets.reveal(f"{subject.endpoint} {dict(subject.headers)['X-A']}".encode())
    assert revealed == f"https://h.example/api/{TOKEN} value-of-a".encode()


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        ("https://${HOST}/${TOKEN}", "https://h.example/[token]"),
        ("https://h.example:${PORT}/${TOKEN}", "https://h.example:8443/[token]"),
        ("${BASE}/${TOKEN}", "https://h.example/api/[token]"),
        ("${BASE}/${TOKEN}/get_list_callback", "https://h.example/api/[token]/get_list_callback"),
        ("${ALL}", "https://h.example/[token]"),
        ("${ALL}/get_list_callback", "https://h.example/[token]/get_list_callback"),
        ("${ALL}/v2", "https://h.example/[token]/[token]"),
        ("https://h.example/x${TOKEN}y", "https://h.example/x[token]y"),
    ],
)
def test_any_part_of_the_endpoint_can_come_from_the_environment(tmp_path: Path, endpoint: str, shown: str) -> None:
    """The token is a secret wherever it comes from; scheme, host and port are none, or nobody could connect."""
    environment = {
        "HOST": "h.example",
        "PORT": "8443",
        "BASE": "https://h.example/api",
        "TOKEN": TOKEN,
        "ALL": f"https://h.example/{TOKEN}",
    }
    subject = made(f'endpoint = "{endpoint}"', tmp_path, **environment)
    assert subject.shown_endpoint == shown
    assert TOKEN not in repr(subject)
    for name, value in environment.items():
        endpoint = endpoint.replace(f"${{{name}}}", value)
    assert subject.secrets.reveal(subject.endpoint.encode()).decode() == endpoint


def test_what_comes_from_the_environment_is_not_shown(tmp_path: Path) -> None:
    subject = made(
        'endpoint = "https://h.example/${CONNECT_TOKEN}"\nheaders = { "X-A" = "${A_KEY}" }',
        tmp_path,
        CONNECT_TOKEN=TOKEN,
        A_KEY="value-of-key",
    )
    assert subject.shown_endpoint == "https://h.example/[token]"
    assert [subject.secrets.shown(value) for _, value in subject.headers] == ["[redacted]"]
    for text in (repr(subject), str(subject), f"{subject.headers}"):
        assert TOKEN[:8] not in text
        assert "value-of-key" not in text


# Secrets


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        (f"https://h.example/{TOKEN}", "https://h.example/[token]"),
        (f"https://h.example/{TOKEN}/", "https://h.example/[token]/"),
        (f"https://h.example/{TOKEN}/get_list_callback", "https://h.example/[token]/get_list_callback"),
        (f"https://h.example/api/v1/{TOKEN}", "https://h.example/api/v1/[token]"),
        ("https://h.example/short", "https://h.example/[token]"),
        (f"https://h.example/api?token={TOKEN}&x", "https://h.example/[token]?token=[redacted]&x"),
        ("https://h.example/", "https://h.example/"),
        ("https://h.example", "https://h.example"),
    ],
)
def test_a_token_written_out_is_hidden_too(endpoint: str, shown: str) -> None:
    subject = simple(endpoint=endpoint)
    assert subject.shown_endpoint == shown
    assert subject.secrets.reveal(subject.endpoint.encode()) == endpoint.encode()
    assert TOKEN not in repr(subject)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Client-Secret",
        "X-Session",
    ],
)
def test_headers_named_like_a_secret_are_one(name: str) -> None:
    subject = simple(headers={name: f"Bearer {TOKEN}"})
    assert subject.secrets.shown(dict(subject.headers)[name]) == "[redacted]"
    assert TOKEN not in repr(subject)
    assert subject.secrets.reveal(dict(subject.headers)[name].encode()) == f"Bearer {TOKEN}".encode()


def test_other_headers_are_shown() -> None:
    assert simple(headers={"X-Env": "staging"}).headers == (("X-Env", "staging"),)


def test_credentials_of_a_proxy_are_hidden() -> None:
    subject = simple(proxy="http://user:pa55word-of-7@proxy.example:3128")
    assert "proxy.example:3128" in subject.proxy
    assert "pa55word" not in repr(subject)
    assert subject.secrets.shown(subject.proxy) == "http://[redacted]@proxy.example:3128"
    assert (
        subject.secrets.redact("said user:pa55word-of-7 and dXNlcjpwYTU1d29yZC1vZi03")
        == "said [redacted] and [redacted]"
    )


def test_credentials_of_a_proxy_stay_in_their_place() -> None:
    """A user name that stands in the scheme or the host as well."""
    subject = simple(proxy="http://t:t@t.example:3128")
    assert subject.secrets.shown(subject.proxy) == "http://[redacted]@t.example:3128"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('http_token = "a/b"', "http_token: it has characters that no segment"),
        ('http_token = "a b"', "http_token: it has characters"),
        ('http_token = "a%2"', "http_token: it has characters"),
        ('http_token = "${NO_TOKEN}"', "NO_TOKEN is not set"),
        (
            'secrets = ["abc"]',
            "secrets: the value of number 1 is too short to be looked for; allowed: values of 4",
        ),
        ('secrets = "abcdef"', "secrets"),
    ],
)
def test_a_setting_of_secrets_that_is_wrong_is_not_quoted(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        made(E + text, tmp_path)
    assert says in str(refused.value)
    assert "abcdef" not in str(refused.value)


def test_commands_hold_placeholders_for_their_secrets(tmp_path: Path) -> None:
    state = """
    [targets.staging.states.007]
    setup = ["env", "--key=${ADMIN_TOKEN}", "${WHO}"]
    """
    subject = made(E + state, tmp_path, ADMIN_TOKEN="adm1n-4711", WHO="me-myself")
    words = subject.states["007"].setup
    assert "adm1n-4711" not in repr(subject)
    assert [subject.secrets.reveal(w.encode()) for w in words] == [
        b"env",
        b"--key=adm1n-4711",
        b"me-myself",
    ]
    assert subject.secrets.redact("said adm1n-4711 to me-myself") == "said [redacted] to me-myself"


def test_places_are_named_and_values_are_not(tmp_path: Path) -> None:
    text = """
    endpoint = "https://h.example/${STAGE}/${CONNECT_TOKEN}?api_key=k-4711-k&format=xml"
    headers = { "X-Api-Key" = "${PARTNER_KEY}", Accept = "${ACCEPT}" }
    proxy = "http://user:pa55word-of-7@proxy.example:3128"
    http_token = "throw-away-1"
    secrets = ["${OTHER}"]
    [targets.staging.states.007]
    setup = ["env", "${ADMIN_TOKEN}"]
    """
    environment = {
        "STAGE": "prod",
        "CONNECT_TOKEN": TOKEN,
        "PARTNER_KEY": "partner-key-1",
        "ACCEPT": "text/xml",
    }
    subject = made(text, tmp_path, OTHER="other-thing", ADMIN_TOKEN="adm1n-4711", **environment)
    assert list(subject.secrets.places) == [
        "the token in the path of endpoint",
        "api_key in the query of endpoint",
        "secrets",
        "headers.X-Api-Key",
        "user and password of proxy",
        "${ADMIN_TOKEN} in states.007.setup",
        "http_token",
    ]
    assert all(subject.secrets.places.values())
    assert subject.shown_endpoint == "https://h.example/prod/[token]?api_key=[redacted]&format=xml"
    assert dict(subject.headers)["Accept"] == "text/xml"
    assert subject.secrets.shown(subject.http_token) == "[token]"


# States


def test_a_state_is_made_of_whatever_reaches_it(tmp_path: Path) -> None:
    subject = made(
        E
        + f"""
        [targets.staging.states.004]
        endpoint = "https://staging.example.com/blocked/{TOKEN}"
        headers = {{ "X-Test-State" = "ip-blocked", "X-Key" = "{TOKEN}" }}
        source_address = "192.0.2.7"
        proxy = "http://proxy.example:3128"
        setup = ["echo", "${{WHO}}"]
        teardown = ["echo", "off"]
        timeout = 5
        [targets.staging.states.009]
        endpoint = "http://other.example.com/"
        """,
        tmp_path,
        WHO="me",
    )
    state = subject.states["004"]
    assert state.code == "004"
    assert subject.secrets.shown(state.endpoint) == "https://staging.example.com/blocked/[token]"
    assert [(n, subject.secrets.shown(v)) for n, v in state.headers] == [
        ("X-Test-State", "ip-blocked"),
        ("X-Key", "[token]"),
    ]
    assert (state.source_address, state.proxy) == ("192.0.2.7", "http://proxy.example:3128")
    assert (state.setup, state.teardown, state.timeout) == (("echo", "me"), ("echo", "off"), 5.0)
    assert subject.states["009"].endpoint == "http://other.example.com/"
    assert TOKEN not in repr(subject)


@pytest.mark.parametrize("address", ["192.0.2.7", "::1", "2001:db8::7", "fe80::1%eth0"])
def test_source_addresses(address: str) -> None:
    assert simple(source_address=address).source_address == address

"""Whole secrets are found in every writing that the suite knows, replaced or withheld, and never seen where none is."""

from __future__ import annotations

import base64
import html
import json
import re
import string
import subprocess
import time
import traceback
from collections.abc import Callable
from random import Random
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.contract.load import documented
from conformance.target.secrets import REDACTED, TOKEN, Secrets

HEX = "0123456789abcdef0123456789abcdef"
TOKENS = st.one_of(
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text(string.ascii_letters + string.digits + "-_.~", min_size=8, max_size=40),
).filter(lambda token: keep(token).leaks(token.encode()))
AROUND = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)

# Writings that leave the text around them as it was, and those that have the whole text or body withheld.
REPLACED: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "upper case": str.upper,
    "lower case": str.lower,
    "percent-encoded": lambda s: "".join(f"%{ord(c):02x}" for c in s),
    "percent-encoded in part": lambda s: "".join(f"%{ord(c):02X}" if n % 3 else c for n, c in enumerate(s)),
    "percent-encoded twice": lambda s: quote("".join(f"%{ord(c):02X}" for c in s)),
}
WITHHELD: dict[str, Callable[[str], str]] = {
    "decimal references": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "hexadecimal references": lambda s: "".join(f"&#x{ord(c):04X};" for c in s),
    "references in part": lambda s: "".join(f"&#{ord(c)};" if n % 2 else c for n, c in enumerate(s)),
    "references, escaped again": lambda s: html.escape("".join(f"&#{ord(c)};" for c in s)),
    "JSON escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "braced escapes": lambda s: "".join(f"\\u{{{ord(c):x}}}" for c in s),
    "C escapes": lambda s: "".join(f"\\x{ord(c):02X}" for c in s),
    "octal escapes": lambda s: "".join(f"\\{ord(c):03o}" for c in s),
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal, upper case": lambda s: s.encode().hex().upper(),
    "hexadecimal, colons": lambda s: s.encode().hex(":"),
    "hexadecimal, spaces": lambda s: s.encode().hex(" ").upper(),
    "hexadecimal, dashes in fours": lambda s: s.encode().hex("-", 4),
    "hexadecimal, 0x": lambda s: ", ".join(f"0x{ord(c):02x}" for c in s),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 of a pair": lambda s: base64.b64encode(f"user:{s}:x".encode()).decode(),
    "base64, wrapped": lambda s: re.sub("(.{10})", r"\1\n", base64.b64encode(f"x{s}".encode()).decode()),
    "base64, for URLs": lambda s: base64.urlsafe_b64encode(f"\xff{s}".encode("latin-1")).decode().rstrip("="),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "base32, lower case": lambda s: base64.b32encode(f"abc{s}".encode()).decode().lower().rstrip("="),
}
WRITINGS = REPLACED | WITHHELD


def keep(*values: str) -> Secrets:
    secrets = Secrets()
    for value in values:
        secrets.hide(value, TOKEN)
    return secrets


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS)
@given(token=TOKENS, before=AROUND, after=AROUND)
def test_every_writing_is_found_and_taken_out(
    writing: Callable[[str], str], token: str, before: str, after: str
) -> None:
    secrets = keep(token)
    text = f"{before}|{writing(token)}|{after}"
    assert secrets.leaks(text.encode())
    redacted = secrets.redact(text)
    assert not secrets.leaks(redacted.encode())
    assert TOKEN in redacted


@pytest.mark.parametrize("writing", REPLACED.values(), ids=REPLACED)
def test_what_stands_around_a_plain_writing_is_kept(writing: Callable[[str], str]) -> None:
    for token in (HEX, "aGVsbG8%2Bd29ybGQ%3D%3D", "Words-with-dashes_42", "käse/tökén"):
        body = f"<a>né {writing(token)} né</a>".encode()
        if token.isascii() or writing in {REPLACED["plain"], REPLACED["lower case"]}:
            assert keep(token).redact_bytes(body) == "<a>né [token] né</a>".encode()


@pytest.mark.parametrize("writing", WITHHELD.values(), ids=WITHHELD)
def test_a_body_with_a_coded_writing_is_withheld(writing: Callable[[str], str]) -> None:
    assert keep(HEX).redact_bytes(f"<a>{writing(HEX)}</a>".encode()) is None
    assert keep(HEX).redact(f"it said {writing(HEX)}!") == TOKEN, "of a text, no more than a label stays"


@pytest.mark.parametrize(
    "codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp037", "iso2022_jp", "utf-7"]
)
@given(token=TOKENS)
def test_a_body_in_another_encoding_is_withheld(codec: str, token: str) -> None:
    between = b"\x1b(B" if codec == "iso2022_jp" else b""
    body = between.join(letter.encode(codec) for letter in f"<a>{token}</a>")
    if token in body.decode(codec):  # else a byte order mark stands between any two letters
        assert keep(token).redact_bytes(body, codec) is None or token.encode() in body


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "latin-1", "cp1252"])
def test_what_is_written_in_ascii_is_replaced_in_any_encoding_that_has_it(codec: str) -> None:
    body = f"<a>é{HEX}é</a>".encode(codec)
    redacted = keep(HEX).redact_bytes(body, codec)
    assert redacted is not None
    assert redacted.decode(codec.removesuffix("-sig")).removeprefix("\ufeff") == "<a>é[token]é</a>"


@given(AROUND)
def test_text_without_a_secret_is_left_alone(text: str) -> None:
    assert keep(HEX).redact(text) == text
    assert keep(HEX).redact_bytes(text.encode()) == text.encode()


@given(token=TOKENS, size=st.integers(1, 31))
@example(token=HEX, size=31)
def test_a_part_of_a_secret_is_none(token: str, size: int) -> None:
    """Judged and shown as it is: eight digits of a token are somebody's order number."""
    part = token[: min(size, len(token) - 1)]
    if token.lower() not in (part * 3).lower():
        assert keep(token).redact(part) == part


def test_a_secret_that_looks_like_an_escape_is_found_as_it_is() -> None:
    secret = "K3y/with+signs=&<>%41-end"
    for text in (
        secret,
        f"cannot: {secret}!",
        quote(secret, safe=""),
        html.escape(secret),
        json.dumps(secret + '"/'),
    ):
        assert keep(secret).leaks(text.encode())
        assert not keep(secret).leaks(keep(secret).redact(text).encode())


@given(token=TOKENS, before=AROUND, after=AROUND)
def test_redacting_twice_is_redacting_once(token: str, before: str, after: str) -> None:
    secrets = keep(token)
    once = secrets.redact(before + token + after)
    assert secrets.redact(once) == once


def test_several_secrets_are_told_apart_and_the_longest_goes_first() -> None:
    secrets = keep(HEX)
    secrets.hide("pa55word-of-7", REDACTED)
    secrets.hide("user:pa55word-of-7", REDACTED)
    assert secrets.redact(f"{HEX} and user:pa55word-of-7") == "[token] and [redacted]"


@pytest.mark.parametrize(
    ("token", "echoed"),
    [
        ("tok%2Fen%2F12%2F34", "tok/en/12/34"),
        ("qa+71+zz+93+km", "qa 71 zz 93 km"),
        ("a%c3%a9b-1234-5", "aéb-1234-5"),
        ("t%C3%B6k%C3%A9n-1", "TÖKÉN-1"),
        ("two words here", "two+words+here"),
    ],
)
def test_a_token_is_found_as_the_endpoint_decodes_it(token: str, echoed: str) -> None:
    secrets = keep(token)
    for text in (echoed.encode(), echoed.encode("latin-1"), f"<a>{echoed}</a>".encode()):
        assert secrets.leaks(text)
    assert not secrets.leaks(secrets.redact_bytes(f"<a>{echoed}</a>".encode()) or b"")


@pytest.mark.parametrize("secret", ["abc", "7", "Connect", "callback", "get_list_callback", "text/html", "HTTP GET"])
def test_what_is_too_short_or_a_usual_word_is_not_looked_for(secret: str) -> None:
    secrets = keep(secret)
    assert not secrets.leaks(f"it says {secret}".encode())
    assert secrets.redact(f"it says {secret}") == f"it says {secret}"
    secrets.hide(secret, place="somewhere")
    assert secrets.places == {"somewhere": False}


@pytest.mark.parametrize("token", ["get_list_callback-77aa", "clickatellsdk2012", "clickatell-demo-token"])
def test_words_of_the_contract_in_a_token_give_nothing_away(token: str) -> None:
    secrets = keep(token)
    for document in (documented().call.request_sample, documented().call.response_sample):
        sent = document.read_bytes()
        assert not secrets.leaks(sent)
        assert not any(secrets.leaks(base64.b64encode(b" " * n + sent)) for n in range(3))
    assert secrets.leaks(token.encode())
    assert secrets.leaks(base64.b64encode(token.encode()))


@pytest.mark.parametrize("writing", WRITINGS.values(), ids=WRITINGS)
def test_a_body_that_was_cut_within_a_secret_shows_none_of_it(writing: Callable[[str], str]) -> None:
    token = "q7Zr-4711-xW_93.kfe0-tzB8"
    said = writing(token)
    for size in range(40, len(said) - 1, 3):
        body = (f"<a>{'.' * 50}</a>" + said)[: 57 + size]
        shown = keep(token).redact_bytes(body.encode())
        shown = None if shown is None else keep(token).trimmed(shown)
        assert shown is None or len(shown) < 57 + 10


def test_a_body_that_was_cut_elsewhere_is_kept() -> None:
    assert keep(HEX).trimmed(b"<a>nothing of it") == b"<a>nothing of it"
    assert keep(HEX).trimmed(b"<a>it begins 0123456789ab") == b"<a>it begins "


def test_megabytes_take_no_time() -> None:
    """A token that fills an answer, 200,000 nested elements, escapes throughout."""
    secrets = keep(HEX, "pa55word-of-7", "another-0ne-of-them")
    began = time.process_time()
    filled = secrets.redact_bytes(HEX.encode() * 60_000)
    nested = b"<a>" * 200_000 + b"</a>" * 200_000
    escaped = b"&#x41;%41" * 200_000
    assert filled == b"[token]" * 60_000
    assert secrets.redact_bytes(nested) == nested
    assert secrets.redact_bytes(escaped) == escaped
    assert time.process_time() - began < 5, "it takes half a second; a minute is what it must not take"


# Placeholders


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=12, unique=True))
def test_a_placeholder_stands_for_its_secret(values: list[str]) -> None:
    secrets = Secrets()
    held = [secrets.hide(value, f"[{n}]") for n, value in enumerate(values)]
    assert [secrets.reveal(f"/{p}/".encode()) for p in held] == [f"/{v}/".encode() for v in values]
    assert [secrets.shown(f"/{p}/") for p in held] == [f"/[{n}]/" for n in range(len(values))]
    assert [secrets.hide(value) for value in values] == held
    assert all(secrets.is_secret(f"x{p}x") for p in held)
    assert all(re.fullmatch("[a-z0-9-]+", p) for p in held), "safe in a path, a query and a header"


def test_what_is_no_placeholder_is_no_secret() -> None:
    assert not keep(HEX).is_secret("/path")
    assert keep(HEX).shown("/secret-9-of-the-target") == "/secret-9-of-the-target"
    assert keep(HEX).reveal(b"/secret-9-of-the-target") == b"/secret-9-of-the-target"


def test_a_shell_has_secrets_from_its_environment() -> None:
    secrets = Secrets()
    one = secrets.hide("it's 1", shell=secrets.variable("X-Api-Key"))
    two = secrets.hide("it's 2", shell=secrets.variable("x.api.key"))
    own = secrets.hide("it's 3", shell=secrets.variable("myToken", own=True))
    line = f"printf '%s\\n' {secrets.shell(f'a b/{one}?{two}')} {secrets.shell(own)}"
    assert line.endswith("""'a b/'"$X_API_KEY"?"$X_API_KEY_2" "$myToken\"""") or "$X_API_KEY_2" in line
    environment = {"X_API_KEY": "it's 1", "X_API_KEY_2": "it's 2", "myToken": "it's 3"}
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["a b/it's 1?it's 2", "it's 3"]


def test_nothing_shows_a_secret() -> None:
    secrets = keep(HEX)
    try:
        raise ValueError(secrets)
    except ValueError:
        trace = traceback.format_exc()
    for text in (repr(secrets), str(secrets), f"{secrets}", trace, repr(list(secrets._held.values()))):
        assert HEX[:8] not in text


# A token in another's place

SHAPED = [
    HEX,
    "1700000000",
    "aGVsbG8%2Bd29ybGQ%3D%3D",
    "t%C3%B6k%C3%A9n",
    "%61%62%63",
    "4a1B-g9z_~.Q",
    "%e2%82%ac%F0%9F%98%80",
]


@pytest.mark.parametrize("token", [*SHAPED, "---", "%2F%2B", "7"])
def test_a_stand_in_has_the_shape_and_is_another(token: str) -> None:
    secrets = Secrets()
    placeholder = secrets.hide(token, TOKEN)
    made = [secrets.stand_in(placeholder, Random(seed)) for seed in range(30)]
    assert len(set(made)) > 1
    for stand_in in made:
        assert stand_in.lower() != token.lower()
        assert stand_in.isascii()
        assert not re.search("%(?![0-9A-Fa-f]{2})", stand_in)
        unquote(stand_in, errors="strict")
    if token in SHAPED:
        assert {len(stand_in) for stand_in in made} == {len(token)}
        assert {len(unquote(stand_in)) for stand_in in made} == {len(unquote(token))}


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="%/?#"), min_size=1, max_size=20),
    st.integers(0, 99),
)
def test_any_token_has_a_legal_stand_in(token: str, seed: int) -> None:
    secrets = Secrets()
    sent = quote(token)
    stand_in = secrets.stand_in(secrets.hide(sent, TOKEN), Random(seed))
    assert stand_in.lower() != sent.lower()
    assert re.fullmatch("(?:[!-$&-~]|%[0-9A-Fa-f]{2})+", stand_in)
    unquote(stand_in, errors="strict")

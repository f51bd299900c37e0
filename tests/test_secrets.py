"""No piece of a secret that tells anything survives, in whatever encoding it comes back."""

from __future__ import annotations

import base64
import html
import json
import re
import string
import traceback
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.contract.load import documented
from conformance.target.secrets import REDACTED, TOKEN, Secrets

HEX = "0123456789abcdef0123456789abcdef"


def runs(secret: str) -> set[str]:
    """Runs of eight characters; runs of plain letters are words, and tell nobody the token."""
    lower = secret.lower()
    found = {lower[i : i + 8] for i in range(len(lower) - 7)}
    return {run for run in found if not re.fullmatch("[a-z_]+", run)}


TOKENS = st.one_of(
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.text(string.ascii_letters + string.digits + "-_.~", min_size=12, max_size=40),
).filter(lambda token: runs(token) and len(set(token)) > 3)
AROUND = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "upper case": str.upper,
    "percent-encoded": lambda s: "".join(f"%{ord(c):02x}" for c in s),
    "percent-encoded in part": lambda s: "".join(f"%{ord(c):02X}" if n % 3 else c for n, c in enumerate(s)),
    "percent-encoded twice": lambda s: quote("".join(f"%{ord(c):02X}" for c in s)),
    "decimal references": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "hexadecimal references": lambda s: "".join(f"&#x{ord(c):04X};" for c in s),
    "references, escaped again": lambda s: html.escape("".join(f"&#{ord(c)};" for c in s)),
    "JSON escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "C escapes": lambda s: "".join(f"\\x{ord(c):02X}" for c in s),
    "hexadecimal": lambda s: s.encode().hex(),
    "its first half": lambda s: s[: max(8, len(s) // 2)],
    "its second half": lambda s: s[-max(8, len(s) // 2) :],
}


def readings(text: str) -> set[str]:
    """What a reader could make of a text."""
    found = {
        text,
        unquote(text),
        unquote(unquote(text)),
        html.unescape(text),
        html.unescape(html.unescape(text)),
    }
    found.add(re.sub(r"\\u00(..)|\\x(..)", lambda m: chr(int(m[1] or m[2], 16)), text))
    found |= {
        bytes.fromhex(word[start : start + (len(word) - start) // 2 * 2]).decode("latin-1")
        for word in re.findall("[0-9a-f]{16,}", text.lower())
        for start in (0, 1)
    }
    return {reading.lower() for reading in found}


def keep(token: str) -> Secrets:
    secrets = Secrets()
    secrets.hide(token, TOKEN)
    return secrets


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@given(token=TOKENS, before=AROUND, after=AROUND)
def test_no_run_of_the_token_survives(
    spelling: Callable[[str], str], token: str, before: str, after: str
) -> None:
    secrets = keep(token)
    text = f"{before}|{spelling(token)}|{after}"
    assert not [run for reading in readings(secrets.redact(text)) for run in runs(token) if run in reading]


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@given(token=TOKENS)
def test_the_guard_sees_what_redaction_takes_out(spelling: Callable[[str], str], token: str) -> None:
    secrets = keep(token)
    text = f"<a>{spelling(token)}</a>"
    told = any(run in reading for reading in readings(text) for run in runs(token))
    assert secrets.leaks(text.encode()) or not told, "half a token may be a plain word"
    assert not secrets.leaks(secrets.redact(text).encode())


@given(token=TOKENS, lead=st.binary(max_size=7), tail=st.binary(max_size=7), urlsafe=st.booleans())
@example(token="11111111111111111502", lead=b"", tail=b"", urlsafe=False).via(
    "its base64 reads as letters elsewhere"
)
def test_no_run_survives_in_base64(token: str, lead: bytes, tail: bytes, urlsafe: bool) -> None:
    """At any alignment: a basic Authorization header echoed, for example."""
    secrets = keep(token)
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    shown = secrets.redact(f"Authorization: Basic {encode(lead + token.encode() + tail).decode()}")
    for word in re.findall(r"[A-Za-z0-9+/_-]{4,}", shown):
        for start in range(4):
            piece = word[start:].replace("-", "+").replace("_", "/")
            read = base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1").lower()
            assert not any(run in read for run in runs(token))


CODECS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "latin-1",
    "cp1252",
]


@pytest.mark.parametrize("codec", CODECS)
@given(token=TOKENS)
def test_no_run_survives_in_a_body(codec: str, token: str) -> None:
    secrets = keep(token)
    body = f"<a>é{token}é</a>".encode(codec)
    redacted = secrets.redact_bytes(body)
    narrow = redacted.replace(b"\0", b"").decode("latin-1").lower()
    assert not any(run in narrow for run in runs(token))
    assert not secrets.leaks(redacted)
    assert secrets.leaks(body)


@pytest.mark.parametrize(("codec", "between"), [("cp037", b""), ("iso2022_jp", b"\x1b(B")])
@given(token=TOKENS)
def test_no_run_survives_where_only_decoding_shows_it(codec: str, between: bytes, token: str) -> None:
    """EBCDIC has bytes of its own for ASCII; ISO 2022 may name a character set between any two letters."""
    secrets = keep(token)
    body = between.join(letter.encode(codec) for letter in f"<a>{token}</a>")
    assert token in body.decode(codec)
    shown = secrets.redact_bytes(body, codec).decode(codec)
    assert not any(run in shown.lower() for run in runs(token))
    assert "[token]" in shown


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "latin-1"])
def test_what_stands_around_it_is_kept(codec: str) -> None:
    body = f"<a>né {HEX} né</a>".encode(codec)
    assert keep(HEX).redact_bytes(body).decode(codec) == "<a>né [token] né</a>"


@given(AROUND)
def test_text_without_a_trace_is_left_alone(text: str) -> None:
    assert keep(HEX).redact(text) == text
    assert keep(HEX).redact_bytes(text.encode()) == text.encode()


@given(st.binary(max_size=100))
def test_bytes_without_a_trace_are_left_alone(data: bytes) -> None:
    assert keep(HEX).redact_bytes(data) == data


def test_a_secret_that_looks_like_an_escape_is_found_as_it_is() -> None:
    secret = "K3y/with+signs=&<>%41-end"
    for text in (secret, f"cannot: {secret}!", quote(secret, safe=""), secret.replace("&", "&amp;")):
        assert not keep(secret).leaks(keep(secret).redact(text).encode())


@given(token=TOKENS, before=AROUND, after=AROUND)
def test_redacting_twice_is_redacting_once(token: str, before: str, after: str) -> None:
    secrets = keep(token)
    once = secrets.redact(before + token + after)
    assert secrets.redact(once) == once


def test_a_cut_token_is_taken_out_from_eight_characters_on() -> None:
    assert keep(HEX).redact(f"at {HEX[:8]}...") == "at [token]..."
    assert keep(HEX).redact(f"at {HEX[:7]}...") == f"at {HEX[:7]}..."


def test_plain_words_are_not_looked_for() -> None:
    """A header value of `staging` must not turn every `staging` into asterisks."""
    secrets = Secrets()
    for word in ("staging", "Basic", "test"):
        secrets.hide(word)
    assert secrets.redact("Basic staging test") == "Basic staging test"


def test_several_secrets_are_told_apart() -> None:
    secrets = keep(HEX)
    secrets.hide("pa55word-of-7", REDACTED)
    assert secrets.redact(f"{HEX} and pa55word-of-7") == "[token] and [redacted]"


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
    assert keep(HEX).shown("/path") == "/path"
    assert keep(HEX).reveal(b"/path") == b"/path"


def test_nothing_shows_a_secret() -> None:
    secrets = keep(HEX)
    try:
        raise ValueError(secrets)
    except ValueError:
        trace = traceback.format_exc()
    for text in (
        repr(secrets),
        str(secrets),
        f"{secrets}",
        trace,
        repr([secrets]),
        json.dumps(repr(secrets)),
    ):
        assert HEX[:8] not in text


@pytest.mark.parametrize(
    ("token", "echoed"),
    [
        ("tok%2Fen%2F12%2F34", "tok/en/12/34"),
        ("qa+71+zz+93+km", "qa 71 zz 93 km"),
        ("a%c3%a9b-1234-5", "aéb-1234-5"),
    ],
)
def test_a_token_is_found_as_the_endpoint_decodes_it(token: str, echoed: str) -> None:
    secrets = Secrets()
    secrets.hide(token, TOKEN)
    text = f"<Action>{echoed}</Action>"
    assert secrets.leaks(text.encode())
    redacted = secrets.redact_bytes(text.encode())
    assert not secrets.leaks(redacted)
    assert b"[token]" in redacted


@pytest.mark.parametrize("token", ["get_list_callback-77aa", "clickatellsdk2012", "clickatell-demo-token"])
def test_words_of_the_contract_in_a_token_give_nothing_away(token: str) -> None:
    secrets = Secrets()
    secrets.hide(token, TOKEN)
    for document in (documented().call.request_sample, documented().call.response_sample):
        sent = document.read_bytes()
        assert not secrets.leaks(sent)
        assert not any(secrets.leaks(base64.b64encode(b" " * n + sent)) for n in range(3))
    assert secrets.leaks(token.encode())
    assert secrets.leaks(base64.b64encode(token.encode()))


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("before", [(1 << 20) - 9, (1 << 20) + 1, (2 << 20) - 40])
def test_the_guard_looks_across_the_pieces_that_it_reads(before: int, spelling: Callable[[str], str]) -> None:
    said = spelling(HEX).encode()
    assert keep(HEX).leaks(b" " * before + said)
    assert not keep(HEX).leaks(b" " * before)

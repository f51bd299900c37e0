"""An endpoint that means well: what a hostile behaviour departs from, and the pieces it is made of."""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

from .registry import Step

if TYPE_CHECKING:
    from .stage import Ask

PAIRS = (
    ("0", "HTTP GET"),
    ("1", "HTTP POST"),
    ("2", "XML POST"),
    ("3", "XML GET"),
    ("5", "SOAP GET"),
    ("6", "SOAP POST"),
)
ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
_REQUEST: list[tuple[str, dict[str, str], str]] = [
    ("clickatellsdk", {}, ""),
    ("action", {}, "get_list_callback"),
]


def answer(ask: "Ask") -> Iterator[Step]:
    """The documented answer, or a documented error."""
    yield http(body(ask))


def body(ask: "Ask") -> bytes:
    if not ask.secure:
        return error("009", ERRORS["009"])
    state = ask.header("X-Test-State")
    if state in ERRORS:
        return error(state, ERRORS[state])
    return success() if _is_documented(ask) else error("999", ERRORS["999"])


def _is_documented(ask: "Ask") -> bool:
    """Whether it is the documented request, in any binding, and nothing else."""
    query = dict(_pairs(ask.target.partition("?")[2].encode("latin-1")))
    if query == {b"action": b"get_list_callback"}:
        return True
    document = query.get(b"XML") or dict(_pairs(ask.body)).get(b"XML") or ask.body
    if b"<!DOCTYPE" in document:
        return False
    try:
        elements = list(ElementTree.fromstring(document).iter())
    except (ElementTree.ParseError, LookupError, ValueError):
        return False
    texts = "".join(e.tail or "" for e in elements).strip()
    return not texts and [(e.tag, e.attrib, (e.text or "").strip()) for e in elements] == _REQUEST


def _pairs(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for part in data.split(b"&"):
        name, _, value = part.partition(b"=")
        yield name, unquote_to_bytes(value.replace(b"+", b" "))


def success(*, pairs: Iterable[tuple[str, str]] = PAIRS, action: str = "get_list_callback", **other: str) -> bytes:
    """A success envelope; `result`, `timestamp`, `before`, `after` and `root` may differ."""
    values = "".join(
        f"<Value><callback_type_id>{number}</callback_type_id><callback_type>{kind}</callback_type></Value>"
        for number, kind in pairs
    )
    return envelope(f"<Values>{values}</Values>", action=action, **other)


def error(code: str, message: str, **other: str) -> bytes:
    pair = f"<Error>{code}</Error><Description>{message}</Description>"
    return envelope(pair, **{"result": "Error", **other})


def envelope(
    inside: str,
    *,
    action: str = "get_list_callback",
    result: str = "Success",
    timestamp: str | None = None,
    prolog: str = '<?xml version="1.0"?>\n',
    attributes: str = "",
    after: str = "",
) -> bytes:
    stamp = str(int(time.time())) if timestamp is None else timestamp
    return (
        f"{prolog}<ClICKATELLSDK{attributes}><Action>{action}</Action><Result>{result}</Result>"
        f"{inside}<Timestamp>{stamp}</Timestamp>{after}</ClICKATELLSDK>\n"
    ).encode()


def head(
    *headers: bytes | str,
    status: bytes | str = b"200 OK",
    kind: bytes | str | None = b"text/xml; charset=utf-8",
) -> bytes:
    """A status line and headers, and the empty line that ends them."""
    lines = [b"HTTP/1.1 " + _raw(status)]
    if kind is not None:
        lines.append(b"Content-Type: " + _raw(kind))
    return b"\r\n".join([*lines, *map(_raw, headers), b"", b""])


def http(
    content: bytes,
    *headers: bytes | str,
    status: bytes | str = b"200 OK",
    kind: bytes | str | None = b"text/xml; charset=utf-8",
) -> bytes:
    """A whole answer with an honest length."""
    return head(f"Content-Length: {len(content)}", *headers, status=status, kind=kind) + content


def chunked(pieces: Iterable[bytes], end: bytes = b"0\r\n\r\n") -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield end


def drip(data: bytes, every: float = 1.0) -> Iterator[Step]:
    """A byte, a pause, a byte, a pause."""
    for place in range(len(data)):
        yield data[place : place + 1]
        yield every


def _raw(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")

"""Reads a request: over which binding it came, and which action it asks for (interpretation I-06)."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LIMIT = 64 * 1024  # of request target and body together; the documented request has 72 bytes
FIELDS = 32

ROOT = "clickatellsdk"
ROOTS = (ROOT, "CLICKATELLSDK")  # the guide prints the second for some of its calls
ACTION_ELEMENTS = ("action", "Action")  # the page prints the first, public clients of 2012 also send the second
DOCUMENT_FIELDS = ("XML", "xml")
ACTION_FIELDS = ("action", "Action")
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # of byte order: UTF-8, UTF-16
WHITE_SPACE = " \t\r\n"  # XML 1.0, production [3]; str.strip() alone would take more


class UnusableError(Exception):
    """The request is not one that the page documents."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as the listener saw it."""

    method: str
    scheme: str  # of the listener, never of a header
    path: str  # as sent: percent-encoded, without the query
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client: tuple[str, int] | None
    http_version: str = "1.1"
    oversized: bool = False

    @classmethod
    def of(
        cls,
        method: str,
        scheme: str,
        target: tuple[bytes, bytes],
        headers: Iterable[tuple[bytes, bytes]],
        body: bytes,
        *,
        client: tuple[str, int] | None = None,
        http_version: str = "1.1",
    ) -> Self:
        """From what a listener read; the target is path and query."""
        return cls(
            method,
            scheme,
            path=target[0].decode("latin-1"),
            query=target[1].decode("latin-1"),
            headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers),
            body=body[:LIMIT],
            client=client,
            http_version=http_version,
            oversized=len(body) + len(target[0]) + len(target[1]) > LIMIT,
        )

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def target(self) -> str:
        """Path and query as one."""
        return f"{self.path}?{self.query}" if self.query else self.path


class Asked(NamedTuple):
    """What a request asks for. Without an action it is unusable."""

    binding: str  # query-xml, form-xml, body-xml, query-params or none
    action: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()  # beside the action, each once


class Named(NamedTuple):
    """The action of a request, its other parameters, and its root."""

    action: str
    others: tuple[tuple[str, str], ...] = ()
    root: str = ROOT


class Document(NamedTuple):
    """A request document and the encoding that the transport gave it, if any."""

    content: bytes
    charset: str | None = None


def read(request: Request, takes: Callable[[Named], bool]) -> Asked:
    """Finds the request document or the action parameter, and reads the action from it.

    takes: whether what a request asks for is documented.
    """
    binding = "none"
    try:
        if request.oversized:
            raise UnusableError("too large")
        binding, found = locate(request)
        named = read_call(found) if isinstance(found, Document) else found
        return Asked(binding, named.action, named.others) if takes(named) else Asked(binding)
    except UnusableError:
        return Asked(binding)


def locate(request: Request) -> tuple[str, Document | Named]:
    """The binding, and the request document or the action with the other parameters."""
    fields = _fields(request.query) + _fields(_behind_ampersand(request))
    carried = "query"
    if request.method == "POST":
        content_type = Message()
        content_type["content-type"] = request.header("content-type") or "text/xml"
        media_type = content_type.get_content_type()
        if media_type == "multipart/form-data":
            fields, carried = fields + _multipart(request), "form"
        elif media_type == "application/x-www-form-urlencoded" and not _is_document(request.body):
            if raw := _unencoded(request.body):
                return "form-xml", raw
            fields, carried = fields + _fields(request.body.decode("latin-1")), "form"
        elif request.body:
            return "body-xml", Document(request.body, _charset(request.body, content_type))
    return _choose(fields, carried)


def _choose(fields: list[tuple[str, bytes]], carried: str) -> tuple[str, Document | Named]:
    documents = [value for name, value in fields if name in DOCUMENT_FIELDS]
    actions = [value for name, value in fields if name in ACTION_FIELDS]
    if len(documents) == 1 and not actions:  # an HTML form may add its button, so other fields are left alone
        return f"{carried}-xml", Document(documents[0])
    others = [(name, value.decode("utf-8", "replace")) for name, value in fields if name not in ACTION_FIELDS]
    if len(actions) == 1 and not documents and len(dict(others)) == len(others):  # the page's table, read literally
        return "query-params", Named(actions[0].decode("utf-8", "replace"), tuple(others))
    raise UnusableError("no document and no action, or more than one")


def _unencoded(body: bytes) -> Document | None:
    """The document of a form that a client of 2012 has put together by hand: no part of it is percent-encoded."""
    if not body.startswith(b"XML=<"):
        return None
    document = body.removeprefix(b"XML=")
    try:
        expat.ParserCreate().Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):
        return None
    return Document(document)


def _fields(text: str) -> list[tuple[str, bytes]]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding="latin-1", max_num_fields=FIELDS)
    except ValueError as error:
        raise UnusableError("too many fields") from error
    return [(name, value.encode("latin-1", "replace")) for name, value in pairs]


def _behind_ampersand(request: Request) -> str:
    # Java clients of 2012 asked for https://host/TOKEN&XML=<clickatellsdk>..., without a question mark.
    return request.path.partition("&")[2]


def _multipart(request: Request) -> list[tuple[str, bytes]]:
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode("latin-1")
    form = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not form.is_multipart():
        raise UnusableError("no parts")
    return [_part(part) for part in form.iter_parts()]


def _part(part: Any) -> tuple[str, bytes]:
    content = part.get_payload(decode=True)
    return str(part.get_param("name", "", header="content-disposition")), content or b""


def _is_document(body: bytes) -> bool:
    # curl's --data says urlencoded whatever it sends; no form begins like this.
    return body.startswith(MARKS) or body.lstrip().startswith(b"<")


def _charset(body: bytes, content_type: Message) -> str | None:
    """RFC 7303, section 3: a byte order mark first, then the charset parameter, then the document."""
    charset = None if body.startswith(MARKS) else content_type.get_content_charset()
    return "utf-8" if charset == "utf8" else charset


def read_document(document: Document) -> str:
    """The action that a request document asks for, character for character."""
    return read_call(document).action


def read_call(document: Document) -> Named:
    """The action that a request document asks for, and its other parameters, character for character."""
    reader = _Reader()
    try:
        parser = expat.ParserCreate(document.charset, namespace_separator=" ")
        parser.StartDoctypeDeclHandler = reader.doctype
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.characters
        parser.Parse(document.content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnusableError("not well-formed") from error
    return reader.called()


class _Reader:
    """Takes <clickatellsdk> with one <action> and elements with text; comments and instructions mean nothing."""

    def __init__(self) -> None:
        self._root = ROOT
        self._depth = 0
        self._fields: list[tuple[str, list[str]]] = []

    def doctype(self, *_: Any) -> None:
        raise UnusableError("a document type declaration is never needed, expanded or fetched")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        known = name in ROOTS if self._depth == 0 else self._depth == 1 and " " not in name
        if not known or attributes:
            raise UnusableError(name)
        if self._depth == 0:
            self._root = name
        elif self._depth == 1:
            self._fields.append((name, []))
        self._depth += 1

    def end(self, _: str) -> None:
        self._depth -= 1

    def characters(self, text: str) -> None:
        if self._depth == 2:
            self._fields[-1][1].append(text)
        elif text.strip(WHITE_SPACE):
            raise UnusableError("text beside the elements")

    def called(self) -> Named:
        fields = [(name, "".join(text)) for name, text in self._fields]
        actions = [text for name, text in fields if name in ACTION_ELEMENTS]
        others = tuple((name, text) for name, text in fields if name not in ACTION_ELEMENTS)
        if len(actions) != 1 or len(dict(others)) < len(others):
            raise UnusableError("not exactly one action, or an element twice")
        return Named(actions[0], others, self._root)

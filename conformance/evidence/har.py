"""The HAR 1.2 file, field by field, with the suite's own fields (their names begin with `_`, as HAR allows).

What HAR requires and a recording made by others may lack has a default, so that such a recording can be read.
"""

# ruff: noqa: N815  the names are HAR's own

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, field

from conformance.evidence.exchange import Handshake, Loss, Tls
from conformance.target.described import Described

CREATOR = "connect-conformance"
FORMAT = 1


class Named(msgspec.Struct):
    """A header field or a query parameter."""

    name: str
    value: str = ""


class PostData(msgspec.Struct):
    """What was posted; HAR 1.2 has no encoding here, so the suite brings its own."""

    mimeType: str = ""
    text: str | UnsetType = UNSET
    params: list[Named] | UnsetType = UNSET
    encoding: str | UnsetType = field(default=UNSET, name="_encoding")


class Request(msgspec.Struct):
    """What was sent."""

    method: str
    url: str
    httpVersion: str = "HTTP/1.1"
    cookies: list[Any] = field(default_factory=list)
    headers: list[Named] = field(default_factory=list)
    queryString: list[Named] = field(default_factory=list)
    postData: PostData | UnsetType | None = UNSET
    headersSize: float = -1
    bodySize: float = -1
    target: str = field(default="", name="_target")


class Content(msgspec.Struct):
    """The body of an answer."""

    size: float = 0
    mimeType: str = ""
    text: str | UnsetType = UNSET  # absent: what the body was is not in the file
    encoding: str | UnsetType = UNSET
    sha256: str = field(default="", name="_sha256")


class Response(msgspec.Struct):
    """What came back; status 0 where nothing did."""

    status: int
    statusText: str = ""
    httpVersion: str = ""
    cookies: list[Any] = field(default_factory=list)
    headers: list[Named] = field(default_factory=list)
    content: Content = field(default_factory=Content)
    redirectURL: str | None = ""
    headersSize: float = -1
    bodySize: float = -1
    unread: str = field(default="", name="_unread")
    decoded: str = field(default="", name="_decoded")
    broken: str = field(default="", name="_broken")
    surplus: int = field(default=0, name="_surplus")


class Probe(msgspec.Struct):
    """Why the request was sent; None where a recording does not say."""

    id: str | None = None
    group: str | None = None
    call: str | None = None
    title: str | None = None
    binding: str | None = None
    control: str = ""
    state: str = ""


class Entry(msgspec.Struct):
    """One exchange."""

    request: Request
    response: Response
    startedDateTime: str = ""
    time: float = 0
    cache: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, Any] = field(default_factory=dict)
    serverIPAddress: str = ""
    connection: str = ""
    number: int | None = field(default=None, name="_number")
    probe: Probe = field(default_factory=Probe, name="_probe")
    started: float | None = field(default=None, name="_started")
    finished: float | None = field(default=None, name="_finished")
    loss: Loss | UnsetType = field(default=UNSET, name="_loss")
    tls: Tls | UnsetType = field(default=UNSET, name="_tls")
    reused: bool = field(default=False, name="_reused")
    connecting: float = field(default=0.0, name="_connecting")
    retried: bool = field(default=False, name="_retried")
    reproduce: str = field(default="", name="_reproduce")
    chain: str = field(default="", name="_chain")


class Run(msgspec.Struct):
    """`Evidence` without its exchanges, field by field."""

    format: int = FORMAT
    target: str = "recording"
    endpoint: str | None = None
    binding: str | None = None
    calls: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    accept: tuple[str, ...] = ()
    clock_tolerance: float = 300.0
    error_elements: tuple[str, str] = ("Error", "Description")
    answer_budget: float = 2.0
    seed: int = 0
    started: float | None = None
    finished: float | None = None
    handshakes: tuple[Handshake, ...] = ()
    gaps: dict[str, str] = field(default_factory=dict)
    canary: int | None = None
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    nonce: str = ""
    described: Described | None = None
    contract: str = ""
    catalogue: str = ""


RUN_FIELDS = tuple(name for name in Run.__struct_fields__ if name != "format")


class Creator(msgspec.Struct):
    """What wrote the file."""

    name: str = ""
    version: str = ""


class Log(msgspec.Struct):
    """The recording."""

    entries: list[Entry]
    version: str = "1.2"
    creator: Creator = field(default_factory=Creator)
    pages: list[Any] = field(default_factory=list)
    run: Run | UnsetType = field(default=UNSET, name="_run")


class Har(msgspec.Struct):
    """The file."""

    log: Log

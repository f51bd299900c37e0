"""The reference endpoint's pipeline (read, decide, build, serialise, respond) and its ASGI application."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from conformance.reference import answer as honest
from conformance.reference.answer import ERRORS, Answer, Outcome
from conformance.reference.calls import PAGE, Calls, documented_calls
from conformance.reference.errors import guide_errors
from conformance.reference.request import LIMIT, ROOT, Asked, Named, Request, read
from conformance.reference.service import Service

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Rewrite = Callable[[bytes], bytes]

ACTIVATION = "/activate"  # followed by the name of an account
ACTIVATED = b"The e-mail address is confirmed.\n"
DRAINED = 16 * 1024 * 1024  # of an oversized body, so that its sender lives to read the refusal


@dataclass(slots=True)
class Call:
    """One call on its way through the pipeline; each stage adds what it found."""

    request: Request
    number: int  # 1 for the first call of this endpoint
    state: str | None
    memory: dict[str, Any]  # of this endpoint, for variants that remember
    calls: Calls = field(default_factory=documented_calls)
    service: Service | None = None
    now: float = 0.0
    asked: Asked = field(default=Asked("none"))
    outcome: Outcome = field(default=Outcome())

    def takes(self, named: Named) -> bool:
        """Whether a request is one: the page's calls take what it prints, those of the guide what clients send, too.

        The guide also prints the root in capitals (I-02). Beside a login stands whatever a client said before.
        """
        served, names = self.calls.get(named.action), {name for name, _ in named.others}
        if served is None or served.edition == PAGE:
            return named.root == ROOT and (served is None or names <= served.names)
        return names <= served.names or ({"user", "password"} <= names and all(name in self.known for name in names))

    @property
    def is_by_guide(self) -> bool:
        """Whether it is the guide, and not the page, that states what is asked for."""
        served = self.calls.get(self.asked.action or "")
        return served is not None and served.edition != PAGE

    @property
    def known(self) -> set[str]:
        """The names of all parameters."""
        return {name for served in self.calls.values() for name in served.names}

    @property
    def success(self) -> bool:
        """Whether the callback list is the answer."""
        return self.outcome.error is None


@dataclass(frozen=True, slots=True)
class Stages:
    """The pipeline, one function a stage. A variant of the endpoint replaces exactly one."""

    clock: Callable[[Call], float] = lambda _: time.time()
    read: Callable[[Call], Asked] = lambda call: read(call.request, call.takes)
    decide: Callable[[Call], Outcome] = lambda call: honest.decide(
        call.request, call.asked, call.state, call.calls, service=call.service, now=call.now
    )
    build: Callable[[Call], ET.Element] = lambda call: honest.build(call.outcome, call.now, call.calls)
    serialise: Callable[[Call, ET.Element], bytes] = lambda call, root: honest.serialise(root, compact=call.is_by_guide)
    respond: Callable[[Call, bytes], Answer] = lambda call, body: honest.respond(
        call.request, call.outcome, body, call.now
    )


class Behaviour:
    """How the endpoint behaves until told otherwise: the state it is in, one of the error table's or none."""

    def __init__(self, state: str | None = None) -> None:
        self.state = state

    @property
    def state(self) -> str | None:
        """The code of the error state that holds for every call."""
        return self._state

    @state.setter
    def state(self, state: str | None) -> None:
        known = sorted({*ERRORS, *guide_errors()})
        if state is not None and state not in known:
            raise ValueError(f"no such state: {state!r}; there are {', '.join(known)}")
        self._state = state


class Application:
    """The endpoint as an ASGI 3 application. HTTPS is what the listener says, never what a header claims.

    token: the only one that the guide's calls take; "" for any. The page's call takes any.
    """

    def __init__(
        self,
        stages: Stages | None = None,
        behaviour: Behaviour | None = None,
        served: Calls | None = None,
        token: str = "",
    ) -> None:
        self.served = documented_calls() if served is None else served
        self.stages = stages or Stages()
        self.behaviour = behaviour or Behaviour()
        self.service = Service(self.served, token)
        self.calls = 0
        self._memory: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        """Runs the pipeline once, or follows the link of an activation e-mail."""
        if page := self._activated(request):
            return page
        stages = self.stages
        self.calls += 1
        call = Call(request, self.calls, self.behaviour.state, self._memory, self.served, self.service)
        call.now = stages.clock(call)
        call.asked = stages.read(call)
        call.outcome = stages.decide(call)
        return stages.respond(call, stages.serialise(call, stages.build(call)))

    def _activated(self, request: Request) -> Answer | None:
        """The page behind the link of an activation e-mail; None where it is no such link, or nobody's."""
        head, _, user = request.path.rpartition("/")
        if head != ACTIVATION or request.scheme != "https" or request.query or request.method != "GET":
            return None
        if not self.service.activate(unquote(user)):
            return None
        headers = (("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(ACTIVATED))))
        return Answer(200, headers, ACTIVATED)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is spoken here, not {scope['type']}")
        answer = self.answer(await _request(scope, receive))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


async def _request(scope: Message, receive: Receive) -> Request:
    path = scope.get("raw_path") or scope["path"].encode()
    return Request.of(
        scope["method"],
        scope["scheme"],
        (path.partition(b"?")[0], scope["query_string"]),
        scope["headers"],
        await _body(receive),
        client=scope.get("client"),
        http_version=scope["http_version"],
    )


async def _body(receive: Receive) -> bytes:
    body, seen, more = bytearray(), 0, True
    while more and seen < DRAINED:
        message = await receive()
        chunk = message.get("body", b"")
        body += chunk[: LIMIT + 1 - len(body)]
        seen += len(chunk)
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


def rewritten(stages: Stages, rewrite: Rewrite | None, rewrite_errors: Rewrite | None) -> Stages:
    """The stages, with other bytes for the bodies."""

    def serialise(call: Call, root: ET.Element) -> bytes:
        chosen = rewrite if call.success else rewrite_errors
        document = stages.serialise(call, root)
        return chosen(document) if chosen else document

    return replace(stages, serialise=serialise) if rewrite or rewrite_errors else stages

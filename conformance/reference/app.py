"""The reference endpoint's pipeline (read, decide, build, serialise, respond) and its ASGI application."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from conformance.reference import answer as honest
from conformance.reference.answer import ERRORS, Answer, Outcome
from conformance.reference.calls import Calls, documented_calls
from conformance.reference.request import LIMIT, Asked, Request, read

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Rewrite = Callable[[bytes], bytes]

DRAINED = 16 * 1024 * 1024  # of an oversized body, so that its sender lives to read the refusal


@dataclass(slots=True)
class Call:
    """One call on its way through the pipeline; each stage adds what it found."""

    request: Request
    number: int  # 1 for the first call of this endpoint
    state: str | None
    memory: dict[str, Any]  # of this endpoint, for variants that remember
    calls: Calls = field(default_factory=documented_calls)
    now: float = 0.0
    asked: Asked = field(default=Asked("none"))
    outcome: Outcome = field(default=Outcome())

    def parameters(self, action: str) -> set[str]:
        """The names of the parameters that an action has."""
        served = self.calls.get(action)
        return {parameter.name for parameter in served.parameters} if served else set()

    @property
    def success(self) -> bool:
        """Whether the callback list is the answer."""
        return self.outcome.error is None


@dataclass(frozen=True, slots=True)
class Stages:
    """The pipeline, one function a stage. A variant of the endpoint replaces exactly one."""

    clock: Callable[[Call], float] = lambda _: time.time()
    read: Callable[[Call], Asked] = lambda call: read(call.request, call.parameters)
    decide: Callable[[Call], Outcome] = lambda call: honest.decide(
        call.request, call.asked, call.state, call.calls
    )
    build: Callable[[Call], ET.Element] = lambda call: honest.build(call.outcome, call.now, call.calls)
    serialise: Callable[[Call, ET.Element], bytes] = lambda _, root: honest.serialise(root)
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
        if state is not None and state not in ERRORS:
            raise ValueError(f"no such state: {state!r}; there are {', '.join(ERRORS)}")
        self._state = state


class Application:
    """The endpoint as an ASGI 3 application. HTTPS is what the listener says, never what a header claims."""

    def __init__(
        self, stages: Stages | None = None, behaviour: Behaviour | None = None, served: Calls | None = None
    ) -> None:
        self.served = documented_calls() if served is None else served
        self.stages = stages or Stages()
        self.behaviour = behaviour or Behaviour()
        self.calls = 0
        self._memory: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        """Runs the pipeline once."""
        stages = self.stages
        self.calls += 1
        call = Call(request, self.calls, self.behaviour.state, self._memory, self.served)
        call.now = stages.clock(call)
        call.asked = stages.read(call)
        call.outcome = stages.decide(call)
        return stages.respond(call, stages.serialise(call, stages.build(call)))

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

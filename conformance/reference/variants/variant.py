"""What a variant is, and the ways to change one stage of the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from conformance.reference.answer import ACTION, states
from conformance.reference.app import Call, Stages
from conformance.reference.transport import Transport

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from conformance.reference.answer import Answer, Outcome
    from conformance.reference.raw import Speak
    from conformance.reference.request import Asked

Change = Callable[[Stages], Stages]
When = Callable[[Call], bool]


def _unchanged(stages: Stages) -> Stages:
    return stages


@dataclass(frozen=True, slots=True)
class Variant:
    """The reference endpoint, different in one way.

    id: named for what is wrong, or unusual. kind: a mutant must be found, a correct one must not be accused.
    breaks: the requirement that must accuse a mutant. also: what may accuse it too, as a consequence; for a
    correct variant, advisory requirements that may remark on it, and what cannot be judged on it.
    binding: over which it has to be called for it to show. wire: it needs real sockets. http_token: it has to be
    asked over plain HTTP with the token of the target. call: whose answers are different.
    """

    id: str
    kind: Literal["mutant", "correct"]
    title: str
    breaks: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    binding: str = "query-xml"
    change: Change = _unchanged
    transport: Transport = field(default=Transport())
    speak: Speak | None = None
    wire: bool = False
    http_token: bool = False
    call: str = ACTION


def mutant(
    name: str,
    title: str,
    breaks: str,
    how: Change | Transport | None = None,
    *,
    also: str = "",
    binding: str = "query-xml",
    speak: Speak | None = None,
    wire: bool = False,
    call: str = ACTION,
) -> Variant:
    """A variant that is wrong in one way."""
    others = tuple(one for one in _spread(also) if one != breaks)
    made = Variant(name, "mutant", title, (breaks,), others, binding=binding, wire=wire, call=call)
    return _variant(made, how, speak)


def correct(
    name: str,
    title: str,
    how: Change | Transport | None = None,
    *,
    also: str = "",
    speak: Speak | None = None,
    call: str = ACTION,
) -> Variant:
    """A variant that is unusual, and right."""
    return _variant(Variant(name, "correct", title, (), _spread(also), call=call), how, speak)


def _variant(variant: Variant, how: Change | Transport | None, speak: Speak | None) -> Variant:
    if isinstance(how, Transport):
        return replace(variant, transport=how, speak=speak, wire=True)
    return replace(variant, change=how or _unchanged, speak=speak, wire=variant.wire or speak is not None)


def _spread(ids: str) -> tuple[str, ...]:
    """Ids, where ERR-009-* stands for the five of that group."""
    parts = ("code", "message", "data", "envelope", "stable")
    return tuple(
        one
        for name in ids.split()
        for one in ([name.replace("*", part) for part in parts] if name.endswith("*") else [name])
    )


# When a change applies.


def success(call: Call) -> bool:
    """The callback list is the answer."""
    return call.outcome.error is None and call.outcome.action == ACTION


def of(call: str) -> When:
    """The answer is the success of this call."""
    return lambda made: made.outcome.error is None and made.outcome.action == call


def errors(call: Call) -> bool:
    """An error is the answer."""
    return call.outcome.error is not None


def always(_: Call) -> bool:
    """Every answer."""
    return True


def refusal(call: Call) -> bool:
    """The request is refused for what it asks, in no state of the error table."""
    return call.outcome.error == "999" and not provisioned(call)


def provisioned(call: Call) -> bool:
    """The call is made in a state of the error table other than plain HTTP."""
    return bool(states(call.request, call.state))


def state(code: str) -> When:
    """The answer is this error, in its state."""
    return lambda call: call.outcome.error == code and (code != "999" or provisioned(call))


def every(nth: int, when: When = success, *, first: int | None = None) -> When:
    """The nth, 2nth, ... of the calls to which `when` applies; or the first one, and every nth from there."""
    start = nth if first is None else first

    def due(call: Call) -> bool:
        if not when(call):
            return False
        seen: int = call.memory.get("seen", 0) + 1
        call.memory["seen"] = seen
        return seen >= start and (seen - start) % nth == 0

    return due


def after(count: int, when: When = success) -> When:
    """All but the first `count` calls to which `when` applies."""
    return every(1, when, first=count + 1)


# What a change does: each of these changes one stage.


def tree(edit: Callable[[Call, ET.Element], object], when: When = success) -> Change:
    """Edits the envelope before it is serialised."""

    def change(stages: Stages) -> Stages:
        def build(call: Call) -> ET.Element:
            root = stages.build(call)
            if when(call):
                edit(call, root)
            return root

        return replace(stages, build=build)

    return change


def document(edit: Callable[[bytes], bytes], when: When = success) -> Change:
    """Edits the serialised document."""

    def change(stages: Stages) -> Stages:
        def serialise(call: Call, root: ET.Element) -> bytes:
            whole = stages.serialise(call, root)
            return edit(whole) if when(call) else whole

        return replace(stages, serialise=serialise)

    return change


def answer(edit: Callable[[Call, Answer], Answer], when: When = success) -> Change:
    """Edits the whole HTTP answer."""

    def change(stages: Stages) -> Stages:
        def respond(call: Call, body: bytes) -> Answer:
            whole = stages.respond(call, body)
            return edit(call, whole) if when(call) else whole

        return replace(stages, respond=respond)

    return change


def outcome(edit: Callable[[Call, Outcome], Outcome]) -> Change:
    """Decides otherwise."""

    def change(stages: Stages) -> Stages:
        def decide(call: Call) -> Outcome:
            call.outcome = stages.decide(call)
            return edit(call, call.outcome)

        return replace(stages, decide=decide)

    return change


def reading(edit: Callable[[Call, Asked], Asked]) -> Change:
    """Reads the request otherwise."""

    def change(stages: Stages) -> Stages:
        def read(call: Call) -> Asked:
            call.asked = stages.read(call)
            return edit(call, call.asked)

        return replace(stages, read=read)

    return change


def clock(edit: Callable[[float], float]) -> Change:
    """Has another clock, for Timestamp and Date alike."""

    def change(stages: Stages) -> Stages:
        return replace(stages, clock=lambda call: edit(stages.clock(call)))

    return change

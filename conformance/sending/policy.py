"""What a session does after a call, in two tables: what became of it, and what is done. No sockets and no clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from conformance.contract.purpose import PLAIN_HTTP, REFUSED, SPELLED, Kind
from conformance.evidence.between import asks_to_wait
from conformance.evidence.classify import Meaning
from conformance.evidence.exchange import Answer, Exchange
from conformance.probes import layouts
from conformance.probes.probe import Probe

TRIES = 3  # after which a call that is put off is looked at beside the documented one
MOST = 12  # tries for a call that is put off while others are answered
_FIRST_LOST = {"closed", "timeout", "refused", "unreachable", "proxy"}

T = TypeVar("T")


class Action(StrEnum):
    """What is done next."""

    GO_ON = "go on with the next call"
    LATER = "send it again after the others, over the one connection that is left"
    AGAIN = "send it once more, over a new connection"
    LATE = "send it once more, after the others"
    WAIT = "wait as long as was asked, else a growing pause; send it again at a slower pace"
    KNOCK = "send it twice more over new connections, with pauses; shut out each time, send nothing more"
    COMPARE = "send the documented request beside it, then it again"
    CONTROL = "send its control over HTTPS, with the token of plain HTTP, where none was sent yet"
    BESIDE = "after a rest, send it again and the documented request right behind it"
    EXCUSE = "go on at the pace from before: it is refused for what it asks"
    GIVE_UP = "send nothing more to that port, and say why"


class Row(NamedTuple, Generic[T]):
    """What is seen, and what is done then."""

    seen: str
    holds: Callable[[T], bool]
    action: Action


@dataclass(frozen=True, slots=True)
class Came:
    """What became of a call. first: of a run. resent: sent a second time. late: after the others, once. shut_out: by
    one that answered before."""

    probe: Probe
    exchange: Exchange
    first: bool = False
    resent: bool = False
    late: bool = False
    shut_out: bool = False

    @property
    def loss(self) -> str:
        return self.exchange.loss.kind if self.exchange.loss else ""


def _is_009(answer: Answer | None) -> bool:
    """Whether it is error 009, and nothing else; what is no answer needs no control either."""
    if answer is None:
        return True
    codes = (error.code for error in answer.envelope.errors() if error.code)
    return answer.meaning is Meaning.ERROR and not answer.redirect and any(c.text == PLAIN_HTTP for c in codes)


AFTER: tuple[Row[Came], ...] = (
    Row(
        "no answer, as other connections of ours were in its way",
        lambda c: c.exchange.kind is Kind.CROWDED and not c.resent,
        Action.LATER,
    ),
    Row(
        "the first call of a run got no answer",
        lambda c: c.first and c.loss in _FIRST_LOST and not c.resent,
        Action.AGAIN,
    ),
    Row(
        "the same, sent a second time or for a reason that will not pass",
        lambda c: c.first and bool(c.loss),
        Action.GIVE_UP,
    ),
    Row(
        "the connection was closed or a proxy failed, or what came may have been left behind by the call before; not"
        " where plain HTTP was sent to the HTTPS port (RFC 9112 section 9.3.1)",
        lambda c: (
            (c.loss in {"closed", "proxy"} or c.exchange.kind is Kind.STRAY)
            and not (c.first or c.resent or c.probe.form.https_port)
        ),
        Action.AGAIN,
    ),
    Row(
        "over HTTPS, what is to be served was closed or refused a second time, as may be the moment's",
        lambda c: (
            c.loss in {"closed", "refused"}
            and c.exchange.retried
            and not (c.late or c.probe.channel == "http" or c.probe.kind in REFUSED)
        ),
        Action.LATE,
    ),
    Row("an answer that puts it off", lambda c: asks_to_wait(c.exchange.answer), Action.WAIT),
    Row(
        "the documented request, in no state, is refused without an envelope, where calls got one before",
        lambda c: c.probe.kind is Kind.DOCUMENTED and not c.probe.state and c.shut_out,
        Action.KNOCK,
    ),
    Row(
        "another spelling of the documented request did not succeed",
        lambda c: (
            c.probe.kind in SPELLED and c.exchange.answer is not None and not c.exchange.answer.meaning.is_success
        ),
        Action.COMPARE,
    ),
    Row(
        "an answer over plain HTTP is not error 009, so it may be the token that is refused",
        lambda c: c.probe.channel == "http" and not _is_009(c.exchange.answer),
        Action.CONTROL,
    ),
    Row("anything else", lambda _: True, Action.GO_ON),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that was put off.

    tries: how often it was sent. answered: at last. compared: the documented request was sent right behind it;
    others_are_served: and was answered. in_vain: calls put off in a row, of all. is_hopeless: every call is put off,
    for longer than anybody waits; is_too_long: it asks for so much. is_silent: nothing more is sent to that port.
    """

    tries: int = 1
    documented: bool = False
    answered: bool = False
    compared: bool = False
    others_are_served: bool = False
    in_vain: int = 1
    is_hopeless: bool = False
    is_too_long: bool = False
    is_silent: bool = False


PUT_OFF: tuple[Row[Waiting], ...] = (
    Row("it is answered", lambda w: w.answered, Action.GO_ON),
    Row(
        f"it was put off {TRIES} times, the documented request right behind it was answered",
        lambda w: w.compared and w.others_are_served and w.tries >= TRIES,
        Action.EXCUSE,
    ),
    Row(
        "it was sent beside the documented request, and the wait is longer than anybody waits",
        lambda w: w.compared and (w.is_hopeless or w.is_too_long),
        Action.GIVE_UP,
    ),
    Row(
        f"it was put off {MOST} times, and others were answered meanwhile",
        lambda w: w.tries >= MOST and w.in_vain < w.tries,
        Action.GO_ON,
    ),
    Row("nothing more is sent to that port", lambda w: w.is_silent, Action.GO_ON),
    Row("every call is put off, for longer than anybody waits", lambda w: w.is_hopeless, Action.GIVE_UP),
    Row(
        f"another than the documented request was put off {TRIES - 1} times, or for longer than anybody waits",
        lambda w: not w.documented and (w.tries >= TRIES - 1 or w.is_too_long),
        Action.BESIDE,
    ),
    Row("the documented request is put off for longer than anybody waits", lambda w: w.is_too_long, Action.GIVE_UP),
    Row("it is put off", lambda _: True, Action.WAIT),
)


def aside(action: Action, probe: Probe) -> str:
    """Id of the request that is sent, once, beside this one where an action asks for it; "" where none is."""
    if action is Action.COMPARE:
        return probe.id.replace(layouts.ID, layouts.SPACED, 1)
    return probe.control if action is Action.CONTROL else ""


def next_action(rows: tuple[Row[T], ...], seen: T) -> Action:
    """What the first row that holds says."""
    return next(row.action for row in rows if row.holds(seen))

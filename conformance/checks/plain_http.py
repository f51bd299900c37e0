"""What an answer over plain HTTP amounts to: one reading of it for every requirement that looks at plain HTTP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from conformance.checks import urls
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive, Unsettled, clip
from conformance.contract.purpose import PLAIN_HTTP, Kind
from conformance.evidence.envelope import Leaf
from conformance.evidence.exchange import Answer, Exchange


class Became(StrEnum):
    """What became of a call over plain HTTP."""

    REFUSED = "error 009"
    SERVED = "served"
    SERVED_TOO = "error 009 with data beside it"
    REDIRECT = "a redirect"
    OTHERWISE = "009 in another vocabulary"
    OTHER = "another error"
    CLOSED = "no HTTP is spoken there"


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a call; `what` says it in words."""

    kind: Became
    what: str = ""

    @property
    def gives_data(self) -> bool:
        """Whether the call is let through (TLS-01, TLS-04)."""
        return self.kind in {Became.SERVED, Became.SERVED_TOO}

    @property
    def says_009(self) -> bool:
        """Whether it is answered with error 009 (TLS-02)."""
        return self.kind in {Became.REFUSED, Became.SERVED_TOO}


def seen(exchange: Exchange, judging: Judging) -> Seen:
    """What became of a call over plain HTTP.

    Raises Inconclusive where nobody can say or where the call is not served over HTTPS either, and Unsettled where its
    token may have been refused and not the scheme.
    """
    judging = judging.of(exchange)
    if exchange.loss and _shuts_the_door(exchange, judging):
        if "https" not in judging.answered and not _plain_port_answers(judging):
            raise Inconclusive("nothing answers over HTTPS either, so a closed HTTP port says nothing of the endpoint")
        return Seen(Became.CLOSED, exchange.loss.reason)
    answer = judging.answer(exchange)
    said = judging.said(answer.envelope, PLAIN_HTTP) if answer.envelope.recognised else None
    says_009 = said is not None and said.text == PLAIN_HTTP
    data = judging.let_through(answer)
    if data:
        return Seen(Became.SERVED_TOO if says_009 else Became.SERVED, data)
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if says_009 and not _is_redirect(answer):
        return Seen(Became.REFUSED, "error '009'")
    if not _is_served(exchange, judging):
        raise Inconclusive("this call is not served over HTTPS either, so its answer over plain HTTP says nothing")
    if why := urls.refused(exchange, judging):
        raise Inconclusive(why)
    _look_at_the_token(exchange, answer, judging)
    return _other(answer, said)


def _is_redirect(answer: Answer) -> bool:
    return bool(answer.redirect and answer.header("location"))


def _other(answer: Answer, said: Leaf | None) -> Seen:
    """A refusal in any way but the documented one."""
    http = f"HTTP {answer.status} with {answer.media_type or 'no media type'}"
    if _is_redirect(answer):
        return Seen(Became.REDIRECT, f"a redirect (HTTP {answer.status}) to {clip(answer.redirect)}")
    if said:
        return Seen(Became.OTHER, f"error {clip(said.text)!r}")
    if re.search(rf"(?<!\d){PLAIN_HTTP}(?!\d)", answer.document.text):
        return Seen(Became.OTHERWISE, f"{http} and a 009 that stands in no envelope of the Connect API")
    return Seen(Became.OTHER, f"a redirect (HTTP {answer.status}) to nowhere" if answer.redirect else http)


def _shuts_the_door(exchange: Exchange, judging: Judging) -> bool:
    """Whether a loss shows that no HTTP is spoken: a refusal, or an end of every call; on the HTTPS port, of this.

    A server of TLS may also wait in silence there, for a handshake.
    """
    kind = exchange.loss.kind if exchange.loss else ""
    if exchange.kind is Kind.PORT:
        silent = exchange.loss is not None and exchange.loss.is_silence
        return silent or kind in {"refused", "closed", "malformed"}
    return kind == "refused" or (kind == "closed" and not _plain_port_answers(judging))


def _plain_port_answers(judging: Judging) -> bool:
    exchanges = judging.evidence.exchanges
    return any(e.answer and e.kind is not Kind.PORT and e.request.url.startswith("http:") for e in exchanges)


# Controls: over HTTPS, with the token of plain HTTP; and behind that, with the token of the target


def _controls(exchange: Exchange, judging: Judging) -> tuple[Exchange, ...]:
    return tuple(e for e in judging.evidence.of(Kind.STAND_IN) if e.probe == exchange.control)


def _is_served(exchange: Exchange, judging: Judging) -> bool:
    """Whether the same call succeeds over HTTPS; the target's own binding always counts as one that does."""
    controls = _controls(exchange, judging)
    if any(map(judging.is_success, controls)):
        return True
    control = controls[0].control if controls else exchange.control
    twins = [e for e in judging.evidence.exchanges if e.probe == control and e.kind is not Kind.DOCUMENTED]
    if not twins:
        return exchange.binding in judging.served_bindings
    return any(map(judging.is_success, twins))


def _look_at_the_token(exchange: Exchange, answer: Answer, judging: Judging) -> None:
    """Raise Unsettled where the control got the very error: then its token was refused, whatever the scheme."""
    if not exchange.control.startswith(Kind.STAND_IN):
        return
    answers = [e.answer for e in _controls(exchange, judging) if e.answer and e.number not in judging.between]
    if not answers:
        raise Unsettled(
            "the token that is sent over plain HTTP was not seen over HTTPS, so this error may be the token's"
        )
    if any(_is_same_error(answer, other, judging) for other in answers):
        raise Unsettled(
            f"the token that is sent over plain HTTP gets the same error over HTTPS ({_error(answer, judging)}), so it"
            " is the token that is refused, not the scheme; `http_token` names a valid one that may be shown"
        )


def _is_same_error(answer: Answer, other: Answer, judging: Judging) -> bool:
    """The same codes, or where there is no envelope the same status, and the same way where it is a redirect."""
    if judging.let_through(other) or answer.envelope.recognised != other.envelope.recognised:
        return False
    if answer.envelope.recognised:
        return _codes(answer, judging) == _codes(other, judging)
    ways = [urlsplit(a.redirect)[2:] for a in (answer, other)]
    return answer.status == other.status and ways[0] == ways[1]


def _codes(answer: Answer, judging: Judging) -> list[str]:
    return [leaf.text for leaf in judging.codes(answer.envelope)]


def _error(answer: Answer, judging: Judging) -> str:
    codes = _codes(answer, judging)
    return f"error {clip(codes[0])}" if codes else f"HTTP {answer.status}"

"""Answers that are nobody's verdict on the endpoint: a gateway, a proxy, a limit on calls or a firewall spoke instead.

Such an answer is never an envelope. What it shows is what stands between the suite and the endpoint; checks leave
open what it was to answer. A request that was asked again and answered is judged by that answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from conformance.contract.purpose import REFUSED, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.evidence.exchange import Answer, Exchange


class Obstacle(StrEnum):
    """What stands between the suite and the endpoint, and answers in its place."""

    LIMIT = "limit"  # it is asked too often
    GATEWAY = "gateway"  # a server in front finds none behind it
    PROXY = "proxy"  # the forward proxy
    DOOR = "door"  # nobody has been let in during the whole run
    BAN = "ban"  # nobody is let in from some moment on


# Statuses of answers without an envelope, by what they say (RFC 9110, RFC 6585). 503 may be either of the first two.
# 52x and 530 are Cloudflare's for an origin that it does not reach.
_UNREACHED = {*range(520, 528), 530}
_OF_OTHERS = {429: Obstacle.LIMIT, 502: Obstacle.GATEWAY, 503: Obstacle.LIMIT, 504: Obstacle.GATEWAY}
PUT_OFF = _OF_OTHERS | dict.fromkeys(_UNREACHED, Obstacle.GATEWAY)
_NO_CREDENTIALS = 407
AT_THE_DOOR = frozenset({401, 403, 404, 407})
REMEDY = {
    Obstacle.LIMIT: "a lower --rate or `concurrency` may help, or a limit lifted for this address",
    Obstacle.GATEWAY: "look into the log of the server in front of the endpoint",
    Obstacle.PROXY: "let the proxy pass these calls, or go without it",
    Obstacle.DOOR: "correct the token and path in `endpoint`, and credentials in `headers`; let this address in",
    Obstacle.BAN: "put this machine's address on the allow-list, and use a lower --rate",
}
UNOPENED = "let the proxy pass these connections unopened; where it opens TLS, name its CA with `ca_file`"
_BEHIND = "correct host and port in `endpoint`, as the proxy sees them; it finds nobody there"
_UNFOUND = "correct host and port in `proxy`, or see to it that the proxy runs"
_OF_A_PROXY = {  # by what is said of its failure
    "cannot be reached": "correct host and port in `proxy`, or see to it that the proxy runs and lets this machine in",
    "resolving the name of the proxy": _UNFOUND,
    "connecting to the proxy": _UNFOUND,
    "(the TLS handshake with the proxy": "correct `proxy`: with https:// the proxy itself is to speak TLS",
    "while a proxy forwarded it": "let the proxy connect (CONNECT) to the port of plain HTTP, or pass these calls",
    "waiting for the proxy": "see to it that the proxy works, and reaches host and port of `endpoint`",
    "(the proxy speaks TLS)": "give the proxy a certificate that verifies, or name its CA with `ca_file`",
    "answers 407": 'give its user and password: proxy = "http://${PROXY_USER}:${PROXY_PASSWORD}@HOST:PORT"',
    "answers 502": _BEHIND,
    "answers 503": _BEHIND,
    "answers 504": _BEHIND,
    "answers 4": "let the proxy connect (CONNECT) to host and port of `endpoint`",
    "may be its own": UNOPENED,
    "does not speak HTTP": "correct host and port in `proxy`: what listens there is no HTTP proxy",
}
ANSWERED_407 = f"if a proxy is in use, {_OF_A_PROXY['answers 407']}"  # which an endpoint may say by itself
TO_MEND = "; to mend it: "  # between what stands in the way and its remedy, in one line
# A request that is meant to be refused, and that is put off each of three times, once while the documented request
# right after it is answered, is refused in these words.
_TRIES = 3
_CALLS = 2  # documented calls in vain at the end of a run, before it may be called a ban
ORDINARY = frozenset({Kind.DOCUMENTED, Kind.CHECK})  # documented calls that bring nothing unusual along
LOST = frozenset({"closed", "timeout", "refused", "unreachable", "proxy"})  # kinds of loss that a ban may show as

REMEDIES = (*REMEDY.values(), ANSWERED_407, *_OF_A_PROXY.values())


def remedy_of_a_proxy(said: str) -> str:
    """What to do about a proxy, by what is said of its failure."""
    return next((remedy for words, remedy in _OF_A_PROXY.items() if words in said), REMEDY[Obstacle.PROXY])


@dataclass(frozen=True, slots=True)
class Instead:
    """Who spoke instead, and the reason for leaving open what was asked, with the remedy."""

    kind: Obstacle
    reason: str


def puts_off(answer: Answer | None) -> Obstacle | None:
    """Whether an answer, looked at by itself, asks to come again; who says so."""
    if answer is None or answer.envelope.recognised:
        return None
    if _is_of_a_proxy(answer):
        return Obstacle.PROXY
    # Whatever it is called, whoever says when to come again puts off (RFC 9110 section 10.2.3); 500 is a failure.
    asks = answer.status >= 400 and answer.status != 500 and answer.header("retry-after") != ""
    return PUT_OFF.get(answer.status, Obstacle.LIMIT if asks else None)


def asks_to_wait(answer: Answer | None) -> bool:
    """Whether an answer puts off what will be served later; credentials that a proxy misses come by no waiting."""
    return puts_off(answer) is not None and answer is not None and answer.status != _NO_CREDENTIALS


def shuts_out(answer: Answer | None) -> bool:
    """Whether an answer looks as if nobody were let in: a refusal, a redirect or a page, and no failure."""
    if answer is None or answer.envelope.recognised:
        return False
    page = answer.status < 300 and answer.media_type == "text/html"
    return page or 300 <= answer.status < 500 or answer.status in PUT_OFF


def _is_of_a_proxy(answer: Answer) -> bool:
    """407 is a proxy's word alone (RFC 9110 section 15.5.8); RFC 9209 and Squid mark their errors."""
    marked = answer.header("x-squid-error") or "error=" in answer.header("proxy-status")
    return answer.status == _NO_CREDENTIALS or bool(marked)


def between(exchanges: Sequence[Exchange]) -> Mapping[int, Instead]:
    """By their numbers, the exchanges that are nobody's verdict on the endpoint."""
    return _Reader(exchanges).found


def judged(exchanges: Sequence[Exchange], found: Mapping[int, Instead]) -> tuple[Exchange, ...]:
    """The exchanges without those that somebody else answered and that were asked again with success; a ban lasts.

    The documented request, sent to see whether anybody is answered, is asked again by every later one.
    """
    answered = {e.probe for e in exchanges if e.answer and e.number not in found}
    settled = max((e.number for e in exchanges if _is_ordinary(e) and _envelope(e)), default=0)

    def is_done(exchange: Exchange) -> bool:
        return exchange.probe in answered or (exchange.kind is Kind.CHECK and exchange.number < settled)

    return tuple(
        e for e in exchanges if e.number not in found or found[e.number].kind is Obstacle.BAN or not is_done(e)
    )


def obstacle(exchanges: Sequence[Exchange]) -> str:
    """What kept most calls from being answered by the endpoint, with the remedy; "" where nothing did."""
    found = between(exchanges)
    left = [found[e.number] for e in judged(exchanges, found) if e.number in found]
    reasons = Counter(i.reason for i in left if i.kind is Obstacle.BAN) or Counter(i.reason for i in left)
    return reasons.most_common(1)[0][0] if reasons else ""


class _Reader:
    """Looks at every answer beside the others of the run."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.exchanges = sorted(exchanges, key=lambda e: e.number)
        self.had_an_envelope = any(_envelope(e) for e in exchanges)
        self.ordinary = [e for e in self.exchanges if _is_ordinary(e)]
        self.tries: defaultdict[str, list[Exchange]] = defaultdict(list)
        for exchange in self.exchanges:
            self.tries[exchange.probe].append(exchange)

    @property
    def found(self) -> dict[int, Instead]:
        found = {}
        for exchange in self.exchanges:
            instead = self._instead(exchange)
            if instead:
                found[exchange.number] = instead
        return found

    def _instead(self, exchange: Exchange) -> Instead | None:
        if self._is_after_the_ban(exchange):
            return Instead(Obstacle.BAN, self._ban_reason)
        if exchange.loss and exchange.loss.kind == "proxy":
            return Instead(Obstacle.PROXY, f"{exchange.loss.reason}; {remedy_of_a_proxy(exchange.loss.reason)}")
        answer = exchange.answer
        kind = puts_off(answer)
        if answer is None or (kind and self._is_refused_in_these_words(exchange)):
            return None
        if kind and exchange.state and self.had_an_envelope and self._is_of_the_state(exchange, answer, kind):
            return None  # what is answered in a provisioned state is the endpoint's: the control succeeded
        if kind is None and self._is_at_the_door(answer):
            kind = Obstacle.DOOR
        if kind is Obstacle.PROXY:
            is_407 = answer.status == _NO_CREDENTIALS
            remedy = ANSWERED_407 if is_407 else remedy_of_a_proxy(f"answers {answer.status}")
            return Instead(kind, f"{_said(kind, answer)}; {remedy}")
        return Instead(kind, f"{_said(kind, answer)}; {REMEDY[kind]}") if kind else None

    def _is_of_the_state(self, exchange: Exchange, answer: Answer, kind: Obstacle) -> bool:
        """Whether a state may well be answered so: by a proxy's word, or with another status each time it is asked."""
        steady = not any(map(_envelope, self.tries[exchange.probe]))
        return kind is Obstacle.PROXY or (answer.status not in _OF_OTHERS and steady)

    def _is_refused_in_these_words(self, exchange: Exchange) -> bool:
        tries = self.tries[exchange.probe]
        return (
            exchange.kind in REFUSED
            and len(tries) >= _TRIES
            and all(puts_off(e.answer) for e in tries)
            and any(map(self._had_the_better_moment, tries))
        )

    def _had_the_better_moment(self, exchange: Exchange) -> bool:
        """Whether the next ordinary call was answered after no longer a pause than this one: it was not the pace."""
        rest = exchange.started - max((e.finished for e in self.exchanges if e.number < exchange.number), default=0)
        after = next((e for e in self.ordinary if e.number > exchange.number), None)
        return after is not None and _envelope(after) and after.started - exchange.finished <= rest

    def _is_at_the_door(self, answer: Answer) -> bool:
        return not self.had_an_envelope and answer.status in AT_THE_DOOR

    # A ban: from some moment on no call gets an envelope, the documented one neither

    @cached_property
    def _ban(self) -> Exchange | None:
        """The first of those ordinary calls to which nobody answers any more, where that lasts to the end."""
        usual = [e for e in self.exchanges if e.request.url.startswith("https:") and not e.state]
        last = next((e for e in reversed(usual) if _envelope(e)), None)
        if last is None or not any(_is_success(e) for e in self.ordinary):
            return None
        calls = [e for e in self.ordinary if e.number > last.number]
        served = [e for e in usual if e.number > last.number and e.kind not in REFUSED]
        if len(calls) < _CALLS or not all(_is_shut_out(e) for e in served):
            return None
        return next(e for e in self.exchanges if self._is_late(e, last) and _is_shut_out(e))

    @staticmethod
    def _is_late(exchange: Exchange, last: Exchange) -> bool:
        """Whether it ended when the last call that was answered had begun, or later: calls run side by side."""
        return exchange.number > last.number or exchange.finished >= last.started

    def _is_after_the_ban(self, exchange: Exchange) -> bool:
        ban = self._ban
        return ban is not None and exchange.number >= ban.number and _is_shut_out(exchange)

    @property
    def _ban_reason(self) -> str:
        ban = self._ban
        assert ban
        what = f"HTTP {ban.answer.status} and no envelope" if ban.answer else "no answer"
        return f"from exchange {ban.number} on every call gets {what}, as after a ban; {REMEDY[Obstacle.BAN]}"


def _envelope(exchange: Exchange) -> bool:
    return exchange.answer is not None and exchange.answer.envelope.recognised


def _is_success(exchange: Exchange) -> bool:
    return exchange.answer is not None and exchange.answer.meaning.is_success


def _is_ordinary(exchange: Exchange) -> bool:
    """The documented request over HTTPS, in no state."""
    return exchange.kind in ORDINARY and not exchange.state and exchange.request.url.startswith("https:")


def _is_shut_out(exchange: Exchange) -> bool:
    return shuts_out(exchange.answer) or (exchange.loss is not None and exchange.loss.kind in LOST)


def _said(kind: Obstacle, answer: Answer) -> str:
    after = answer.header("retry-after")
    asked = f" and Retry-After: {after[:40]}" if after else ""
    words = {
        Obstacle.LIMIT: "the call is put off, time and again",
        Obstacle.GATEWAY: "a gateway answers in the endpoint's place",
        Obstacle.PROXY: "a proxy answers in the endpoint's place",
        Obstacle.DOOR: "no call of the run got an envelope",
    }
    return f"{words[kind]} (HTTP {answer.status}{asked})"

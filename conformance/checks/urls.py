"""Which characters a server takes in no URL, whatever they stand for: HTTP's matter, and not the endpoint's."""

from __future__ import annotations

import re

from conformance.checks.judging import Judging
from conformance.contract.purpose import Kind
from conformance.evidence.between import shuts_out
from conformance.evidence.exchange import Exchange

_CONTROLS = re.compile(r"%0[9AD]", re.IGNORECASE)  # those that XML allows: tab, line feed, carriage return
_SPACES = "printed-spaces"  # the documented request with spaces in their place


def refused(exchange: Exchange, judging: Judging) -> str:
    """Why a URL was turned away, where it was for a control character in it; "" else.

    So it is where every URL with that character is, by the same scheme, without an envelope. Where spaces in its place
    are not understood either, it is the document that is refused, and not the URL.
    """
    scheme = exchange.request.url.partition(":")[0]
    for character in dict.fromkeys(map(str.upper, _CONTROLS.findall(exchange.request.url))):
        carriers = [
            e
            for e in judging.evidence.exchanges
            if e.request.url.startswith(f"{scheme}:") and character in e.request.url.upper()
        ]
        if all(map(_is_turned_away, filter(_ended, carriers))) and not _minds_spaces(judging):
            return f"the server takes no {character} in a URL, whatever stands around it"
    return ""


def _ended(exchange: Exchange) -> bool:
    return exchange.answer is not None or (exchange.loss is not None and exchange.loss.kind == "closed")


def _is_turned_away(exchange: Exchange) -> bool:
    return exchange.answer is None or shuts_out(exchange.answer)


def _minds_spaces(judging: Judging) -> bool:
    twins = [e for e in judging.evidence.of(Kind.PRINTED) if e.probe.startswith(_SPACES) and e.answer]
    return bool(twins) and not any(map(judging.is_success, twins))

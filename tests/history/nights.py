"""Lines of a history as nights would leave them, made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from conformance.verdicts.history.file import append
from conformance.verdicts.history.line import Line, Terms, claim_of, counted_letters
from conformance.verdicts.verdict import Claim

BEGAN = 1_767_225_600  # 2026-01-01T00:00:00Z
DAY = 86_400
NAMES = "REQ-01 ENV-03 CBK-03 TIM-02 CBK-09 HYG-01"
LEVELS = "mmmmsa"
CONTRACT = "connect-api@" + 64 * "a"
EXITS = {Claim.CONFORMING: 0, Claim.NONCONFORMING: 1, Claim.INCONCLUSIVE: 10}


def terms(names: str = NAMES, levels: str = LEVELS, **changes: Any) -> Terms:
    usual: dict[str, Any] = {
        "binding": "query-xml",
        "calls": ("get_list_callback",),
        "accept": (),
        "clock_tolerance": 300.0,
        "elements": ("Error", "Description"),
        "states": (),
        "hostile": False,
        "whole": True,
    }
    made = Terms(names=names, levels=levels, **usual | changes)
    return msgspec.structs.replace(made, id=made.digest)


def night(number: float, letters: str = "pppppp", *, of: Terms | None = None, **changes: Any) -> Line:
    """The line of a night: what it judged, and whatever else is to be said of it."""
    of = of or terms()
    said = claim_of(counted_letters(letters, of.levels, of.names, "must"), stopped="e" in letters)
    when = datetime.fromtimestamp(BEGAN + number * DAY, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    usual: dict[str, Any] = {
        "target": "staging",
        "labels": {"release": f"4.{number:g}"},
        "contract": CONTRACT,
        "editions": ("page",),
        "suite": "0.1.0",
        "seed": 1,
        "level": "must",
        "verdict": said,
        "exit": EXITS[said],
        "sent": 248,
        "lost": 0,
        "ms": (100.0, 200.0),
        "live": True,
    }
    usual |= changes
    usual.setdefault("evidence", sha256(f"{usual['target']} {when}".encode()).hexdigest())
    return Line(history=1, when=when, judged=letters, settings=of.settings(letters), terms=of, **usual)


def nights(letters: Sequence[str], **changes: Any) -> list[Line]:
    """A night each."""
    return [night(number, said, **changes) for number, said in enumerate(letters)]


def kept(file: Path, lines: Iterable[Line]) -> Path:
    """The history that these lines make."""
    append(file, list(lines))
    return file


OTHER = "connect-api@" + 64 * "b"  # another contract
DARK = (7, 8, 9)  # nights of an outage
UPDATED, REVISED = 25, 32  # the first nights of another suite, and of another contract
SINCE = {"ENV-03": 20, "CBK-03": UPDATED, "TIM-02": REVISED}  # first bad nights of three must requirements


def forty() -> list[Line]:
    """Forty nights: three regressions, a flaky requirement, an outage, slower answers, another suite and contract."""
    random, more = Random(4), terms(f"{NAMES} CBK-10", f"{LEVELS}a")
    found = []
    for number in range(40):
        of = terms() if number < UPDATED else more
        letters = dict.fromkeys(of.names.split(" "), "p")
        letters |= {name: "f" for name, since in SINCE.items() if number >= since}
        letters["CBK-09"] = "f" if random.random() < 0.3 else "p"
        took = round(100 * 1.012**number + random.gauss(0, 2), 1)
        dark = number in DARK
        found.append(
            night(
                number,
                "i" * len(letters) if dark else "".join(letters.values()),
                of=of,
                suite="0.1.0" if number < UPDATED else "0.2.0",
                contract=CONTRACT if number < REVISED else OTHER,
                obstacle="port: 127.0.0.1 refuses connections" if dark else "",
                ms=None if dark else (took, 2 * took),
            )
        )
    return found


__all__ = ["BEGAN", "CONTRACT", "DARK", "DAY", "NAMES", "SINCE", "forty", "kept", "night", "nights", "terms"]

"""How two runs differ in which target they asked, about what and on which terms, whatever they found.

A difference by which a run shows less than the first one has a word, by which `compare --allow` takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.contract.levels import LEVELS

if TYPE_CHECKING:
    from conformance.verdicts.verdict import Report, SettingsNote

# What `--allow` takes, and what each word allows to be less.
ALLOWABLE: Mapping[str, str] = {
    "accept": "interpretations that the first run did not accept",
    "binding": "another binding",
    "calls": "calls that are not judged any more",
    "checks": "requirements that rest on fewer checks",
    "contract": "another contract page or edition",
    "deselect": "requirements that were left out, by --select, --deselect, -k or the like",
    "exchanges": "fewer requests of the plan",
    "inapplicable": "requirements that have no subject any more",
    "inconclusive": "requirements that could be judged, and cannot any more",
    "interrupted": "a run that was stopped before its end",
    "level": "a lower level",
    "new": "failures of what the first run did not judge",
    "policy": "another policy, or none",
    "proxy": "a way through a proxy, or without it",
    "replay": "a recording in place of an endpoint",
    "requirements": "another catalogue of requirements, or some that are gone",
    "states": "states that are not provisioned any more, or reached otherwise",
    "suite": "another version of the suite, or one that does not say its settings",
    "target": "another target, or the same name at another address",
    "tolerance": "larger tolerances, other error elements",
    "waiver": "failures that are waived, or another file of waivers",
}
_LOOPBACK = re.compile(r"(?<=//)(localhost|127\.0\.0\.1|\[::1\]):[0-9]+")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something in which a run is not like the first. word: what allows it, where it shows less; "" where not."""

    said: str
    word: str = ""


def differences(first: Report, other: Report) -> Iterator[Difference]:
    """Of what is judged and how, not of what was found."""
    yield from _of_whom(first, other)
    yield from _by_what(first, other)
    yield from _on_which_terms(first, other)
    here, there = first.settings, other.settings
    if here.catalogue and there.catalogue:
        yield from _by_settings(here, there)
    elif here.catalogue:
        yield Difference("does not say the settings that its verdict depends on", "suite")
    elif there.catalogue:
        yield Difference("says its settings, and [1] does not: it is of an older version")


def _of_whom(first: Report, other: Report) -> Iterator[Difference]:
    here, there = first.target, other.target
    yield from _another("target", here.name, there.name, "target")
    yield from _another("endpoint", _place(here.endpoint), _place(there.endpoint), "target")
    yield from _another("binding", here.binding, there.binding, "binding")
    if gone := [name for name in here.calls if name not in there.calls]:
        yield Difference(f"did not judge the calls {', '.join(gone)}", "calls")
    if more := [name for name in there.calls if name not in here.calls]:
        yield Difference(f"judged the calls {', '.join(more)} too")


def _by_what(first: Report, other: Report) -> Iterator[Difference]:
    yield from _another("contract", first.suite.contract, other.suite.contract, "contract")
    yield from _another("version of the suite", _version(first), _version(other), "suite")
    if other.interrupted:
        yield Difference("was interrupted before its end", "interrupted")
    if first.seed != other.seed:
        yield Difference(f"drew its requests with the seed {other.seed}, not {first.seed}")


def _on_which_terms(first: Report, other: Report) -> Iterator[Difference]:
    if first.level != other.level:
        lower = LEVELS.index(other.level) < LEVELS.index(first.level)
        said = f"was judged at another level than [1]: {other.level}, not {first.level}"
        yield Difference(said, "level" if lower else "")
    if more := [name for name in other.target.accept if name not in first.target.accept]:
        yield Difference(f"accepts {', '.join(more)}, and [1] does not", "accept")
    if fewer := [name for name in first.target.accept if name not in other.target.accept]:
        yield Difference(f"does not accept {', '.join(fewer)}, and [1] does")
    here, there = (report.policy.sha256 if report.policy else "" for report in (first, other))
    if here != there:
        what = "another policy" if here and there else "a policy" if there else "no policy"
        yield Difference(f"was held to {what}, unlike [1]", "policy" if here else "")


def _by_settings(here: SettingsNote, there: SettingsNote) -> Iterator[Difference]:
    yield from _another("catalogue of requirements", here.catalogue[:12], there.catalogue[:12], "requirements")
    yield from _another("edition", " ".join(here.editions), " ".join(there.editions), "contract")
    yield from _another("endpoint of plain HTTP", _place(here.http_endpoint), _place(there.http_endpoint), "target")
    for code, way in here.states.items():
        if code not in there.states:
            yield Difference(f"has no state for {code}", "states")
        elif _place(there.states[code]) != _place(way):
            yield Difference(f"reaches the state of {code} by {there.states[code]}, not by {way}", "states")
    if more := [code for code in there.states if code not in here.states]:
        yield Difference(f"has states for {', '.join(more)} too")
    yield from _larger("clock tolerance", here.clock_tolerance, there.clock_tolerance)
    yield from _larger("answer budget", here.answer_budget, there.answer_budget)
    yield from _another(
        "pair of error elements", " ".join(here.error_elements), " ".join(there.error_elements), "tolerance"
    )
    if here.proxy != there.proxy:
        yield Difference(f"went through {'a' if there.proxy else 'no'} proxy, unlike [1]", "proxy")
    if here.hostile and not there.hostile:
        yield Difference("sent no hostile requests", "exchanges")
    if here.waivers != there.waivers:
        what = "other waivers" if here.waivers and there.waivers else "waivers" if there.waivers else "no waivers"
        yield Difference(f"was given {what}, unlike [1]", "waiver" if there.waivers else "")
    if here.replayed != there.replayed:
        what = "a recording, and [1] an endpoint" if there.replayed else "an endpoint, and [1] a recording"
        yield Difference(f"judged {what}", "replay" if there.replayed else "")


def fewer_requests(first: Report, other: Report) -> Iterator[Difference]:
    """Whether less was sent although as much was asked for."""
    here, there = first.settings.requests, other.settings.requests
    if there < here and other.settings.catalogue:
        yield Difference(f"sent {there} different requests of the plan, not {here}", "exchanges")


def _another(what: str, here: str, there: str, word: str) -> Iterator[Difference]:
    if here != there:
        yield Difference(f"has another {what} than [1]: {there or 'none'}, not {here or 'none'}", word)


def _larger(what: str, here: float, there: float) -> Iterator[Difference]:
    if here != there:
        yield Difference(
            f"has another {what} than [1]: {there:g} s, not {here:g} s", "tolerance" if there > here else ""
        )


def _version(report: Report) -> str:
    return f"{report.suite.name} {report.suite.version}"


def _place(text: str) -> str:
    """A URL, or a text with some, as far as it says who is asked: ports of this machine are drawn anew each time."""
    return _LOOPBACK.sub(r"\1", text)

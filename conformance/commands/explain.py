"""`explain`: one requirement, interpretation, exit code, setting or variant, or the limits, in full. Offline."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable
from functools import cache

from conformance.checks.catalogue import Case, Check, chosen_checks, wishes_of
from conformance.checks.extension import Extension, read_extensions
from conformance.contract.given import ConfigError
from conformance.contract.load import documented, folder
from conformance.contract.model import Contract, Interpretation, Requirement
from conformance.contract.purpose import is_wanted
from conformance.contract.spelling import meant
from conformance.probes import plan as plans
from conformance.reporting.output import say
from conformance.reporting.screen import here
from conformance.selftest.trials import Trial, trials
from conformance.target.settings import BINDINGS, SETTINGS, Setting
from conformance.target.target import target
from conformance.verdicts.sensitivity import sensitivities
from conformance.verdicts.verdict import ExitCode

_LONGEST, _FAULTS = 4_000, 12  # characters of a paragraph; known faults that are told
Line = tuple[str, str]  # a label and a paragraph; "": a heading
_LIMITS = "limits"
_PLACES = {
    "target": "in [targets.NAME]",
    "state": "in [targets.NAME.states.NNN]",
    "extensions": "in [extensions]",
    "run": "of a run",
    "command": "of a command",
}
_CODES = {
    ExitCode.CONFORMING: "conforming: nothing failed at the chosen level, and nothing that it requires was left open",
    ExitCode.NONCONFORMING: "nonconforming: at least one requirement of the chosen level failed",
    ExitCode.INTERRUPTED: "interrupted by a signal: states are taken back, reports of what was judged are written",
    ExitCode.INTERNAL_ERROR: "the suite itself failed, or there was no room for what it writes: no verdict",
    ExitCode.USAGE: "a wrong option, configuration or file: one line says which, and nothing was sent",
    ExitCode.NOTHING_SELECTED: "nothing selected: the options leave no requirement to judge",
    ExitCode.INCONCLUSIVE: "inconclusive: nothing failed, but something required could not be judged",
}
# What reports call a level or what became of a requirement.
_WORDS = {
    **{
        level: f"the level of a requirement: {why}; {fails}"
        for level, why, fails in (
            ("must", "the page states it", "a failure fails every run"),
            ("should", "it follows from the page's example or from a standard", "it fails a run with --level should"),
            ("advisory", "it is good practice", "it fails a run with --level advisory alone"),
        )
    },
    "pass": "seen, and as documented",
    "fail": "seen, and not as documented",
    "inconclusive": "could not be seen, for the reason beside it: it never counts as passed",
    "not_applicable": "has no subject at this target, or was not selected",
    "error": "the suite itself failed there, and says nothing of the endpoint",
    "waived": "a failure that a file of waivers excuses, for a reason and until a day (--waivers)",
    "provisioned": "of a state: the configuration says how it is reached, in [targets.NAME.states.NNN]",
    "mutant": "the reference endpoint, broken in one way on purpose: `prove` shows that the suite finds it",
}
_TO_DO = {
    ExitCode.NONCONFORMING: "what the report has under FAIL and What to fix; `compare` says what is new of it",
    ExitCode.INTERNAL_ERROR: "what the report has under ERROR, or what the one line says; then run it again",
    ExitCode.USAGE: "what the line says is allowed; `connect-conformance help COMMAND` has all options",
    ExitCode.INCONCLUSIVE: "what the report has under OPEN, each with what would have it judged; `doctor` looks before"
    " a run. To leave requirements out on purpose there is --deselect",
}


def run(options: argparse.Namespace) -> int:
    """Print what the name stands for. Raises ConfigError for a name that stands for nothing."""
    say(explained(options.name, read_extensions(options.extension, documented())))
    return ExitCode.CONFORMING


def explained(name: str, extensions: tuple[Extension, ...] = ()) -> str:
    """What the name of a requirement, an interpretation, an exit code, a setting or a variant stands for.

    A setting has the names of its key, its option and its variable.
    """
    told = _told(extensions)
    asked = name.lower()
    also = {other.lower(): row.key for row in SETTINGS if row.commands for other in (row.flag, row.variable)}
    asked = asked.replace(" ", "_") if asked.replace(" ", "_") in _WORDS else asked
    found = name if name in told else next((key for key in told if key.lower() == asked), also.get(asked))
    if found is None:
        hint = meant(name, [*told, *(one for row in SETTINGS if row.commands for one in (row.flag, row.variable))])
        if name.upper().startswith("X-") and not extensions:
            hint = "; a requirement of your own needs --extension DIR"
        raise ConfigError(
            f"explain: {name!r} is no requirement, interpretation, exit code, setting, variant or verdict{hint};"
            f" allowed: a name that `requirements`, `prove --format json`, a help or a report prints, and `{_LIMITS}`"
        )
    screen = here()
    for label, text in told[found]():
        if label:
            screen.say(text, f"  {label.strip():<14}", limit=_LONGEST)
        else:
            screen.say(text, style="bold", hanging=2)
    return str(screen)


def names() -> list[str]:
    """All that can be asked for."""
    return list(_told(()))


def _told(extensions: tuple[Extension, ...]) -> dict[str, Callable[[], list[Line]]]:
    """What says what each name stands for."""
    contract = documented()
    variants = _variants()
    told: dict[str, Callable[[], list[Line]]] = {
        _LIMITS: _limits,
        **{word: lambda word=word: [("", word), *_paragraph("means", _WORDS[word])] for word in _WORDS},  # type: ignore[misc]
        **{str(int(code)): lambda code=code: _exit_code(code) for code in _CODES},  # type: ignore[misc]
        **{i.id: lambda i=i: _interpretation(i, contract) for i in contract.interpretations.values()},  # type: ignore[misc]
        **{r.id: lambda r=r: _requirement(r, contract, variants) for r in contract.requirements.values()},  # type: ignore[misc]
        **{row.key: lambda key=row.key: _setting(key) for row in SETTINGS},  # type: ignore[misc]
        **{v.id: lambda v=v: _variant(v) for v in variants.values()},  # type: ignore[misc]
    }
    for own in extensions:
        told |= {r.id: lambda r=r, own=own: _own(r, own) for r in own.contract.requirements.values()}  # type: ignore[misc]
    return told


@cache
def _variants() -> dict[str, Trial]:
    return {trial.id: trial for trial in trials()}


def _paragraph(label: str, text: str) -> list[Line]:
    return [(label or " ", text)] if text else []


def _requirement(requirement: Requirement, contract: Contract, variants: dict[str, Trial]) -> list[Line]:
    lines = [("", f"{requirement.id}  {requirement.level}"), *_paragraph("holds", requirement.statement)]
    if requirement.quote:
        section = f"section {requirement.section}"
        is_title = requirement.quote == requirement.section
        lines += _paragraph("page", section if is_title else f'"{requirement.quote}" ({section})')
    if requirement.standard:
        lines += _paragraph("standard", requirement.standard)
    for name in requirement.interpretation:
        lines += _paragraph("read as", f"{name}: {contract.interpretations[name].decision}")
    lines += _paragraph("to mend", requirement.mend)
    lines += _looked_at(contract, _checks(contract, requirement))
    faults = [v for v in variants.values() if v.kind == "mutant" and requirement.id in v.breaks]
    known = sensitivities().get(requirement.id)
    made = f"the suite finds {known.killed} of the {known.known} that `prove` makes on purpose" if known else "none"
    lines += _paragraph("known faults", f"{made}{':' if faults else ''}")
    lines += [line for fault in faults[:_FAULTS] for line in _paragraph("", f"{fault.title} ({fault.id})")]
    more = len(faults) - _FAULTS
    return [*lines, *_paragraph("", f"and {more} more: `prove --format json`" if more > 0 else "")]


def _own(requirement: Requirement, own: Extension) -> list[Line]:
    """A requirement of a user's own, which need not rest on anything."""
    lines = [
        ("", f"{requirement.id}  {requirement.level}, of the extension {own.name}"),
        *_paragraph("holds", requirement.statement),
    ]
    if requirement.source:
        lines += _paragraph("rests on", requirement.source)
    for name in requirement.interpretation:
        lines += _paragraph("read as", f"{name}: {own.contract.interpretations[name].decision}")
    lines += _looked_at(own.contract, _checks(own.contract, requirement, own.checks))
    return [*lines, *(_paragraph("to mend", requirement.mend) if requirement.mend else [])]


def _looked_at(contract: Contract, chosen: list[tuple[Check, Case]]) -> list[Line]:
    """The checks, and what is sent for them."""
    titles = dict.fromkeys(check.title for check, _ in chosen)
    return [line for title in titles for line in _paragraph("check", title)] + _paragraph(
        "sent", _sent(contract, chosen)
    )


def _checks(
    contract: Contract, requirement: Requirement, of: Iterable[Check] | None = None
) -> list[tuple[Check, Case]]:
    calls = requirement.calls or (contract.call.name,)
    return chosen_checks(contract, {(requirement.id, call) for call in requirement.of(calls)}, calls, of)


def _sent(contract: Contract, chosen: list[tuple[Check, Case]]) -> str:
    """How many requests a run sends for checks, and the first of them."""
    states = {code: {"headers": {"X": "1"}} for code, e in contract.errors.items() if e.provoked == "provisioned"}
    about = dict.fromkeys(case.call for _, case in chosen if case.call) or [contract.call.name]
    calls = [name for name in about if contract.calls[name].row.effect != "changes"]
    if not calls:
        return "nothing unasked: what it is about changes something"
    settings = {
        "endpoint": "https://example.com/TOKEN",
        "allow_hostile_requests": True,
        "states": states,
        "calls": calls,
    }
    plan = plans.plan(contract, target("example", settings, contract), plans.EVERYTHING)
    wishes = wishes_of(chosen)
    titles = [probe.title for probe in plan.probes if not wishes or is_wanted(probe.purpose, wishes)]
    shown = "; ".join(titles[:3])
    return f"{len(titles)} requests: {shown}{'; ...' if len(titles) > 3 else ''}"


def _interpretation(interpretation: Interpretation, contract: Contract) -> list[Line]:
    rests = [r.id for r in contract.requirements.values() if interpretation.id in r.interpretation]
    lines = [("", interpretation.id), *_paragraph("page", interpretation.page)]
    lines += _paragraph("decided", interpretation.decision)
    if interpretation.acceptable:
        lines += _paragraph("instead", f"{interpretation.alternative} Accept it with --accept {interpretation.id}.")
    return [*lines, *_paragraph("decides", ", ".join(rests) or "no single requirement")]


def _exit_code(code: ExitCode) -> list[Line]:
    told = [("", f"exit code {int(code)}"), *_paragraph("means", _CODES[code])]
    return [*told, *_paragraph("to mend", _TO_DO.get(code, ""))]


def _limits() -> list[Line]:
    """What the suite cannot see: the page of that name, which ships with the package."""
    blocks = (folder("docs") / "limits.md").read_text(encoding="utf-8").split("\n\n")
    items = [item for block in blocks for item in re.split(r"\n(?=- )", block)]
    return [("" if item.startswith("#") else " ", " ".join(item.lstrip("# ").split())) for item in items]


def _setting(key: str) -> list[Line]:
    """Each place that has a setting of this name."""
    return [line for row in SETTINGS if row.key == key for line in _row(row)]


def _row(row: Setting) -> list[Line]:
    lines = [
        ("", f"{row.key}  setting, {_PLACES[row.place]}"),
        *_paragraph("says", f"{row.help[0].upper()}{row.help[1:]}."),
    ]
    lines += _paragraph("", row.more)
    lines += _paragraph("allowed", row.allowed if row.parse is None else row.metavar or row.allowed)
    lines += _paragraph("default", "none: it has to be given" if row.required else row.usual or "nothing")
    if row.place in {"target", "state", "extensions"}:
        lines += _paragraph("in the file", f"{row.key} = {row.example or json.dumps(row.fallback)}")
    if row.commands:
        option = f"{row.flag} {row.metavar or ''}".strip() + (" (repeatable)" if row.repeatable else "")
        lines += _paragraph("option", f"{option}, of {', '.join(row.commands)}")
        lines += _paragraph("variable", row.variable)
    return lines


def _variant(variant: Trial) -> list[Line]:
    lines = [("", f"{variant.id}  {variant.kind}"), *_paragraph("is", variant.title)]
    if variant.breaks:
        lines += _paragraph("breaks", ", ".join(variant.breaks))
    if variant.also:
        lines += _paragraph("may show at", ", ".join(variant.also))
    over = variant.binding if variant.binding in BINDINGS else "query-xml"
    option = f"connect-conformance serve --mutant {variant.id}"
    shown = f"{option}, asked as {over}" if over != "query-xml" else option
    return [*lines, *(_paragraph("try it", shown) if variant.rewrite is None else [])]

"""The overview of a fleet, for a terminal, a CI job's page, a browser and programs. Strangers' text is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from json import dumps
from typing import Any

import msgspec

from conformance.contract.spelling import counted
from conformance.reporting import escape
from conformance.reporting.junit import union
from conformance.verdicts.fleet import Member, Overview, Row, counts_against
from conformance.verdicts.likeness import ROLL_UP
from conformance.verdicts.result import Verdict

_SHOWN = 40  # targets on a terminal before "and N more"
_NAMED = 6  # requirements named per target
# What the requirements of a family are about, where their ids alone do not say it.
_FAMILIES = {
    "REQ": "the request",
    "ENV": "the envelope",
    "CBK": "the callback list",
    "TIM": "the Timestamp",
    "TLS": "HTTPS",
    "ERR": "errors",
    "PRM": "parameters",
    "ACT": "accounts",
    "HYG": "hygiene",
}


def sentence(made: Overview) -> str:
    """What the fleet comes to."""
    kinds = Counter(member.verdict for member in made.targets)
    order = ("not judged", "unreachable", "nonconforming", "inconclusive", "conforming in part", "conforming")
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in order if kinds[kind])
    return f"{counted(len(made.targets), 'target')}: {said or 'nothing to judge'}; exit code {made.exit_code}"


def told(member: Member, made: Overview) -> str:
    """What is worth saying of a target in one line: what it broke and why, or, if nothing, what stayed open."""
    against = [row.id for row in made.requirements if counts_against(member, row)]
    against.sort(key=lambda name: name.startswith(ROLL_UP))
    open_ = [name for name in against if member.verdicts[name] is Verdict.INCONCLUSIVE]
    named = [name for name in against if name not in open_] or open_
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    because = (member.cause or member.reasons.get(named[0], "")) if named else ""
    said = ", ".join(named[:_NAMED]) + more + (f": {because}" if because else "")
    left = f"{len(open_)} could not be judged" if open_ and open_ != named else ""
    return "; ".join(filter(None, (member.error, said, left)))


def terminal(made: Overview) -> str:
    """Worst first, one line for each target."""
    from conformance.reporting.screen import here  # noqa: PLC0415  only where it is printed

    width = max((len(escape.terminal(m.name, limit=40)) for m in made.targets), default=0)
    screen = here(whole=True, color=False)
    screen.say(sentence(made), hanging=2)
    for member in made.targets[:_SHOWN]:
        name = escape.terminal(member.name, limit=40)
        screen.say(told(member, made), f"  {escape.terminal(member.verdict):14}{name:{width}}  ", limit=300)
    if len(made.targets) > _SHOWN:
        screen.say(f"... and {len(made.targets) - _SHOWN} more, see overview.html", "  ")
    return str(screen)


def as_json(made: Overview) -> str:
    """For programs, and for `compare --overview`, which merges several."""
    return escape.json(dumps(msgspec.to_builtins(made), ensure_ascii=False, indent=1)) + "\n"


def markdown(made: Overview) -> str:
    """In GitHub Flavored Markdown: targets, then the requirements that somebody did not keep."""
    lines = [f"**{sentence(made)}**", "", "| Target | Verdict | Fail | Inconclusive | Error | What |"]
    lines.append("|---|---|--:|--:|--:|---|")
    for member in made.targets:
        n = member.counts
        name, what = (escape.markdown(text, limit=300, cell=True) for text in (member.name, told(member, made)))
        lines.append(f"| {name} | {_word(member.verdict)} | {n.fail} | {n.inconclusive} | {n.error} | {what} |")
    troubled = [row for row in made.requirements if _troubled(row)]
    if troubled:
        lines += ["", "| Requirement | Level | Fail | Inconclusive | Error | Pass |", "|---|---|--:|--:|--:|--:|"]
    for row in troubled:
        n = row.counts
        name = escape.markdown(row.id, cell=True)
        lines.append(f"| {name} | {row.level} | {n.fail} | {n.inconclusive} | {n.error} | {n.pass_} |")
    return "\n".join(lines) + "\n"


def _word(verdict: str) -> str:
    """A verdict, which in a file of somebody else may be anything."""
    return verdict if verdict.replace(" ", "").isalpha() else escape.markdown(verdict, limit=40, cell=True)


def _troubled(row: Row) -> bool:
    return bool(row.counts.error or row.counts.fail or row.counts.inconclusive)


def html(made: Overview) -> str:
    """One page without scripts: a card a target, and the matrix of targets by requirements, family by family."""
    from conformance.reporting.pages import page  # noqa: PLC0415  only where a page is written

    troubled = [row for row in made.requirements if _troubled(row)]
    families: dict[str, list[Row]] = {}
    for row in troubled:
        family, _, call = row.id.partition("@")
        name = family.split("-")[0]
        named = f"{name}: {_FAMILIES[name]}" if name in _FAMILIES else name
        families.setdefault(" of ".join(filter(None, (named, call))), []).append(row)
    judged = [member for member in made.targets if member.verdicts]
    return page(
        "overview.html.jinja",
        title="Overview - connect-conformance",
        sentence=sentence(made),
        targets=made.targets,
        told=lambda member: "; ".join(filter(None, (member.error, member.cause))) or told(member, made),
        families=[{"name": name, "rows": rows} for name, rows in families.items()],
        judged=judged,
        when=max((m.started for m in judged), default="").replace("T", " ").replace("Z", " UTC"),
        terms=sorted({f"level {m.level} of {m.contract[: m.contract.find('@') + 9]}" for m in judged}),
        cell_of=_cell,
        word_of=_word_of,
        claim_of=_claim_of,
        kept=len(made.requirements) - len(troubled),
    )


def _claim_of(member: Member) -> str:
    """The claim that colours a target's badge: what was not judged, or not reached, is open."""
    word = member.verdict.partition(" ")[0]
    return word if word in {"conforming", "nonconforming"} else "inconclusive"


def _word_of(member: Member) -> str:
    """The word that colours a target."""
    claims = {
        "conforming": "pass",
        "nonconforming": "fail",
        "unreachable": "inconclusive",
        "inconclusive": "inconclusive",
    }
    return claims.get(member.verdict.split()[0], "error") if member.verdict else "error"


def _cell(member: Member, row: Row) -> dict[str, Any]:
    """One target's verdict on one requirement, as a cell of the matrix."""
    from conformance.reporting.pages import SIGNS  # noqa: PLC0415

    verdict = member.verdicts.get(row.id)
    if verdict is None:
        return {"word": "", "sign": "", "said": "not selected", "why": "", "linked": False}
    waived = row.id in member.waived
    return {
        "word": "waived" if waived else verdict.value,
        "sign": SIGNS[verdict.value] + (" (w)" if waived else ""),
        "said": verdict.value.replace("_", " ") + (", waived" if waived else ""),
        "why": member.reasons.get(row.id, ""),
        "linked": True,
    }


FORMATS: dict[str, Callable[[Overview], str]] = {"table": terminal, "json": as_json, "markdown": markdown, "html": html}


def files(made: Overview) -> dict[str, bytes]:
    """What is written into the folder of a fleet."""
    written = {"overview.json": as_json, "overview.md": markdown, "overview.html": html}
    return {name: form(made).encode("utf-8") for name, form in written.items()} | {"overview.junit.xml": union(made)}

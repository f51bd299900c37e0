"""The overview of a fleet, for a terminal, a CI job's page, a browser and programs. Strangers' text is inert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from json import dumps

import msgspec

from conformance.checks.outcome import Verdict
from conformance.reporting import inert
from conformance.reporting.junit import union
from conformance.verdicts.fleet import Member, Overview, Row, counts_against

_SHOWN = 40  # targets on a terminal before "and N more"
_NAMED = 6  # requirements named per target
_LETTERS = {
    Verdict.ERROR: "E",
    Verdict.FAIL: "F",
    Verdict.INCONCLUSIVE: "?",
    Verdict.PASS: "ok",
    Verdict.NOT_APPLICABLE: "n/a",
}


def sentence(made: Overview) -> str:
    """What the fleet comes to."""
    number = len(made.targets)
    kinds = Counter(member.verdict for member in made.targets)
    order = ("not judged", "nonconforming", "inconclusive", "conforming in part", "conforming")
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in order if kinds[kind])
    return f"{number} target{'' if number == 1 else 's'}: {said or 'nothing to judge'}; exit code {made.exit_code}"


def told(member: Member, made: Overview) -> str:
    """What is worth saying of a target in one line: what it broke, or, if nothing, what stayed open."""
    against = [row.id for row in made.requirements if counts_against(member, row)]
    open_ = [name for name in against if member.verdicts[name] is Verdict.INCONCLUSIVE]
    named = [name for name in against if name not in open_] or open_
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    because = member.reasons.get(named[0], "") if named else ""
    said = ", ".join(named[:_NAMED]) + more + (f": {because}" if because else "")
    left = f"{len(open_)} could not be judged" if open_ and open_ != named else ""
    return "; ".join(filter(None, (member.error, said, left)))


def terminal(made: Overview) -> str:
    """Worst first, one line for each target."""
    width = max((len(inert.terminal(m.name, limit=40)) for m in made.targets), default=0)
    lines = [sentence(made)]
    for member in made.targets[:_SHOWN]:
        line = f"  {member.verdict:14}{inert.terminal(member.name, limit=40):{width}}  {told(member, made)}"
        lines.append(inert.terminal(line, limit=300).rstrip())
    if len(made.targets) > _SHOWN:
        lines.append(f"  ... and {len(made.targets) - _SHOWN} more, see overview.html")
    return "\n".join(lines) + "\n"


def as_json(made: Overview) -> str:
    """For programs, and for `compare --overview`, which merges several."""
    return inert.json(dumps(msgspec.to_builtins(made), ensure_ascii=False, indent=1)) + "\n"


def markdown(made: Overview) -> str:
    """In GitHub Flavored Markdown: targets, then the requirements that somebody did not keep."""
    lines = [f"**{sentence(made)}**", "", "| Target | Verdict | Fail | Inconclusive | Error | What |"]
    lines.append("|---|---|--:|--:|--:|---|")
    for member in made.targets:
        n = member.counts
        name, what = (
            inert.markdown(text, limit=300, cell=True) for text in (member.name, told(member, made))
        )
        lines.append(
            f"| {name} | {_word(member.verdict)} | {n.fail} | {n.inconclusive} | {n.error} | {what} |"
        )
    troubled = [row for row in made.requirements if _troubled(row)]
    if troubled:
        lines += [
            "",
            "| Requirement | Level | Fail | Inconclusive | Error | Pass |",
            "|---|---|--:|--:|--:|--:|",
        ]
    for row in troubled:
        n = row.counts
        name = inert.markdown(row.id, cell=True)
        lines.append(f"| {name} | {row.level} | {n.fail} | {n.inconclusive} | {n.error} | {n.pass_} |")
    return "\n".join(lines) + "\n"


def _word(verdict: str) -> str:
    """A verdict, which in a file of somebody else may be anything."""
    return verdict if verdict.replace(" ", "").isalpha() else inert.markdown(verdict, limit=40, cell=True)


def _troubled(row: Row) -> bool:
    return bool(row.counts.error or row.counts.fail or row.counts.inconclusive)


def html(made: Overview) -> str:
    """One page without scripts: the targets, and the matrix of targets by requirements."""
    from conformance.reporting.pages import page  # noqa: PLC0415  only where a page is written

    return page(
        "overview.html.jinja",
        title="Overview - connect-conformance",
        sentence=sentence(made),
        targets=made.targets,
        told=lambda member: told(member, made),
        rows=[row for row in made.requirements if _troubled(row)],
        letter_of=_letter,
        kinds={"E": "E", "F": "F", "?": "open"},
    )


def _letter(member: Member, row: Row) -> str:
    verdict = member.verdicts.get(row.id)
    if verdict is None:
        return ""
    return _LETTERS[verdict] + (" (w)" if row.id in member.waived else "")


FORMATS: dict[str, Callable[[Overview], str]] = {"table": terminal, "json": as_json, "markdown": markdown}


def files(made: Overview) -> dict[str, bytes]:
    """What is written into the folder of a fleet."""
    written = {"overview.json": as_json, "overview.md": markdown, "overview.html": html}
    return {name: form(made).encode("utf-8") for name, form in written.items()} | {
        "overview.junit.xml": union(made)
    }

"""The overview of a fleet, for a terminal, a CI job's page, a browser and programs. Strangers' text is inert."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from html import escape
from json import dumps
from urllib.parse import quote

import msgspec

from conformance.overview import Member, Overview, Row, counts_against
from conformance.reporting import inert
from conformance.verdicts import Verdict

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
    order = ("not judged", "nonconforming", "inconclusive", "conforming")
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in order if kinds[kind])
    return f"{number} target{'' if number == 1 else 's'}: {said or 'nothing to judge'}; exit code {made.exit_code}"


def _told(member: Member, made: Overview) -> str:
    """What is worth saying of a target in one line."""
    against = [row.id for row in made.requirements if counts_against(member, row)]
    more = f" and {len(against) - _NAMED} more" if len(against) > _NAMED else ""
    named = ", ".join(against[:_NAMED]) + more
    because = member.reasons.get(against[0], "") if against else ""
    return "; ".join(filter(None, (member.error, f"{named}: {because}" if because else named)))


def terminal(made: Overview) -> str:
    """Worst first, one line for each target."""
    width = max((len(inert.terminal(m.name, limit=40)) for m in made.targets), default=0)
    lines = [sentence(made)]
    for member in made.targets[:_SHOWN]:
        line = f"  {member.verdict:14}{inert.terminal(member.name, limit=40):{width}}  {_told(member, made)}"
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
            inert.markdown(text, limit=300, cell=True) for text in (member.name, _told(member, made))
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


_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1rem auto; max-width: 100rem; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #8886; padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; }
.matrix thead th { writing-mode: vertical-rl; vertical-align: bottom; }
.matrix thead th:first-child { writing-mode: horizontal-tb; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.F, .E { font-weight: 700; background: #d1242f33; }
.open { background: #d4a72c33; }
"""


def html(made: Overview) -> str:
    """One page without scripts: the targets, and the matrix of targets by requirements."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(sentence(made))}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Overview</h1><p>{escape(sentence(made))}</p>",
        *_targets(made),
        *_matrix(made),
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def _shown(text: str, limit: int = 400) -> str:
    return escape(inert.terminal(text, limit=limit))


def _targets(made: Overview) -> Iterator[str]:
    yield '<h2>Targets, worst first</h2><div class="wide"><table><thead><tr>'
    for head in ("Target", "Endpoint", "Verdict", "Fail", "Inconclusive", "Error", "What"):
        yield f'<th scope="col">{head}</th>'
    yield "</tr></thead><tbody>"
    for member in made.targets:
        n = member.counts
        cells = (_shown(member.endpoint), _shown(member.verdict), n.fail, n.inconclusive, n.error)
        yield f'<tr><th scope="row">{_link(member)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)
        yield f"<td><code>{_shown(_told(member, made))}</code></td></tr>"
    yield "</tbody></table></div>"


def _link(member: Member) -> str:
    """The name, leading to the target's own report where there is one."""
    name = _shown(member.name)
    if not member.verdicts:
        return name
    return f'<a href="./{escape(quote(f"{member.folder}/report.html"))}">{name}</a>'


def _matrix(made: Overview) -> Iterator[str]:
    rows = [row for row in made.requirements if _troubled(row)]
    if not rows:
        return
    yield "<h2>Requirements that somebody did not keep, worst first</h2>"
    yield "<p>E: error, F: fail (w: waived), ?: inconclusive, n/a: not applicable, empty: not selected.</p>"
    yield '<div class="wide"><table class="matrix"><thead><tr><th scope="col">Target</th>'
    for row in rows:
        yield f'<th scope="col" title="{_shown(row.title)}">{_shown(row.id)} ({row.level})</th>'
    yield "</tr></thead><tbody>"
    for member in made.targets:
        yield (
            f'<tr><th scope="row">{_link(member)}</th>'
            + "".join(_cell(member, row) for row in rows)
            + "</tr>"
        )
    yield "</tbody></table></div>"


def _cell(member: Member, row: Row) -> str:
    verdict = member.verdicts.get(row.id)
    if verdict is None:
        return "<td></td>"
    letter = _LETTERS[verdict] + (" (w)" if row.id in member.waived else "")
    kind = {"E": "E", "F": "F", "?": "open"}.get(letter, "")
    return f'<td class="{kind}" title="{_shown(member.reasons.get(row.id, ""))}">{letter}</td>'


FORMATS: dict[str, Callable[[Overview], str]] = {"table": terminal, "json": as_json, "markdown": markdown}


def files(made: Overview) -> dict[str, bytes]:
    """What is written into the folder of a fleet."""
    written = {"overview.json": as_json, "overview.md": markdown, "overview.html": html}
    return {name: form(made).encode("utf-8") for name, form in written.items()}

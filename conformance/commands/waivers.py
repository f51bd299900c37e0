"""`waivers init`: a file of waivers to begin with, made from what failed in a run."""

from __future__ import annotations

import argparse
import glob
import json
from collections.abc import Iterator
from pathlib import Path

from conformance.commands.compare import read_result
from conformance.contract.given import ConfigError
from conformance.contract.spelling import counted
from conformance.reporting import escape
from conformance.reporting.output import say
from conformance.reporting.write import write_new
from conformance.verdicts.findings import failures
from conformance.verdicts.likeness import bare, printable, reasons
from conformance.verdicts.recount import recounted
from conformance.verdicts.verdict import RequirementResult

_HEAD = """\
# Excuses for known failures, for `run --waivers`. Each needs a reason, and a last day on which it holds; until both are
# filled in, the file is refused. `failure` is what is excused, by the reason of the check: when the same requirement
# fails for another reason, that is not excused. Without `failure`, any is.
"""


def run(options: argparse.Namespace) -> int:
    """Write the file; one that exists is left alone."""
    file = Path(options.output)
    _, report = read_result(options.reports)
    report = recounted(report)
    found = failures(report)
    if not found:
        allowed = "a run with a failure that fails it, and is not waived"
        raise ConfigError(f"there is nothing to waive in {options.reports}; allowed: {allowed}")
    rows = (line for one in found for line in _row(one, report.target.name))
    write_new(file, (_HEAD + "".join(f"{line}\n" for line in rows)).encode())
    shown = escape.terminal(str(file))
    said = f"{shown} written, with {counted(len(found), 'failure')}"
    say(f"{said}. Give each a reason and a last day, then: run --waivers {shown}\n")
    return 0


def _row(one: RequirementResult, target: str) -> Iterator[str]:
    told = [printable(bare(text)) for text in reasons(one)]
    yield from ("", f"# {one.level}: {printable(one.title)}", "[[waiver]]")
    yield f"requirement = {_written(one.id)}"
    if one.call:
        yield f"call = {_written(one.call)}"
    yield f"target = {_written(glob.escape(printable(target)))}"
    yield f"failure = {_written(told[0] if len(told) == 1 else told)}"
    yield 'reason = ""  # why this is excused, such as the number of a ticket'
    yield 'expires = "YYYY-MM-DD"  # the last day, without quotes'


def _written(value: str | list[str]) -> str:
    """A value in TOML, which writes printable text as JSON does."""
    return json.dumps(value, ensure_ascii=False)

"""Judges every stack whose servers are installed, and says whether one is accused without cause.

python -m tests.stacks [--list] [--keep FOLDER] [NAME-GLOB...]

Exit code: 0 no false accusation, 1 one at least, 2 no stack could be tried.
"""

from __future__ import annotations

import argparse
import fnmatch
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from .running import StartError
from .stack import Stack, stacks
from .trial import Finding, Trial, tried


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stacks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME-GLOB", help="default: all of them")
    parser.add_argument("--list", action="store_true", help="say what there is and what is missing; start nothing")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep configurations, logs and reports there")
    asked = parser.parse_args()
    chosen = [s for s in stacks() if not asked.names or any(fnmatch.fnmatch(s.name, n) for n in asked.names)]
    if asked.list:
        for stack in chosen:
            print(f"{stack.name:<18}{stack.title}{f' [{stack.missing()}]' if stack.missing() else ''}")
        return 0
    if asked.keep and any((asked.keep / stack.name).exists() for stack in chosen):
        parser.error(f"{asked.keep} has such stacks already")
    for number in (signal.SIGTERM, signal.SIGHUP):  # servers are stopped on the way out
        signal.signal(number, lambda which, _: sys.exit(128 + which))
    with tempfile.TemporaryDirectory(prefix="stacks-") as folder:
        Path(folder).chmod(0o755)  # servers that root starts give up root, and read what is in there
        ends = [judged(stack, (asked.keep or Path(folder)).resolve() / stack.name) for stack in chosen]
    wrong = sum(end is False for end in ends)
    skipped = sum(end is None for end in ends)
    print(f"\n{len(ends) - skipped} stacks judged, {wrong} wrongly; {skipped} not installed here")
    return 1 if wrong else 2 if skipped == len(ends) else 0


def judged(stack: Stack, folder: Path) -> bool | None:
    """Tries one stack and prints its rows: whether all is as declared, None where it is not installed."""
    if missing := stack.missing():
        print(f"{stack.name:<18}skipped        {missing}", flush=True)
        return None
    try:
        trial = tried(stack, folder)
    except (StartError, subprocess.TimeoutExpired) as reason:
        print(f"{stack.name:<18}NOT JUDGED     {reason}", flush=True)
        return False
    show(stack, trial)
    return not trial.wrong


def show(stack: Stack, trial: Trial) -> None:
    print(f"{stack.name:<18}{trial.verdict:<15}{trial.exchanges} exchanges, {trial.seconds:.1f} s: {stack.title}")
    for finding, ids in merged(trial.findings):
        kind = "open" if finding.open else "true" if finding.because else "false"
        print(f"  {kind if finding.because else kind.upper():<7}{finding.level:<8}{' '.join(ids)}: {finding.reason}")
        print(f"{'':<17}answers: {' '.join(finding.answers)}" if finding.answers else f"{'':<17}no answers")
        if finding.because:
            print(f"{'':<17}declared: {finding.because}")
    for gone in trial.unseen:
        print(f"  note           {gone} is declared, and was not seen")
    sys.stdout.flush()


def merged(findings: list[Finding]) -> list[tuple[Finding, list[str]]]:
    """Findings that differ in nothing but the requirement, as one."""
    rows: dict[tuple[str, ...], tuple[Finding, list[str]]] = {}
    for finding in findings:
        key = (finding.level, str(finding.open), finding.reason, finding.because, *finding.answers)
        rows.setdefault(key, (finding, []))[1].append(finding.id)
    return list(rows.values())


if __name__ == "__main__":
    sys.exit(main())

"""`verify`: what can be established of a package, one line a check."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.reporting import escape
from conformance.reporting.output import say
from conformance.reporting.screen import here
from conformance.submissions.judged_again import exit_of
from conformance.submissions.ledger import LEDGER, read_ledger
from conformance.submissions.live import live
from conformance.submissions.package import read_package
from conformance.submissions.rows import Standing
from conformance.submissions.signing import public_key
from conformance.submissions.verify import Verification, noted, read, verify
from conformance.target.configuration import find_config
from conformance.target.target import Target
from conformance.verdicts.findings import headline
from conformance.verdicts.policy import read_policy
from conformance.verdicts.verdict import ExitCode

_SAMPLE = 20  # requests that are sent again where nobody says how many
_WORDS = {
    ExitCode.CONFORMING: "ACCEPTED",
    ExitCode.NONCONFORMING: "NONCONFORMING",
    ExitCode.INCONCLUSIVE: "CANNOT BE ESTABLISHED",
}


def run(options: argparse.Namespace) -> int:
    """Verify a package and say what was found; returns the exit code."""
    contract = documented()
    for name in () if options.live else ("sample", "config"):
        if getattr(options, name):
            raise ConfigError(f"--{name}: nothing is sent without a target; allowed: beside --live TARGET")
    policy = read_policy(options.policy, contract) if options.policy else None
    keys = [public_key(file) for file in options.trust]
    if options.ledger and not options.ledger.exists():
        raise ConfigError(f"--ledger: there is no {options.ledger}; allowed: the ledger that `challenge` wrote")
    ledger = read_ledger(options.ledger or LEDGER)
    target = _target(options) if options.live else None
    submission = read(read_package(options.package))
    made = verify(submission, contract, ledger=ledger, keys=keys, policy=policy, now=time.time())
    noted(made, submission, ledger, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    if target is not None:
        rows = live(made.evidence, target, contract, options.sample or _SAMPLE, SystemRandom())
        made = replace(made, rows=(*made.rows, *rows), exit_code=exit_of([*made.rows, *rows], made.report))
    say(shown(made, quiet=options.quiet))
    return made.exit_code


def _target(options: argparse.Namespace) -> Target:
    """The owner's way to the endpoint, of his configuration file. Raises ConfigError."""
    if file := options.config or find_config(Path.cwd()):
        return Target.read(file, options.live)
    raise ConfigError("--live: there is no connect-conformance.toml here or above; allowed: --config FILE")


def shown(made: Verification, *, quiet: bool) -> str:
    """The rows, and what they come to. What the partner allowed himself is said in any case."""
    rows = [one for one in made.rows if not quiet or one.standing is not Standing.OK]
    screen = here(whole=True, color=False)
    for one in rows:
        screen.say(one.said, f"{one.standing.value:<22} {one.check:<18} ", limit=600)
    if rows:
        screen.whole("")
    screen.say(_end(made), hanging=2, limit=2_000)
    return str(screen)


def _end(made: Verification) -> str:
    whom = escape.terminal(made.evidence.target)
    bad = sum(one.standing in {Standing.FAILED, Standing.OPEN} for one in made.rows)
    if made.exit_code == ExitCode.CONFORMING and made.report is not None:
        return f"ACCEPTED: {whom}: {escape.terminal(headline(made.report))}"
    why = f"{bad} of {len(made.rows)} checks of the package failed or stayed open" if bad else ""
    told = escape.terminal(headline(made.report)) if made.report is not None else ""
    return f"{_WORDS[made.exit_code]}: {whom}: {'; '.join(filter(None, (why, told)))}"

"""`challenge`: a small file that a partner answers with a run."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.reporting import escape
from conformance.reporting.output import say
from conformance.reporting.write import check_new, write_new
from conformance.submissions.challenge import duration, host, issue, to_file
from conformance.submissions.ledger import LEDGER, read_ledger
from conformance.submissions.signing import private_key
from conformance.verdicts.policy import read_policy


def run(options: argparse.Namespace) -> int:
    """Write a challenge, and note it in the ledger; returns the exit code."""
    contract, file = documented(), Path(options.output)
    if not options.name.strip() or not options.name.isprintable() or len(options.name) > 200:
        raise ConfigError(f"--for: {options.name!r:.60} is no name; allowed: one of up to 200 printable characters")
    policy = read_policy(options.policy, contract) if options.policy else None
    key = private_key(options.key) if options.key else None
    ledger = read_ledger(options.ledger or LEDGER)
    try:
        hosts = tuple(dict.fromkeys(map(host, options.endpoint_host)))
        valid = duration(options.valid)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    challenge = issue(options.name, hosts=hosts, valid=valid, policy=policy, contract=contract, now=datetime.now(UTC))
    check_new(file)
    ledger.issue(challenge)
    write_new(file, to_file(challenge, key))
    named = escape.terminal(str(file))
    say(
        f"{named} written for {escape.terminal(options.name)}, valid until {challenge.expires};"
        f" noted in {escape.terminal(str(ledger.file))}.\n"
        "The partner answers it with\n"
        f"  connect-conformance run --target NAME --challenge {named} --reports answer\n"
        f"  connect-conformance package answer --challenge {named} --key KEY.pem -o answer.zip\n"
    )
    return 0

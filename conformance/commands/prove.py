"""`prove`: runs the variants and prints the kill matrix."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.spelling import meant
from conformance.reporting import output
from conformance.selftest.matrix import Matrix, as_json, grid, markdown, matrix, table
from conformance.selftest.prove import prove
from conformance.selftest.trials import trials
from conformance.verdicts.verdict import ExitCode


def run(options: argparse.Namespace) -> int:
    """Exit 0 only if the suite is proved: every mutant killed by the right requirement, nobody accused."""
    for glob in options.call:
        if not any(fnmatchcase(name, glob) for name in documented().calls):
            allowed = ", ".join(documented().calls)
            raise ConfigError(f"prove --call: no call is named {glob!r}; allowed: {allowed}, or a glob")
    if not trials(options.only, options.call):
        raise ConfigError(
            f"prove --only: no variant matches {', '.join(options.only)}{_meant(options.only)}; allowed: a glob such as"
            " 'timestamp_*'"
        )

    def progress(done: int, of: int) -> None:
        output.progress(f"{done} of {of} variants", over=done >= of)

    outcomes = prove(options.only, int(options.jobs), progress, options.call)
    result = matrix(outcomes, documented(), partial=bool(options.only or options.call))
    output.say(_FORMATS[options.format](result), options.format)
    if options.format != "table":
        output.note(result.sentence)
    return ExitCode.CONFORMING if result.proved else ExitCode.NONCONFORMING


def html(of: Matrix) -> str:
    """The kill matrix as a page of its own."""
    from conformance.reporting.pages import page  # noqa: PLC0415  only where a page is asked for

    return page("matrix.html.jinja", title="Kill matrix - connect-conformance", **grid(of)) + "\n"


_FORMATS = {"table": table, "json": as_json, "markdown": markdown, "html": html}


def _meant(globs: list[str]) -> str:
    return meant(globs[0], [trial.id for trial in trials()])

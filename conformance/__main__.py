"""`python -m conformance`: the console command."""

from __future__ import annotations

from typing import NoReturn

from conformance.commands.guard import left_with


def run() -> NoReturn:
    """Run the command line, and leave with its exit code."""
    left_with(_main)


def _main() -> int:
    from conformance.commands.cli import main  # noqa: PLC0415  what cannot be imported is told in one line

    return main()


if __name__ == "__main__":
    run()

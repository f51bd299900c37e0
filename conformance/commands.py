"""What the commands do, once the command line is understood."""

from __future__ import annotations

import argparse
import os
import sys

from conformance.target import ConfigError
from conformance.verdicts import ExitCode


def execute(options: argparse.Namespace) -> int:  # noqa: PLR0911  one return per command
    """Run one command; every expected mishap becomes one line and a documented exit code."""
    try:
        if options.command == "run":
            from conformance import running  # noqa: PLC0415

            return running.run(options)
        if options.command == "replay":
            from conformance import running  # noqa: PLC0415

            return running.replay(options)
        if options.command == "serve":
            from conformance import serving  # noqa: PLC0415

            return serving.serve(options)
        if options.command == "prove":
            from conformance import proving  # noqa: PLC0415

            return proving.run(options)
        from conformance import requirements  # noqa: PLC0415

        print(requirements.catalogue(options.format), end="")
    except ConfigError as error:
        print(f"connect-conformance: {error}", file=sys.stderr)
        return ExitCode.USAGE
    except KeyboardInterrupt:
        print("connect-conformance: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone; what Python flushes at its end would fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CONFORMING
    return ExitCode.CONFORMING

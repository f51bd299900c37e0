"""What the commands do, once the command line is understood."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from conformance.target.configuration import ConfigError
from conformance.verdicts.verdict import ExitCode

# Where a command is carried out; its module is imported when it is asked for.
_PLACES = {
    "run": ("run", "run"),
    "replay": ("run", "replay"),
    "serve": ("serve", "serve"),
    "prove": ("prove", "run"),
    "compare": ("compare", "run"),
    "requirements": ("requirements", "run"),
    "explain": ("explain", "run"),
    "init": ("init", "run"),
    "doctor": ("doctor", "run"),
}


def execute(options: argparse.Namespace) -> int:
    """Run one command; every expected mishap becomes one line and a documented exit code."""
    module, function = _PLACES[options.command]
    if options.command == "run":
        if options.all_targets or options.shard or len(options.target) > 1:
            module = "fleet"
        else:
            options.target = options.target[0] if options.target else None
    try:
        return int(getattr(import_module(f"conformance.commands.{module}"), function)(options))
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

"""Which module carries out a command, once the command line is understood."""

from __future__ import annotations

import argparse
from importlib import import_module

# Where a command is carried out; its module is imported when it is asked for.
_PLACES = {
    "run": ("run", "run"),
    "replay": ("run", "replay"),
    "serve": ("serve", "serve"),
    "prove": ("prove", "run"),
    "compare": ("compare", "run"),
    "requirements": ("requirements", "run"),
    "explain": ("explain", "run"),
    "completion": ("completion", "run"),
    "init": ("init", "run"),
    "doctor": ("doctor", "run"),
    "waivers": ("waivers", "run"),
    "challenge": ("challenge", "run"),
    "package": ("package", "run"),
    "verify": ("verify", "run"),
    "history": ("history", "run"),
}


def execute(options: argparse.Namespace) -> int:
    """Run one command; returns its exit code."""
    module, function = _PLACES[options.command]
    if options.command == "run" and (options.all_targets or options.shard or len(options.target) > 1):
        module = "fleet"
    return int(getattr(import_module(f"conformance.commands.{module}"), function)(options))

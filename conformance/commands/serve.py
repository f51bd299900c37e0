"""`serve`: the reference endpoint, for people who build or test clients."""

from __future__ import annotations

import argparse
import threading
from typing import TYPE_CHECKING

from conformance.contract.load import documented
from conformance.reporting.output import say
from conformance.sending.signals import meaning
from conformance.target.configuration import ConfigError
from conformance.verdicts.verdict import ExitCode

if TYPE_CHECKING:
    from conformance.reference import Running


def serve(options: argparse.Namespace) -> int:
    """Serve until asked to stop. Prints the URLs and the path of the CA certificate."""
    codes = documented().errors
    if options.state and options.state not in codes:
        raise ConfigError(
            f"serve --state: {options.state!r} is no documented error code; allowed: {', '.join(codes)}"
        )
    stop = threading.Event()
    with meaning(stop.set):
        with _started(options) as running:
            say(_where(running, options.state))
            stop.wait()
        say("Stopped.\n")
    return ExitCode.CONFORMING


def _started(options: argparse.Namespace) -> Running:
    from conformance.reference import start  # noqa: PLC0415

    try:
        return start(
            state=options.state,
            variant=options.mutant,
            host=options.host,
            https_port=options.https_port,
            http_port=options.http_port,
        )
    except (OSError, UnicodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is no address"
        raise ConfigError(f"serve: cannot listen on {options.host}: {why}") from None
    except (KeyError, ValueError) as error:
        raise ConfigError(f"serve --mutant: {str(error).strip(chr(39))}") from None


def _where(running: Running, state: str | None) -> str:
    lines = (
        f"HTTPS  {running.https_url}",
        f"HTTP   {running.http_url}   (every call is answered with error 009)",
        f"CA     {running.ca_file}",
        f"State  {state or 'none; the header X-Reference-State: NNN selects one per call'}",
        f"Try    curl --cacert {running.ca_file} '{running.https_url}?action=get_list_callback'",
        "Ctrl-C stops it.",
    )
    return "\n".join(lines) + "\n"

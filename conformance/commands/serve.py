"""`serve`: the reference endpoint, for people who build or test clients."""

from __future__ import annotations

import argparse
import signal
import threading

from conformance.contract.load import documented
from conformance.target.configuration import ConfigError
from conformance.verdicts.verdict import ExitCode


def serve(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. Prints the URLs and the path of the CA certificate."""
    from conformance.reference import start  # noqa: PLC0415

    codes = documented().errors
    if options.state and options.state not in codes:
        raise ConfigError(
            f"serve --state: {options.state!r} is no documented error code; allowed: {', '.join(codes)}"
        )
    try:
        running = start(
            state=options.state,
            variant=options.mutant,
            host=options.host,
            https_port=options.https_port,
            http_port=options.http_port,
        )
    except OSError as error:
        raise ConfigError(f"serve: cannot listen on {options.host}: {error.strerror or error}") from None
    except (KeyError, ValueError) as error:
        raise ConfigError(f"serve --mutant: {str(error).strip(chr(39))}") from None
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with running:
        print(f"HTTPS  {running.https_url}")
        print(f"HTTP   {running.http_url}   (every call is answered with error 009)")
        print(f"CA     {running.ca_file}")
        print(f"State  {options.state or 'none; the header X-Reference-State: NNN selects one per call'}")
        print(f"Try    curl --cacert {running.ca_file} '{running.https_url}?action=get_list_callback'")
        print("Ctrl-C stops it.", flush=True)
        stop.wait()
    print("Stopped.")
    return ExitCode.CONFORMING

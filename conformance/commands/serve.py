"""`serve`: the reference endpoint, for people who build or test clients."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.model import ServiceCall
from conformance.contract.spelling import meant
from conformance.reporting.output import say
from conformance.sending.signals import meaning
from conformance.verdicts.verdict import ExitCode

if TYPE_CHECKING:
    from conformance.reference import Running


def run(options: argparse.Namespace) -> int:
    """Serve until asked to stop. Prints the URLs and the path of the CA certificate."""
    codes = sorted({code for table in documented().tables.values() for code in table})
    if options.state and options.state not in codes:
        raise ConfigError(f"serve --state: {options.state!r} is no documented error code; allowed: {', '.join(codes)}")
    stop = threading.Event()
    with meaning(stop.set):
        with _started(options) as running:
            say(_where(running, options.state))
            stop.wait()
        say("Stopped.\n")
    return ExitCode.CONFORMING


def _started(options: argparse.Namespace) -> Running:
    from conformance.reference import start  # noqa: PLC0415
    from conformance.reference.registry import VARIANTS  # noqa: PLC0415

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
        hint = meant(options.mutant or "", VARIANTS)
        raise ConfigError(
            f"serve --mutant: {error.args[0]}{hint}; allowed: a name that `prove --format json` prints"
        ) from None


def _where(running: Running, state: str | None) -> str:
    from conformance.reference.provisions import HINTS  # noqa: PLC0415

    lines = (
        ("HTTPS", running.https_url),
        ("HTTP", f"{running.http_url}   (every call is answered with error 009)"),
        ("CA", f"{running.ca_file}"),
        ("State", state or "none; the header X-Reference-State: NNN selects one per call"),
        *((head, text.format(activation=running.activation_url)) for head, text in HINTS),
        *(("Try", line) for line in _examples(running)),
    )
    return "".join(f"{head:<6} {text}\n" for head, text in lines) + "Ctrl-C stops it.\n"


def _examples(running: Running) -> Iterator[str]:
    """A line for each call, those that change nothing first. What a password belongs to travels in a form."""
    calls = documented().calls.values()
    for call in sorted(calls, key=lambda call: ("read", "ephemeral", "changes").index(call.row.effect)):
        said = {"action": call.name, **_values(call)}
        curl = f"curl --cacert {quote(str(running.ca_file))}"
        if any(parameter.secret for parameter in call.parameters):
            yield f"{curl} --data-urlencode {quote(f'XML={_document(call, said)}')} {running.https_url}"
        else:
            yield f"{curl} {quote(f'{running.https_url}?{urlencode(said)}')}"


def _values(call: ServiceCall) -> dict[str, str]:
    """What the parameters of the usual request say, as the reference endpoint accepts it."""
    from conformance.reference.provisions import AT_ONCE  # noqa: PLC0415

    usual = {p.name: p.example for p in call.parameters if p.example or p.required}
    own = {name: AT_ONCE.get(f"{call.name}.{name}", AT_ONCE.get(name, text)) for name, text in usual.items()}
    return {name: text for name, text in own.items() if text}


def _document(call: ServiceCall, said: dict[str, str]) -> str:
    root = ET.Element(call.request_root)
    for name, text in said.items():
        ET.SubElement(root, name).text = text
    return ET.tostring(root, encoding="unicode")

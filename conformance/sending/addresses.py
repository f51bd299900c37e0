"""The further addresses of a host: each gets the documented call, over HTTPS and without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.probes import plain_http
from conformance.sending.failure import LineFailed

if TYPE_CHECKING:
    from conformance.probes.plan import Plan
    from conformance.probes.probe import Probe
    from conformance.sending.resolve import Names
    from conformance.target.target import Target

_ADDRESSES = 15  # of a host, beside its first, that are asked


async def further(plan: Plan, target: Target, names: Names, notes: list[str]) -> list[tuple[str, tuple[Probe, ...]]]:
    """The addresses that nothing was sent to yet, each with its calls; `notes` gets how many are left out.

    Through a proxy, the addresses are its matter.
    """
    if target.proxy or target.source_address:
        return []
    secure, plain = target.endpoint, target.http_endpoint
    alike = urlsplit(secure).hostname == urlsplit(plain).hostname
    found = []
    for number, address in enumerate(await _others(secure, names, notes), 2):
        probe = replace(
            plan.first,
            id=f"documented-address-{number}",
            title=f"the documented request, to {address}, another address of the host",
        )
        calls = plain_http.at_address(plan.together, number, address) if alike else ()
        found.append((address, (probe, *calls)))
    for number, address in enumerate(() if alike else await _others(plain, names, notes), 2):
        found.append((address, tuple(plain_http.at_address(plan.together, number, address))))
    return found


async def _others(url: str, names: Names, notes: list[str]) -> list[str]:
    """The addresses of a host but the one that was asked, no more of them than are looked at."""
    parts = urlsplit(url)
    try:
        others = (await names.resolve(parts.hostname or "", parts.port or 443))[1:]
    except LineFailed:  # told wherever it is asked
        return []
    if left := others[_ADDRESSES:]:
        notes.append(f"{len(left)} further addresses of the host were not asked")
    return others[:_ADDRESSES]

"""Sends the calls that change something: each once, whatever becomes of it, and no login behind one that failed."""

from __future__ import annotations

from conformance.evidence.exchange import Exchange
from conformance.probes.probe import Probe
from conformance.sending.session import Session
from conformance.sending.worker import Worker


async def send_once(session: Session, calls: tuple[Probe, ...]) -> None:
    """One after the other; why one is not sent stands in the session's gaps, under its purpose and its call."""
    refused = ""
    for probe in calls:
        if refused and probe.failed_login:
            session.gaps[f"{probe.purpose.label}@{probe.purpose.call}"] = refused
        elif "https" not in session.pace.silent:
            async with Worker(session) as worker:
                exchange = await worker.exchange(
                    probe
                )  # never a second time: nobody knows what the first has changed
            if why := _failed_login(session, probe, exchange):
                refused = f"{probe.purpose.call} {why}: no further login was tried, as two that fail lock an account"


def _failed_login(session: Session, probe: Probe, exchange: Exchange) -> str:
    """How a login failed, or may have; "" where it did not, or there was none."""
    if exchange.answer is None:
        return "got no answer" if probe.failed_login else ""
    reported = exchange.answer.envelope.errors(*session.target.error_elements)
    failed = {one.code.text for one in reported if one.code} & probe.failed_login
    return f"was answered with {min(failed)}" if failed else ""

"""Sends what is asked of calls that change something: each once, and no login behind one that failed unasked."""

from __future__ import annotations

from conformance.evidence.exchange import Exchange
from conformance.probes.probe import Probe
from conformance.sending.flows import filled
from conformance.sending.session import Session
from conformance.sending.worker import Worker


async def send_once(session: Session, calls: tuple[Probe, ...]) -> None:
    """One after the other; why one is not sent stands in the session's gaps, under its purpose and its call."""
    refused, trusted = "", set[str]()
    async with Worker(session) as worker:
        for probe in calls:
            user, label = (dict(probe.parameters).get("user", ""), f"{probe.purpose.label}@{probe.purpose.call}")
            why = refused if probe.failed_login else ""
            if probe.risky and not why and user not in trusted:
                why = "no login of its account has succeeded before, so that one more that fails could lock it"
            whole = filled(probe, session.exchanges, session.secrets)
            if why or isinstance(whole, str):
                session.gaps[label] = why or str(whole)
                continue
            if "https" in session.pace.silent:
                continue
            # Never a second time: nobody knows what the first has changed.
            exchange = await worker.exchange(whole)
            if probe.failed_login and exchange.answer and exchange.answer.envelope.says_success:
                trusted.add(user)
            if not probe.risky and (failed := _failed_login(session, probe, exchange)):
                refused = f"{probe.purpose.call} {failed}: no further login was tried, as two that fail lock an account"


def _failed_login(session: Session, probe: Probe, exchange: Exchange) -> str:
    """How a login failed, or may have; "" where it did not, or there was none."""
    if exchange.answer is None:
        return "got no answer" if probe.failed_login else ""
    reported = exchange.answer.envelope.errors(*session.target.error_elements)
    failed = {one.code.text for one in reported if one.code} & probe.failed_login
    return f"was answered with {min(failed)}" if failed else ""

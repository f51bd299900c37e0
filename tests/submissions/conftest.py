"""Honest runs against the reference endpoint, recorded once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import reference
from conformance.contract.load import documented
from conformance.reference import Running
from conformance.target.from_options import provisioned
from conformance.target.target import Target, target

CONTRACT = documented()
TOKEN = "5ecre7f00dcafe5ecre7f00dcafe1234"


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """The reference endpoint."""
    with reference.start() as started:
        yield started


def subject(running: Running, **settings: object) -> Target:
    """The reference endpoint as a target with a token, and with every state."""
    usual = provisioned(running, CONTRACT)
    usual |= {"endpoint": f"{running.https_url}{TOKEN}", "headers": {"Authorization": "Bearer gate-way-key"}}
    return target("staging", usual | settings, CONTRACT, environment={}, base=Path.cwd())

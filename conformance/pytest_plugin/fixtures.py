"""What a check, or any other test, may ask pytest for: what was recorded at the session's endpoint."""

from __future__ import annotations

import pytest

from conformance.checks.judging import Judging
from conformance.contract.purpose import EVERYTHING
from conformance.evidence.exchange import Evidence, Exchange
from conformance.pytest_plugin.plugin import CHECK, Suite

_NO_ENDPOINT = "nothing was recorded: `judging`, `evidence` and `exchanges` need --endpoint=URL or --target=NAME"


@pytest.fixture
def binding() -> str:
    """The binding under judgement, in the id of every check; parametrized by the session."""
    return ""


@pytest.fixture
def _connect_recorded(request: pytest.FixtureRequest) -> Judging:
    """Asked for by name, it has everything sent before the first test (`Suite.pytest_collection_finish`)."""
    for plugin in request.config.pluginmanager.get_plugins():
        if isinstance(plugin, Suite):
            return plugin.recorded(EVERYTHING)
    pytest.fail(_NO_ENDPOINT, pytrace=False)


@pytest.fixture
def judging(
    request: pytest.FixtureRequest,
    binding: str,  # noqa: ARG001  a check is named by it
    _connect_recorded: Judging,
) -> Judging:
    """What was recorded at the session's endpoint, and what can be asked about it."""
    _, case, _ = request.node.stash.get(CHECK, (None, None, None))
    return _connect_recorded.about(case.call if case else "")


@pytest.fixture
def evidence(judging: Judging) -> Evidence:
    """All that was recorded."""
    return judging.evidence


@pytest.fixture
def exchanges(judging: Judging) -> tuple[Exchange, ...]:
    """The exchanges: those that a check looks at; for any other test, all of them."""
    return judging.judged


@pytest.fixture
def exchange(request: pytest.FixtureRequest, binding: str) -> None:  # noqa: ARG001
    """Each of the exchanges in turn, which `judge` gives to a check."""
    if CHECK not in request.node.stash:
        pytest.fail("`exchange` is for checks (@requirement); allowed here: `exchanges`, all of them", pytrace=False)

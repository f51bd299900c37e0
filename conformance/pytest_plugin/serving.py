"""Fixtures for tests of clients and of endpoints: the reference endpoint, and the report of judging one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from conformance.reference import Running
    from conformance.verdicts.terms import Terms
    from conformance.verdicts.verdict import Report


class ConnectReport(Protocol):
    """What the fixture `connect_report` is."""

    def __call__(
        self,
        endpoint: str | Running,
        *,
        terms: Terms | None = None,
        extensions: Iterable[Path | str] = (),
        **settings: Any,
    ) -> Report:
        """Judge an endpoint. extensions: folders of checks of your own. settings: as `Target.of` takes them.

        Raises ConfigError.
        """


@pytest.fixture(scope="session")
def _connect_server() -> Iterator[Running]:
    from conformance.reference import start  # noqa: PLC0415  servers are loaded where one is asked for

    with start() as running:
        yield running


@pytest.fixture
def connect_server(_connect_server: Running) -> Iterator[Running]:
    """The reference endpoint, one for the session: `https_url`, `http_url`, `ca_file`, `token`, `set_state(code)`.

    The state that a test sets ends with it.
    """
    yield _connect_server
    _connect_server.set_state(None)


@pytest.fixture
def connect_report() -> ConnectReport:
    """Judges an endpoint, a URL or a `connect_server`, and returns the report."""

    def judged(
        endpoint: str | Running, *, terms: Terms | None = None, extensions: Iterable[Path | str] = (), **settings: Any
    ) -> Report:
        from conformance.contract.load import documented  # noqa: PLC0415
        from conformance.run import judge, record  # noqa: PLC0415
        from conformance.target.from_options import provisioned  # noqa: PLC0415
        from conformance.target.target import Target  # noqa: PLC0415

        known: dict[str, Any] = {"endpoint": endpoint}
        if not isinstance(endpoint, str):
            known = provisioned(endpoint, documented(), account="allow_effects" in settings)
        target = Target.of(**(known | settings))
        own = tuple(extensions)
        return judge(record(target, terms=terms, extensions=own), terms=terms, extensions=own)

    return judged

"""The front door of a checkout: given --endpoint, judge it; given none, test the house."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["conformance.pytest_plugin"]

CHECKS = Path(__file__).parent / "conformance" / "checks"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    from conformance.pytest_plugin.options import asks_for_an_endpoint  # noqa: PLC0415  pytest rewrites it first

    if asks_for_an_endpoint(config) and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(CHECKS)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor: half of the time a test waits for a clock, a socket or a process."""
    return 2 * (os.cpu_count() or 1)

"""Settings that all tests share."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import settings

from conformance.pytest_plugin.options import asks_for_an_endpoint
from conformance.target.labels import SIGNS

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")

gc.set_threshold(100_000)  # a third of the time of collecting is spent on looking for garbage among what stays

# Who starts the tests in the background may ignore these (nohup, a shell's &), and whatever the tests start would, too.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """What a CI system says of itself becomes labels of targets, and GitHub hears of a run, of no test."""
    if not asks_for_an_endpoint(config):
        for sign in SIGNS:
            os.environ.pop(sign, None)


def pytest_collection_finish() -> None:
    """What was collected is kept to the end: looking for garbage in it takes an eighth of the time of the tests."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Each worker gets a stretch of modules, and takes tests from another's when it has none left.

    Modules are shuffled whole: what one makes for all of its tests is made by one worker, and not by each.
    """
    from xdist.scheduler import WorkStealingScheduling  # noqa: PLC0415  none, where nobody has installed it

    return WorkStealingScheduling(config, log) if config.getvalue("dist") == "load" else None


@pytest.hookimpl
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests that nobody asks for are not read: one in five, and each worker of xdist reads them all."""
    unasked = config.option.markexpr == "not hostile"
    return True if unasked and collection_path == Path(__file__).parent / "hostile" else None


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"

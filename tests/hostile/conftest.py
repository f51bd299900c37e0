"""What the hostile tests share: one certificate authority, and one run for each behaviour."""

import contextlib
import fcntl
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import trial
from .catalogue import BEHAVIOURS
from .stage import Authority, Canary
from .trial import Trial


class Trials:
    """Runs each behaviour once in a session, also where the tests are spread over several processes."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder, self._authority = folder, authority
        folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, name: str) -> Trial:
        done = self._folder / f"{name}.pickle"
        with _locked(self._folder / f"{name}.lock"):
            if not done.exists():
                ended = trial.run(BEHAVIOURS[name], self._authority, self._folder / name)
                done.write_bytes(pickle.dumps(ended))
            ended = pickle.loads(done.read_bytes())
        assert isinstance(ended, Trial)
        return ended


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def canary() -> Iterator[Canary]:
    with contextlib.closing(Canary()) as opened:
        yield opened


@pytest.fixture(scope="session")
def trials(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Trials:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    return Trials(base / "hostile", authority)


@pytest.fixture
def ended(request: pytest.FixtureRequest, trials: Trials) -> Trial:
    """The run against the behaviour that the test is parametrized with."""
    return trials[request.param]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take minutes, so they run on demand (-m hostile) and not with every change."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("hostile")

"""What the hostile tests share: one certificate authority, and one run for each behaviour."""

import contextlib
import fcntl
import os
import pickle
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import pytest

from . import (
    catalogue,  # noqa: F401  which fills the registry
    trial,
)
from .broken import FOREIGN
from .framing import CLOCKS
from .lures import PLAIN
from .registry import BEHAVIOURS
from .slow import SLOW
from .stage import Authority, Canary
from .trial import Trial

# What mostly waits costs no processor: it is begun first, the longest of all before the others.
LONGEST = (
    "every_other_answer_is_lost",
    "just_in_time",
    "answers_before_it_is_asked",
    "retry_after_two_seconds_each_time",
    "retry_after_two_seconds",
    "length_too_long_then_silence",
)
MOSTLY_WAIT = {SLOW, CLOCKS, FOREIGN, PLAIN}


class Trials:
    """Runs each behaviour once in a session, also where the tests are spread over several processes."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._folder, self._authority = folder, authority
        folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, name: str) -> Trial:
        with self._locked(name):
            self._once(name)
        ended = pickle.loads(self._done(name).read_bytes())
        assert isinstance(ended, Trial)
        return ended

    def _once(self, name: str) -> None:
        if not self._done(name).exists():
            ended = trial.run(BEHAVIOURS[name], self._authority, self._folder / name)
            self._done(name).write_bytes(pickle.dumps(ended))

    def _done(self, name: str) -> Path:
        return self._folder / f"{name}.pickle"

    @contextlib.contextmanager
    def _locked(self, name: str, how: int = fcntl.LOCK_EX) -> Iterator[None]:
        with (self._folder / f"{name}.lock").open("w") as file:
            fcntl.flock(file, how)
            yield

    @contextlib.contextmanager
    def ahead(self, names: Iterable[str]) -> Iterator[None]:
        """Meanwhile run these, several at a time."""
        left = deque(names)

        def work() -> None:
            while left:
                with contextlib.suppress(IndexError, BlockingIOError):  # none is left, or another has begun it
                    name = left.popleft()
                    with self._locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        self._once(name)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            left.clear()
            for thread in threads:
                thread.join()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def canary() -> Iterator[Canary]:
    with contextlib.closing(Canary()) as opened:
        yield opened


@pytest.fixture(scope="session")
def trials(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Trials]:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    trials = Trials(base / "hostile", authority)
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted = {behaviour_of(item) for item in items}
    with trials.ahead(name for name in [*LONGEST, *BEHAVIOURS] if name in wanted and mostly_waits(name)):
        yield trials


def behaviour_of(item: pytest.Item) -> str:
    """The behaviour that a test is parametrized with; "" where it is not."""
    return str(item.callspec.params.get("ended", "")) if hasattr(item, "callspec") else ""


def mostly_waits(name: str) -> bool:
    return name in LONGEST or (name in BEHAVIOURS and BEHAVIOURS[name].subject in MOSTLY_WAIT)


@pytest.fixture
def ended(request: pytest.FixtureRequest, trials: Trials) -> Trial:
    """The run against the behaviour that the test is parametrized with."""
    return trials[request.param]


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """They take minutes, so they run on demand (-m hostile) and not with every change; who waits comes last."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("hostile")
    yield
    items.sort(key=lambda item: mostly_waits(behaviour_of(item)))

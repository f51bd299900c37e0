"""A state's commands may fail, hang, be missing or talk too much; they are taken back all the same."""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from conformance.contract.load import documented
from conformance.contract.purpose import Kind, Purpose
from conformance.probes import plan as plans
from conformance.sending.pace import Limits
from conformance.sending.recorded import Recording
from conformance.sending.wire import Wire
from conformance.target.configuration import read_config
from conformance.target.target import target

from . import honest
from .provisioned import STATES, Ground, ground, noting
from .registry import HOLD, Step
from .stage import Ask, Authority
from .test_interruptions import assert_reports_are_whole, processes_with

HANGS = "import signal; signal.pause()"
TALKS = "import sys\nwhile True: sys.stdout.write('zzyzx ' * 10000)"
SETUPS: dict[str, list[str]] = {
    "fails": [sys.executable, "-c", "import sys; print('because of zzyzx'); sys.exit(3)"],
    "hangs": [sys.executable, "-c", HANGS],
    "is missing": ["/no/such/command"],
    "is a folder": ["/"],
    "is killed": [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"],
    "ignores its end": [sys.executable, "-c", f"import signal; signal.signal(15, signal.SIG_IGN); {HANGS}"],
    "floods": [sys.executable, "-c", TALKS],
    "prints no text": [
        sys.executable,
        "-c",
        "import sys; sys.stdout.buffer.write(b'\\xff\\x1b[2J\\0' * 99); sys.exit(1)",
    ],
    "reads its input": [sys.executable, "-c", "import sys; sys.exit(9 if sys.stdin.read() == '' else 0)"],
}


def verdicts(place: Ground, state: str) -> dict[str, tuple[str, str]]:
    report = json.loads((place.reports / "report.json").read_bytes())
    return {
        requirement["id"]: (requirement["verdict"], requirement["checks"][0]["reason"])
        for requirement in report["requirements"]
        if requirement["id"].startswith(f"ERR-{state}-")
    }


def test_commands_have_the_environment_of_the_caller(authority: Authority, tmp_path: Path) -> None:
    """What the suite keeps from its own pytest, which starts while requests are sent, is not kept from them."""
    code = "import os, sys; sys.exit(os.environ.get('PYTEST_ADDOPTS', 'none'))"

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        return {"setup": [sys.executable, "-c", code], "teardown": noting(folder / f"{state}.teardown")}

    with ground(authority, tmp_path, commands=commands) as place:
        place.run("--select", "ERR-004-*", env={"PYTEST_ADDOPTS": "--of-the-caller"})
        assert {reason.rpartition(": ")[2] for _, reason in verdicts(place, "004").values()} == {"--of-the-caller"}


@pytest.mark.parametrize("case", SETUPS)
def test_a_setup_command_that(case: str, authority: Authority, tmp_path: Path) -> None:
    """The group is inconclusive with the reason, the teardown runs, the other state is judged."""

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        setup = SETUPS[case] if state == STATES[0] else noting(folder / f"{state}.setup")
        return {"setup": setup, "teardown": noting(folder / f"{state}.teardown")}

    with ground(authority, tmp_path, commands=commands) as place:
        outcome = place.run()
        said = outcome.output.decode()
        assert (outcome.exit_code in {1, 10}, "Traceback" in said) == (True, False), said[-3000:]
        assert (outcome.seconds < 60, outcome.peak_mb < 300) == (True, True)
        told = verdicts(place, STATES[0])
        assert {verdict for verdict, _ in told.values()} == {"inconclusive"}
        assert all("setup" in reason for _, reason in told.values())
        assert [place.ran("teardown", state) for state in STATES] == [1, 1]
        assert {verdict for verdict, _ in verdicts(place, STATES[1]).values()} != {"inconclusive"}
        assert_reports_are_whole(place, outcome)
        assert not any(ask.head for ask in place.server.records if b"X-Test-State: 004" in ask.head)
        if case == "fails":
            assert all("zzyzx" in reason for _, reason in told.values())


@pytest.mark.parametrize("case", ["fails", "hangs", "is missing", "ignores its end", "floods"])
def test_a_teardown_command_that(case: str, authority: Authority, tmp_path: Path) -> None:
    """Someone must be told that a state may still be set; what was judged stays judged."""

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        teardown = SETUPS[case] if state == STATES[0] else noting(folder / f"{state}.teardown")
        return {"setup": noting(folder / f"{state}.setup"), "teardown": teardown}

    with ground(authority, tmp_path, commands=commands) as place:
        outcome = place.run()
        said = outcome.output.decode()
        assert (outcome.exit_code in {1, 10}, "Traceback" in said) == (True, False), said[-3000:]
        assert "may still be set" in " ".join(said.split())
        assert {verdict for verdict, _ in verdicts(place, STATES[0]).values()} != {"inconclusive"}
        assert [place.ran("setup", state) for state in STATES] == [1, 0], "in which state would it be?"
        assert {verdict for verdict, _ in verdicts(place, STATES[1]).values()} == {"inconclusive"}
        assert_reports_are_whole(place, outcome)


def test_a_command_is_a_list_and_never_a_shell(authority: Authority, tmp_path: Path) -> None:
    """What a shell would act on reaches the command as it was written."""
    words = ["$(touch zzyzx)", "; touch zzyzx", "`touch zzyzx`", "> zzyzx", "*", "~", "a b"]
    says = "import sys; open(sys.argv[1], 'w').write('\\n'.join(sys.argv[2:]))"

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        return {"setup": [sys.executable, "-c", says, str(folder / f"{state}.words"), *words]}

    with ground(authority, tmp_path, commands=commands) as place:
        place.run()
        assert (tmp_path / f"{STATES[0]}.words").read_text().split("\n") == words
        assert list(tmp_path.rglob("zzyzx")) == []


def test_a_hanging_command_leaves_no_process_behind(authority: Authority, tmp_path: Path) -> None:
    """Also not the children that it started."""
    mark = str(tmp_path / "mark")
    pauses = "import signal; signal.pause()"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{pauses}', sys.argv[1]])"

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        return {"setup": [sys.executable, "-c", child, mark]} if state == STATES[0] else {}

    with ground(authority, tmp_path, commands=commands) as place:
        assert place.run().exit_code in {1, 10}
    assert processes_with(mark) == []


def test_a_run_that_is_stopped_takes_its_states_back(authority: Authority, tmp_path: Path) -> None:
    """The bound on a run's time cuts its calls short, not the teardown of the state that it is in."""
    asked = threading.Event()

    def silent(ask: Ask) -> Iterator[Step]:
        if ask.header("X-Test-State"):
            asked.set()
            yield HOLD
        yield from honest.answer(ask)

    async def bounded(wire: Wire, plan: plans.Plan) -> Recording:
        """A session whose time is over once a call has arrived in the state, however long it took to get there."""
        async with anyio.create_task_group() as tasks:

            async def end() -> None:
                await anyio.to_thread.run_sync(asked.wait, abandon_on_cancel=True)
                wire.pace.hold_back(-wire.limits.run_seconds)

            tasks.start_soon(end)
            recording = await wire.session(plan)
            tasks.cancel_scope.cancel()
        return recording

    with ground(authority, tmp_path, script=silent) as place:
        contract = documented()
        config = {**read_config(place.config, "partner")["partner"], "timeout": 60.0}
        judged = target("partner", config, contract, base=tmp_path)
        plan = plans.plan(contract, judged, frozenset({Purpose(Kind.STATE, state=STATES[0])}))
        recording = anyio.run(bounded, Wire(judged, Limits(run_seconds=600)), plan)
        asked.set()
        assert any("stopped" in note for note in recording.notes)
        assert place.ran("teardown", STATES[0]) == 1

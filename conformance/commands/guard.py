"""How a command ends, whatever happens in it: with a documented exit code, and with one line where it failed."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from conformance.reporting.output import OutputError, complain, open_streams
from conformance.sending.signals import obeyed

_INTERRUPTED, _INTERNAL_ERROR, _USAGE = 2, 3, 4
_PACKAGE = Path(__file__).parents[1]


def left_with(command: Callable[[], int]) -> NoReturn:
    """Run a command and leave, without taking apart what is in memory: that alone takes a tenth of a second."""
    collect_seldom()
    open_streams()
    with obeyed():
        os._exit(guarded(command))


def collect_seldom() -> None:
    """What is imported and recorded is kept to the end: looking for garbage takes a twentieth of the start, and a third
    of judging a long list."""
    gc.set_threshold(200_000, 50, 1_000)


def guarded(command: Callable[[], int]) -> int:
    """The exit code of a command. Nothing unexpected ends with 0, 1 or 10: those are verdicts."""
    try:
        return int(command())
    except SystemExit as ended:  # of the command line's parser, which has said why
        return ended.code if isinstance(ended.code, int) else _INTERNAL_ERROR if ended.code else 0
    except KeyboardInterrupt:
        complain("interrupted")
        return _INTERRUPTED
    except BaseException as error:  # noqa: BLE001  the one place that lets nothing through
        return _failed(error)


def _failed(error: BaseException) -> int:
    try:
        from conformance.contract.given import ConfigError  # noqa: PLC0415
        from conformance.contract.load import ContractError  # noqa: PLC0415  what is broken may be an import
        from conformance.reporting.write import ReportsError  # noqa: PLC0415
    except Exception:  # noqa: BLE001
        complain(f"internal error: {_told(error)}")
        return _INTERNAL_ERROR
    if isinstance(error, ConfigError):
        complain(str(error))
        return _USAGE
    if isinstance(error, ContractError):
        complain(f"the contract cannot be loaded: {error}")
        return _INTERNAL_ERROR
    # Python 3.13 says SystemError of a codec that it looks for there.
    if isinstance(error, FileNotFoundError | SystemError) and _is_nowhere():
        complain("the current folder is not there any more; allowed: one that is")
        return _USAGE
    expected = isinstance(error, ReportsError | OutputError)
    complain(str(error) if expected else f"internal error: {_told(error)}")
    return _INTERNAL_ERROR


def _is_nowhere() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _told(error: BaseException) -> str:
    """What happened and where. An unexpected message may quote a secret, so only the system's own words are shown."""
    if isinstance(error, ImportError) and error.name:
        return f"the module {error.name} cannot be imported; is the installation whole?"
    if isinstance(error, EOFError) and "marshal" in str(error):
        return f"a compiled file is damaged, as a full disk leaves it: delete the folders __pycache__ in {_PACKAGE}"
    said = f"{type(error).__name__}"
    if isinstance(error, OSError) and error.strerror:
        said += f", {error.strerror}" + (f" ({error.filename})" if isinstance(error.filename, str) else "")
    import traceback  # noqa: PLC0415  3 ms that most commands need not

    frames = traceback.extract_tb(error.__traceback__)[1:]  # without this guard
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    where = (ours or frames)[-1:]
    return said + "".join(f", at {_short(frame.filename)} line {frame.lineno}" for frame in where)


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(_PACKAGE.parent)) if path.is_relative_to(_PACKAGE) else path.name

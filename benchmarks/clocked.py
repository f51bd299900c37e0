"""The console command, with a clock beside it: `python -m benchmarks.clocked FILE run ...`.

Notes when a run begins to send, to judge and to report, and which modules it has loaded. The command itself knows
nothing of this; the functions that begin and end its phases are wrapped from here.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> int:
    """Arguments: the file to write to, then those of the command."""
    result, *words = sys.argv[1:]
    marks: dict[str, float] = {}

    def mark(name: str) -> None:
        marks[name] = time.time()

    def sent() -> None:
        mark("sent")
        from conformance.pytest_plugin import session  # noqa: PLC0415  the run has imported it while it waited

        _around(session, "publish", before=lambda: mark("judged"), after=lambda: mark("reported"))

    from conformance.commands import cli  # noqa: PLC0415
    from conformance.commands import run as running  # noqa: PLC0415

    _around(running, "send", before=lambda: mark("sending"), after=sent)
    code = cli.main(words)
    modules = [name for name in sys.modules if name.split(".")[0] not in {"__main__", "benchmarks"}]
    Path(result).write_text(json.dumps({"marks": marks, "modules": modules}), encoding="utf-8")
    return code


def _nothing() -> None:
    pass


def _around(
    owner: object, name: str, *, before: Callable[[], None] = _nothing, after: Callable[[], None] = _nothing
) -> None:
    wrapped: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(wrapped)
    def clocked(*arguments: Any, **named: Any) -> Any:
        before()
        try:
            return wrapped(*arguments, **named)
        finally:
            after()

    setattr(owner, name, clocked)


if __name__ == "__main__":
    raise SystemExit(main())

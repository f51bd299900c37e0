"""Runs one command and says what it took: wall, CPU, peak memory. A script of its own, started by `process.measured`.

A process reports as its peak memory at least what its parent had when it was started. So the command is started from
here, where there is next to nothing, and not from a benchmark that holds its results.
"""

import json
import os
import sys
import time


def main() -> None:
    """Arguments: the file to write to, then the command."""
    result, *command = sys.argv[1:]
    started = time.time()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(pid, 0)
    ended = time.time()
    with open(result, "w", encoding="utf-8") as file:
        json.dump(
            {
                "started": started,
                "ended": ended,
                "cpu": used.ru_utime + used.ru_stime,
                "peak": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                "code": os.waitstatus_to_exitcode(status),
            },
            file,
        )


main()

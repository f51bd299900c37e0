"""Runs one command and says what it cost. A process of its own, because peak memory survives fork and exec.

    python launcher.py REPORT_FD [--file-limit BYTES] -- COMMAND...

Two lines go to REPORT_FD: the process id, and (at the end) JSON with exit code, seconds (by the clock, of the
processor) and peak memory.
"""

import json
import os
import resource
import signal
import sys
import time


def main(report: int, limit: int | None, command: list[str]) -> None:
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the command
        signal.signal(number, signal.SIG_IGN)
    begun = time.monotonic()
    # Python leaves SIGXFSZ ignored, and a background shell leaves SIGINT so: the command starts with neither.
    process = os.posix_spawn(command[0], command, os.environ, setsigdef=[signal.SIGINT, signal.SIGTERM])
    os.write(report, f"{process}\n".encode())
    _, status, used = os.wait4(process, 0)
    cost = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - begun,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
    }
    os.write(report, json.dumps(cost).encode())


if __name__ == "__main__":
    options, command = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    main(int(options[0]), int(options[2]) if len(options) > 2 else None, command)

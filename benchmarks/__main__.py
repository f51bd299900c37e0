"""The command: `python -m benchmarks [--quick] [--full] [--write] [PART ...]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

from benchmarks.cost import cost
from benchmarks.fleets import fleets
from benchmarks.history import history
from benchmarks.judging import judging
from benchmarks.page import PARTS, machine, written
from benchmarks.peers.compare import peers
from benchmarks.peers.sooner import smoke
from benchmarks.process import FailedError
from benchmarks.table import Part


def main() -> int:
    """Measure, print, and with --write put it into docs/. Exit code 1 where a part could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="what the suite costs")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="one round of little: shows that it works")
    parser.add_argument("--full", action="store_true", help="every variant for the peers, and 200 targets")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="measure so often (default: 3, cost 5)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plots")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    if options.quick and options.write:
        parser.error("--quick measures too little to be written")
    rounds = 1 if options.quick else options.rounds
    common = {"rounds": rounds or 3, "quick": options.quick}
    makers: dict[str, Callable[[], Part]] = {
        "cost": partial(cost, rounds=rounds or 5, quick=options.quick),
        "judging": partial(judging, **common),
        "fleets": partial(fleets, **common, full=options.full),
        "history": partial(history, **common),
        "peers": partial(peers, **common, full=options.full),
        "smoke": partial(smoke, **common, full=options.full),
    }
    failed = False
    for name in options.parts or PARTS:
        began = time.monotonic()
        try:
            part = makers[name]()
        except FailedError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
            continue
        print(part.markdown())
        if options.write:  # part by part: what was measured is kept, whatever comes
            print("wrote", *(file.name for file in written([part])))
        print(f"{name}: {time.monotonic() - began:.0f} s\n", file=sys.stderr, flush=True)
    print(machine())
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())

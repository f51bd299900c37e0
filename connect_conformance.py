"""The console command `connect-conformance`: its own package, whatever else on the path is called `conformance` too."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import NoReturn


def _load() -> None:
    """Load the package that lies beside this file; also in processes that `prove` spawns, which import this again."""
    folder = Path(__file__).resolve().parent / "conformance"
    spec = importlib.util.spec_from_file_location(
        "conformance", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None or "conformance" in sys.modules:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module
    spec.loader.exec_module(module)


_load()


def run() -> NoReturn:
    """Run the command. What cannot be loaded is an internal error: Python's own exit code 1 means nonconforming."""
    try:
        from conformance.__main__ import run as command  # noqa: PLC0415
    except Exception as error:  # noqa: BLE001
        line = f"connect-conformance: internal error: {type(error).__name__}; is the installation whole?\n"
        if sys.stderr is not None:
            sys.stderr.write(line)
            sys.stderr.flush()
        os._exit(3)
    command()

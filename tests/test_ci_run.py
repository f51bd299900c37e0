"""`.ci/run` holds where the tests and the proof do, and fails where one of them fails."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command import ROOT, environment

# Stands for the suite: told how to end, or never to.
PROOF = "import signal, sys\nprint(*sys.argv[1:], flush=True)\nsys.exit({ends})\n"


@pytest.mark.parametrize(
    ("ends", "second", "status"),
    [("0", "true", 0), ("1", "true", 1), ("0", "exit 5", 5), ("signal.pause()", "exit 5", 5)],
    ids=["both hold", "a mutant lives", "tests fail", "tests fail before the proof ends"],
)
def test_ci_holds_where_the_tests_and_the_whole_matrix_do(ends: str, second: str, status: int, tmp_path: Path) -> None:
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    for folder in (checkout / ".ci", programs):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", checkout / ".ci")
    (checkout / "proof.py").write_text(PROOF.format(ends=ends), encoding="utf-8")
    installs = '(cd .venv/lib/*/site-packages && mkdir conformance && cp "$OLDPWD/proof.py" conformance/__main__.py)'
    set_up = "python3 -m venv .venv --without-pip"
    (checkout / "README.md").write_text(f"{set_up} && {installs}\n{set_up} && {second}\n", encoding="utf-8")
    shutil.copy("/bin/true", programs / "chromium")  # for which it would ask a package manager
    usual = environment(PATH=f"{programs}:{os.environ['PATH']}", TMPDIR=str(programs))
    del usual["PYTHONPATH"]
    ended, held = os.pipe()  # the other end is held by all that it starts
    done = subprocess.run(
        [checkout / ".ci/run"], env=usual, pass_fds=[held], capture_output=True, text=True, check=False, timeout=60
    )
    os.close(held)
    with open(ended, "rb"):
        assert select.select([ended], [], [], 30)[0], "the proof goes on"
    assert done.returncode == status, done.stderr
    assert (done.stdout.splitlines()[-2:] == ["+ connect-conformance prove", "prove"]) == (second == "true")
    assert [file.name for file in programs.iterdir()] == ["chromium"], "nothing is left behind"

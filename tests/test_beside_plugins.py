"""Other plug-ins of pytest, and a conftest.py, have the options that they want: ours give way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.command import run

PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
TAKES = "def pytest_addoption(parser):\n    parser.addoption('--timeout')\n    parser.addoption('--target')\n"
SEES = """
from conformance.pytest_plugin.options import options_of

def test_options(request):
    own = options_of(request.config.option)
    assert (own.timeout, own.target, str(own.ca_file)) == (5.0, None, "certificates/ca.pem")
    assert request.config.getoption("--timeout") == "7"
    assert request.config.getoption("target") == "mine"
"""


@pytest.mark.parametrize("where", ["before.py", "behind.py", "conftest.py"])
def test_an_option_that_somebody_else_has_is_theirs(where: str, tmp_path: Path) -> None:
    (tmp_path / where).write_text(TAKES)
    (tmp_path / "test_own.py").write_text(SEES)
    ours, other = ["-p", "conformance.pytest_plugin"], ["-p", where.removesuffix(".py")]
    named = {"before.py": [*other, *ours], "behind.py": [*ours, *other], "conftest.py": ours}[where]
    said = ("--timeout", "7", "--connect-timeout", "5", "--target=mine", "--ca-file", "certificates/ca.pem")
    ended = run(*named, *said, "test_own.py", cwd=tmp_path, command=[*PYTEST, "--rootdir=."])
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_an_option_says_is_no_place_of_tests(tmp_path: Path) -> None:
    """pytest would load the conftest.py beside a file that is named."""
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "conftest.py").write_text("raise RuntimeError")
    (tmp_path / "certificates" / "ca.pem").write_text("")
    (tmp_path / "test_own.py").write_text("def test_it():\n    pass\n")
    said = ("-p", "conformance.pytest_plugin", "--ca-file", "certificates/ca.pem", "test_own.py")
    assert run(*said, cwd=tmp_path, command=PYTEST).returncode == 0


def test_an_option_without_its_value_is_refused(tmp_path: Path) -> None:
    ended = run("-p", "conformance.pytest_plugin", "--endpoint", cwd=tmp_path, command=PYTEST)
    assert ended.returncode == 4
    assert "--endpoint: expected one argument" in ended.stderr

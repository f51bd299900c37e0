"""The plug-in's fixtures for tests of clients and of endpoints, used as a stranger's project does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.command import run

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "conformance.pytest_plugin", "-v"]
TESTS = '''
import ssl
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from conformance import ConfigError, Terms, reference

REQUEST = "<clickatellsdk><action>get_list_callback</action></clickatellsdk>"
OWN = """
from conformance import Breach, requirement, uses
@requirement("X-1")
@uses()
def test_many(exchanges):
    raise Breach("150 or more" if len(exchanges) >= 150 else "fewer")
"""
SOME = Terms(select=("ENV-*", "ERR-007-code"))


def said(server):
    context = ssl.create_default_context(cafile=server.ca_file)
    return urlopen(f"{server.https_url}?XML={quote(REQUEST)}", context=context).read().decode()


def test_a_client(connect_server):
    assert connect_server.token in connect_server.https_url
    assert "Success" in said(connect_server)


@pytest.mark.parametrize("code", ["007", "999"])
def test_a_state(connect_server, code):
    assert "Success" in said(connect_server)  # whatever an earlier test set
    connect_server.set_state(code)
    assert code in said(connect_server)


def test_it_conforms(connect_server, connect_report):
    report = connect_report(connect_server, terms=SOME)
    assert {r.verdict for r in report.requirements if r.selected} == {"pass"}


def test_a_url(connect_report):
    with reference.start(variant="root_all_capitals") as mine:
        report = connect_report(mine.https_url, ca_file=str(mine.ca_file), http_endpoint=mine.http_url, terms=SOME)
    assert report.verdict == "nonconforming"
    assert {r.id for r in report.requirements if r.verdict == "fail"} == {"ENV-02", "ENV-03"}


def test_an_extension(connect_server, connect_report, tmp_path):
    (tmp_path / "requirements.toml").write_text('[[requirement]]\\nid = "X-1"\\nlevel = "must"\\nstatement = "No."\\n')
    (tmp_path / "test_own.py").write_text(OWN)
    report = connect_report(connect_server, terms=SOME, extensions=[tmp_path])
    assert report.verdict == "conforming"
    assert report.extensions[0].requirements[0].reason == "150 or more"


def test_a_wrong_setting(connect_report):
    with pytest.raises(ConfigError, match="did you mean `timeout`"):
        connect_report("https://x.example/t", timeot=1)
'''


def test_a_project_of_its_own_uses_them(tmp_path: Path) -> None:
    (tmp_path / "test_client.py").write_text(TESTS)
    done = run("test_client.py", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout
    again = run("test_client.py", "-n", "2", cwd=tmp_path, command=PYTEST)
    assert again.returncode == 0, again.stdout

"""Secrets of every kind, at an endpoint that says all of them back in every writing: told to nobody but it.

`run`, `replay` and `compare` have tests of their own; here are those that look at several targets, and `doctor`.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import run
from tests.hostile.echoes import WRITINGS
from tests.hostile.honest import PAIRS, error, http, success
from tests.hostile.leaks import leaks
from tests.hostile.registry import Behaviour, Step
from tests.hostile.stage import Ask, Authority, Canary, Server

VALUES = {
    "CONNECT_TOKEN": "5ec7e70000c0ffee5ec7e7aaaabbbb11",
    "HTTP_TOKEN": "93bd7714f00d4e1ba6c5d20f8e7a1b42",
    "PARTNER_KEY": "Kq3/w7+Zx9=&<>\"'%41-vB2",
    "SESSION": "sJ4v8Qm2Tt0yLw6n",
    "PASSWORD": "hG7-rD3-pX9-kV1",
    "PROXY_PASSWORD": "zU6tR2eW8qY4",
    "ADMIN_TOKEN": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "ACCOUNT": "4711-8822-9933",
}
BASIC = base64.b64encode(f"partner:{VALUES['PASSWORD']}".encode()).decode()
SECRETS = (*VALUES.values(), BASIC)

TARGET = """
[targets.{name}]
endpoint = "{https}/${{CONNECT_TOKEN}}?api_key=${{PARTNER_KEY}}"
http_endpoint = "{http}"
http_token = "${{HTTP_TOKEN}}"
ca_file = {ca}
timeout = 5
secrets = ["${{ACCOUNT}}"]
[targets.{name}.headers]
X-Saying = "{name}"
X-Api-Key = "${{PARTNER_KEY}}"
Cookie = "sid=${{SESSION}}"
Authorization = "Basic ${{BASIC}}"
[targets.{name}.states.004]
setup = [{python}, "-c", "import sys; sys.exit(' '.join(sys.argv))", "${{ADMIN_TOKEN}}"]
[targets.{name}.states.007]
headers = {{ X-Test-State = "007" }}
teardown = [{python}, "-c", "import os, sys; sys.exit(sys.argv[1] + os.environ['PARTNER_KEY'])", "${{ADMIN_TOKEN}}"]
[targets.{name}.states.999]
proxy = "http://partner:${{PROXY_PASSWORD}}@127.0.0.1:1"
"""
SAYINGS = ("plain", "coded", "error")


def says_all(ask: Ask) -> Iterator[Step]:
    """All secrets: as they are and percent-encoded, in every other writing, or in an error and in headers."""
    saying = ask.header("X-Saying")
    if saying == "error":
        said = " ".join(html.escape(secret) for secret in SECRETS)
        token, session = VALUES["CONNECT_TOKEN"], VALUES["SESSION"]
        headers = (f"X-Echo: {token}", f"Set-Cookie: id={session}", f"Location: https://h/{token}?k={BASIC}")
        yield http(error("999", said), *headers, status=f"200 {VALUES['ACCOUNT']}")
        return
    as_they_are = ("plain", "upper", "percent", "percent_twice")
    names = as_they_are if saying == "plain" else [name for name in WRITINGS if name not in as_they_are]
    texts = [html.escape(WRITINGS[name](secret)) for name in names for secret in SECRETS]
    yield http(success(pairs=[*PAIRS, *((str(7 + n), f"HTTP GET {text}") for n, text in enumerate(texts))]))


@pytest.fixture
def configuration(tmp_path: Path) -> Iterator[Path]:
    """Three targets that are told all secrets, and say them back in different ways."""
    authority = Authority()
    behaviour = Behaviour("canaries", "Canaries", "Says all secrets.", says_all)
    file = tmp_path / "canaries.toml"
    with (
        contextlib.closing(Canary()) as canary,
        Server(behaviour, authority, canary, VALUES["CONNECT_TOKEN"], tmp_path / "bait") as server,
    ):
        ca, python = json.dumps(str(authority.write(tmp_path))), json.dumps(sys.executable)
        https, plain = server.endpoint.rpartition("/")[0], server.http_endpoint
        filled = (TARGET.format(name=name, https=https, http=plain, ca=ca, python=python) for name in SAYINGS)
        file.write_text("".join(filled), encoding="utf-8")
        yield file
    assert server.faults == []
    assert any(VALUES["CONNECT_TOKEN"].encode() in record.head for record in server.records)


def found(folder: Path, said: str) -> list[str]:
    """Where a secret stands: in what was printed, in a file, in the name of a file."""
    written = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return [
        f"{name}: {secret}: {leak}"
        for name, data in {"output": said.encode(), **written}.items()
        for secret in SECRETS
        for leak in leaks(secret, data) + leaks(secret, name.encode())
    ]


def test_several_targets_tell_nobody(configuration: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    common: dict[str, Any] = {**VALUES, "BASIC": BASIC, "PYTHONUTF8": "1"}
    words = ["run", "--all-targets", f"--config={configuration}", f"--reports={out}"]
    judged = run(*words, cwd=out, **common)
    assert judged.returncode == 1, judged.stderr
    listed = run(*words, "--list", cwd=out, **common)
    merged = run("compare", "--overview", out, "--format=json", cwd=out)
    assert (listed.returncode, merged.returncode) == (0, 1)
    said = "".join(text for done in (judged, listed, merged) for text in (done.stdout, done.stderr))
    assert {path.name for path in out.iterdir()} >= {*SAYINGS, "overview.json", "overview.html"}
    assert "[token]" in (out / "plain" / "evidence.har").read_text(encoding="utf-8")
    assert found(out, said) == []


@pytest.mark.parametrize("saying", SAYINGS)
def test_doctor_tells_nobody(saying: str, configuration: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    words = ("doctor", f"--target={saying}", f"--config={configuration}")
    values: dict[str, Any] = {**VALUES, "BASIC": BASIC}
    done = run(*words, cwd=out, **values)
    assert done.returncode in {0, 10}, done.stderr
    assert "state 004" in done.stdout
    assert found(out, done.stdout + done.stderr) == []

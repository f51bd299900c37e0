"""The configuration file: one line for whatever is wrong with it, before anything is sent."""

from __future__ import annotations

import codecs
from pathlib import Path

import anyio
import pytest

from conformance.commands.cli import main
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.sending.states import setup
from conformance.target.configuration import read_config
from conformance.target.hosts import host_is_valid
from conformance.target.target import target
from conformance.verdicts.waivers import read_waivers

TARGET = '[targets.here]\nendpoint = "https://127.0.0.1:1/T0KEN"\n'
WRONG = {
    "timeout = nan": "`targets.here.timeout`; allowed: a number from 0.05 to 3600",
    "timeout = inf": "allowed: a number from 0.05 to 3600",
    "timeout = -1": "allowed: a number from 0.05 to 3600",
    "timeout = 1e400": "allowed: a number from 0.05 to 3600",
    "timeout = 2024-01-01": "a date stands at `targets.here.timeout`; allowed: a number",
    "clock_tolerance = nan": "`targets.here.clock_tolerance`; allowed: a number from 0 to 86400",
    "max_body = 99999999999999999999999": "`targets.here.max_body`; allowed: a whole number from 1024 to 1073741824",
    "timeout = true": "true or false stands at `targets.here.timeout`; allowed: a number",
    "states.004 = 3": "a whole number stands at `targets.here.states.004`; allowed: a table",
    "states.004.timeout = 0": "`targets.here.states.004.timeout`; allowed: a number from 0.05 to 3600",
    "concurrency = 1.5": "a number stands at `targets.here.concurrency`; allowed: a whole number",
    'allow_hostile_requests = "yes"': "allowed: true or false",
    'accept = "I-04"': "a string stands at `targets.here.accept`; allowed: a list",
    "accept = [1]": "`targets.here.accept[0]`; allowed: a string",
    'headers = "X: y"': "`targets.here.headers`; allowed: a table",
    "headers = { X = 1 }": "`targets.here.headers.X`; allowed: a string",
    'states = "x"': "`targets.here.states`; allowed: a table",
    'states.004.setup = "./x on"': "a string stands at `targets.here.states.004.setup`; allowed: a list",
    "states.004.teardown = []": "an empty list stands at `targets.here.states.004.teardown`",
    'states.004.setup = ["./no-such", "on"]': "states.004.setup: there is no command ./no-such that this user may run",
    'states.004.setup = [""]': "states.004.setup: it names no command",
    'states.004.setup = ["a\\u0000"]': "states.004.setup: it names no command, or a word has a NUL in it",
    'states.004.setip = ["x"]': "unknown key `setip` at `targets.here.states.004` (did you mean `setup`?)",
    'states.005.endpoint = "https://h/x"': "'005' is no documented error code; allowed: 004, 007",
    "timeot = 3": "unknown key `timeot` at `targets.here` (did you mean `timeout`?); allowed: endpoint,",
    "zzz = 3": "unknown key `zzz` at `targets.here`; allowed: endpoint,",
    'binding = "soap"': "allowed: query-xml, form-xml",
    "binding = 3": "`targets.here.binding`; allowed: a string",
    'ca_file = "a\\u0000"': "allowed: a PEM file",
    'ca_file = "."': "allowed: a PEM file",
    'ca_file = "/dev/zero"': "is larger than 16 MiB; allowed: a PEM file",
    'client_cert = "a\\u0000"': "client_cert: the name of the file has a NUL in it",
    'proxy = "http://\\u2603.test"': "proxy: is no proxy URL",
    'source_address = "x"': "'x' is no IP address",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_value_is_named_with_what_is_allowed(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(TARGET + line, encoding="utf-8")
    assert main(["run", f"--config={file}", "--target=here", "--list"]) == 4
    said = capsys.readouterr()
    assert WRONG[line] in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


GOOD_HOSTS = ("host", "host.", "h-1.example", "my_host.test", "ü.test", "xn--tda.test", "192.0.2.1", "::1")
NO_HOSTS = (
    *("☃.test", "xn--n3h.test", "xn--.test", "ｕ.test", "a..b", ".", "", "a b", "%41.test", "[::1]"),
    *(f"{64 * 'a'}.test", 64 * "abc." + "test", ":::1", "fe80::1%25eth0", "fe80::1%eth0"),
)
HOSTS = dict.fromkeys(GOOD_HOSTS, True) | dict.fromkeys(NO_HOSTS, False)


@pytest.mark.parametrize(("host", "valid"), HOSTS.items())
def test_hosts(host: str, valid: bool) -> None:
    assert host_is_valid(host) is valid


@pytest.mark.parametrize("url", ["https://☃.test/T", "https://xn--n3h.test/T", "https://[v1.x]/T", "https://[::1/T"])
def test_a_host_that_is_none_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", f"--endpoint={url}"]) == 4
    said = capsys.readouterr().err
    assert "host or port" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_byte_order_mark_is_no_mistake(mark: bytes, tmp_path: Path) -> None:
    """Windows' editors write one."""
    file = tmp_path / "c.toml"
    file.write_bytes(mark + TARGET.encode())
    assert list(read_config(file)) == ["here"]
    file.write_bytes(mark + b'[[waiver]]\nrequirement = "ENV-03"\nreason = "known"\nexpires = 2030-01-01\n')
    assert list(read_waivers(file, documented())) == ["ENV-03"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TARGET.encode("utf-16"), "is not UTF-8 text, but UTF-16 as it seems; allowed: TOML in UTF-8"),
        (b"\xfe\xff" + TARGET.encode("utf-16-be"), "UTF-16"),
        (b"\xff\xff", "is not UTF-8 text; allowed"),
        (b"a = " + 3_000 * b"[", "is not TOML"),
        (b"a = " + 5_000 * b"9", "is not TOML"),
        (b"a = 2024-99-99", "is not TOML"),
        (b"", "there is no [targets.NAME] table"),
        (b"x = 1", "unknown key `x`; allowed: targets"),
        (b"[[targets]]\na = 1", "a list stands at `targets`; allowed: a table"),
        (b"targets.a = 1", "a whole number stands at `targets.a`; allowed: a table"),
    ],
    ids=[
        "UTF-16",
        "UTF-16, big end first",
        "Latin",
        "deep",
        "long",
        "no date",
        "empty",
        "another file",
        "a list",
        "a number",
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_config(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_file_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory; allowed: a TOML file"):
        read_config(tmp_path)
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        read_config(Path("/dev/zero"))


def test_commands_of_states_start_from_the_files_folder(tmp_path: Path) -> None:
    """As `ca_file` does: what the file names lies beside it, wherever the run is started; in the environment given."""
    (tmp_path / "on").write_text('#!/bin/sh\necho "$PWD $MARK" >on.ran\n', encoding="utf-8")
    (tmp_path / "on").chmod(0o755)
    config = {"endpoint": "https://h/T0KEN", "states": {"004": {"setup": ["./on"]}}}
    made = target("here", config, documented(), base=tmp_path)
    assert anyio.run(setup, made.states["004"], made.secrets, {"MARK": "m"}) == ""
    assert (tmp_path / "on.ran").read_text(encoding="utf-8").strip() == f"{tmp_path} m"

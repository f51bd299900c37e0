"""Whatever the other side does: the run ends soon, stays small, says what is the case, and fetches nothing.

These are bounds for safety, not measurements of speed. `HOSTILE=all` gives every variant a run of its own.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree, html

from .catalogue import ALONE
from .lures import COOKIE
from .registry import BEHAVIOURS
from .trial import BAIT, CHECKOUT, REPORTS, SECONDS, SIDE_BY_SIDE, Trial

MEGABYTES = 400 + 5 * max(0, SIDE_BY_SIDE - 8)  # each call beyond the usual eight may have begun a body more
NAMES = list(BEHAVIOURS if os.environ.get("HOSTILE") == "all" else ALONE)
each_behaviour = pytest.mark.parametrize("ended", NAMES, indirect=True)
UNASKED = (COOKIE.encode(), b"netrc-password", b"\nCookie:", b"Proxy-Authorization", b"\nAuthorization:")
HARDENED: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
}


def requirements() -> set[str]:
    with (CHECKOUT / "schemas" / "requirements.toml").open("rb") as file:
        return set(_ids(tomllib.load(file)))


def _ids(table: object) -> Iterator[str]:
    """Every value called `id`, and every key that looks like one, however the table is built."""
    if isinstance(table, dict):
        for key, value in table.items():
            if key == "id":
                yield value
            elif re.fullmatch(r"[A-Z]{3}-[A-Z0-9-]+(-[a-z]+)?", key):
                yield key
            yield from _ids(value)
    elif isinstance(table, list):
        for value in table:
            yield from _ids(value)


@each_behaviour
def test_the_server_was_as_hostile_as_it_meant_to_be(ended: Trial) -> None:
    assert ended.faults == []


@each_behaviour
def test_the_run_ends_soon_and_stays_small(ended: Trial) -> None:
    assert ended.outcome.seconds < SECONDS
    assert ended.outcome.peak_mb < MEGABYTES


@each_behaviour
def test_the_run_ends_with_a_verdict(ended: Trial) -> None:
    assert ended.outcome.exit_code in BEHAVIOURS[ended.behaviour].exits, ended.output[-2000:]
    for sign in ("Traceback (most recent", "INTERNALERROR", "Exception ignored", "Warning:"):
        assert sign not in ended.output


@each_behaviour
def test_every_report_is_written_and_readable(ended: Trial) -> None:
    assert sorted(path.name for path in ended.reports.iterdir()) == sorted(REPORTS)
    report = ended.report()
    assert {requirement["id"] for requirement in report["requirements"]} == requirements()
    assert report["exit_code"] == ended.outcome.exit_code
    har = json.loads(ended.read("evidence.har"))
    assert (har["log"]["version"], isinstance(har["log"]["entries"], list)) == ("1.2", True)
    junit = etree.parse(ended.reports / "junit.xml", etree.XMLParser(**HARDENED))
    assert junit.getroot().tag == "testsuites"
    assert html.fromstring((ended.reports / "report.html").read_bytes()).find(".//body") is not None
    assert ended.read("summary.md").strip()


@each_behaviour
def test_everything_inconclusive_says_why(ended: Trial) -> None:
    for requirement in ended.report()["requirements"]:
        for check in requirement["checks"]:
            if check["verdict"] != "pass":
                assert check["reason"].strip(), (requirement["id"], check["id"])


@each_behaviour
def test_nothing_is_fetched_opened_or_sent_back(ended: Trial) -> None:
    assert ended.canary_calls == []
    for record in ended.records:
        for unasked in (
            COOKIE.encode(),
            b"netrc-password",
            b"\nCookie:",
            b"Proxy-Authorization",
            b"\nAuthorization:",
        ):
            assert unasked.lower() not in record.head.lower() + record.body.lower()
    assert [name for name, data in ended.files() if BAIT.encode() in data] == []


@each_behaviour
def test_nothing_is_left_lying_about(ended: Trial) -> None:
    left = [path for name in ("tmp", "cwd", "home") for path in (ended.folder / name).rglob("*") if path.is_file()]
    assert left == []

"""Text that would like to be more than text is shown, in every output, as text."""

import contextlib
import html as entities
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from . import chromium, trial
from .catalogue import ALONE
from .chromium import Browser, browser
from .registry import BEHAVIOURS
from .stage import Authority, Canary
from .test_bounds import HARDENED, NAMES
from .texts import MARK, TEXTS
from .trial import REPORTS, Process, Trial, environment, folders, judging, stage

NAMED = [name for name in NAMES if BEHAVIOURS[name].subject == TEXTS]
each_place = pytest.mark.parametrize("ended", NAMED, indirect=True)
# Commands to build servers: some look for them at the beginning of a line, some anywhere.
AT_LINE_START = re.compile(r"^\s*::", re.MULTILINE)
ANYWHERE = ("##vso[", "##teamcity[", "##[")


def unsafe(text: str, allowed: str = "\n") -> set[str]:
    """The characters that move a cursor, turn the direction of writing, or leave nothing to see."""
    kinds = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"}
    return {hex(ord(c)) for c in set(text) if c not in allowed and unicodedata.category(c) in kinds}


@each_place
def test_the_terminal_is_told_nothing_but_text(ended: Trial) -> None:
    assert unsafe(ended.output) == set()
    assert max(map(len, ended.output.splitlines())) <= 200
    assert AT_LINE_START.findall(ended.output) == []
    assert [command for command in ANYWHERE if command in ended.output] == []
    forged = {"conforming", "Verdict: conforming", "exit code 0"}
    assert forged.isdisjoint(line.strip() for line in ended.output.splitlines())


@each_place
def test_no_file_holds_characters_that_deceive(ended: Trial) -> None:
    """A report is looked at in editors, terminals and mail as well."""
    texts = {name: ended.read(name) for name in REPORTS}
    held = {name: unsafe(text, allowed="\n\t\r") for name, text in texts.items()}
    assert {name: found for name, found in held.items() if found} == {}


@each_place
def test_the_text_is_still_recognisable(ended: Trial) -> None:
    """Evidence from which the attack had been cut out would prove nothing."""
    if "certificate" not in ended.behaviour:
        assert MARK in ended.read("evidence.har").replace("\\", "")


# Markdown


def outside_code(markdown: str) -> str:
    """What may be more than characters to a reader of Markdown: no code, not escaped (CommonMark 0.31)."""
    lines, fence, kept = markdown.splitlines(), "", []
    for line in lines:
        opens = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if fence:
            fence = "" if opens and opens[1].startswith(fence) and not line.strip().strip(fence[0]) else fence
        elif opens:
            fence = opens[1]
        else:
            kept.append(line)
    text = "\n".join(kept)
    text = re.sub(r"(?<![`\\])(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    return re.sub(r"\\[!-/:-@\[-`{-~]", "", text)


@each_place
def test_the_summary_has_no_markup_of_a_stranger(ended: Trial) -> None:
    text = ended.read("summary.md")
    active = outside_code(text)
    assert MARK not in active
    assert "127.0.0.1" not in active.replace(ended.report()["target"]["endpoint"], "")
    assert re.findall(r"javascript:|<(?!details|/details|summary|/summary|br)[A-Za-z!/?][^>]*>", active) == []
    assert max(map(len, text.splitlines())) < 5000


@each_place
def test_the_tables_of_the_summary_keep_their_columns(ended: Trial) -> None:
    tables = re.split(r"\n(?!\|)", ended.read("summary.md"))
    for rows in tables:
        counts = {len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines() if row.startswith("|")}
        assert len(counts) <= 1, rows


# XML and JSON

JUNIT = {
    *("testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out", "system-err"),
    *("properties", "property"),
}


@each_place
def test_the_junit_file_holds_no_element_of_a_stranger(ended: Trial) -> None:
    junit = etree.parse(ended.reports / "junit.xml", etree.XMLParser(**HARDENED))
    assert {element.tag for element in junit.iter()} <= JUNIT
    names = [case.get("name", "") + case.get("classname", "") for case in junit.iter("testcase")]
    assert not any(MARK in name for name in names)


@each_place
def test_ids_are_the_suites_own(ended: Trial) -> None:
    """What scripts select by (requirements, checks, file names) is never a stranger's word."""
    report = ended.report()
    ids = [check["id"] for requirement in report["requirements"] for check in requirement["checks"]]
    assert not any(MARK in name for name in [*ids, *(path.name for path in ended.reports.iterdir())])


# HTML, read


def fragments(page: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """The page, and the pieces of HTML that its own script will put into it."""
    yield page
    for holder in page.xpath("//*[@data-jsonblob]"):
        for text in _strings(json.loads(holder.get("data-jsonblob"))):
            if "<" in text and text.lstrip().startswith("<"):
                yield html.fragment_fromstring(text, create_parent="div")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


FOREIGN = {"iframe", "frame", "base", "form", "object", "embed", "svg", "img", "plaintext", "textarea", "x"}
ADDRESSES = ("href", "src", "srcset", "action", "formaction", "data", "poster", "background", "xlink:href")


each_page = pytest.mark.parametrize("name", ["report.html", "checks.html"])


def page_of(ended: Trial, name: str) -> html.HtmlElement:
    return html.fromstring((ended.reports / name).read_bytes())


def foreign(page: html.HtmlElement) -> list[str]:
    """Elements and attributes that stand for something else than text and come from a payload."""
    found = []
    for part in fragments(page):
        for element in part.iter(etree.Element):
            if dict(element.attrib) == {"src": ""}:  # pytest-html's own, for pictures that a test may add
                continue
            if element.tag == "svg" and element.get("role") == "img":  # a drawing of the page's own
                continue
            shown = etree.tostring(element, encoding="unicode")[:200]
            if element.tag in FOREIGN or (element.tag in {"script", "style"} and MARK in (element.text or "")):
                found.append(shown)
            found += [shown for name, value in element.items() if name.startswith("on") and MARK in value]
            found += [shown for name in ADDRESSES if not is_harmless(element.get(name, ""))]
            if element.tag == "meta" and element.get("http-equiv", "").lower() == "refresh":
                found.append(shown)
    return found


def is_harmless(address: str) -> bool:
    """Whether it can be the suite's own: no script, no server of these tests."""
    return re.match(r"\s*(javascript|vbscript|data:text/html)|.*(127\.0\.0\.1|localhost)", address) is None


@each_page
@each_place
def test_the_page_holds_no_element_of_a_stranger(ended: Trial, name: str) -> None:
    assert foreign(page_of(ended, name)) == []


@each_page
@each_place
def test_the_page_forbids_what_it_does_not_need(ended: Trial, name: str) -> None:
    """A content security policy in the head, before any script: only the page's own script runs."""
    page = page_of(ended, name)
    metas = page.xpath("/html/head/meta[@http-equiv='Content-Security-Policy']/@content")
    assert len(metas) == 1
    rules = {words[0]: words[1:] for rule in metas[0].split(";") if (words := rule.split())}
    assert rules["default-src"] == ["'none'"]
    scripts = rules.get("script-src", ["'none'"])
    assert all(source == "'none'" or source.startswith(("'sha", "'nonce-")) for source in scripts)
    assert rules.get("base-uri") == ["'none'"]
    assert rules.get("form-action") == ["'none'"]
    words = {word for rule in rules.values() for word in rule}
    assert not any(word == "*" or word.startswith(("http:", "https:", "'unsafe-eval")) for word in words)
    first_script = page.xpath("count(//script[1]/preceding::meta[@http-equiv])")
    assert not page.xpath("//script") or first_script >= 1


# HTML, opened

without_chromium = pytest.mark.skipif(
    chromium.BINARY is None, reason="no chromium on this machine: apt-get install -y chromium"
)
EVERYTHING_OPEN = """
    document.querySelectorAll('details').forEach(e => e.open = true);
    document.querySelector('#show_all_details')?.click();
    new Map([...document.querySelectorAll('a[href^="#"]')].map(e => [e.href, e])).forEach(e => e.click());
    new Promise(done => setTimeout(done, 50));
"""
STATE = """({
    title: document.title,
    global: typeof window.zzyzx,
    attribute: document.documentElement.dataset.zzyzx || '',
    hidden: getComputedStyle(document.body).display === 'none',
    closed: document.querySelectorAll('.extras-row.hidden, details:not([open])').length,
    foreign: [...document.querySelectorAll('iframe,frame,base,form,object,embed,img[onerror]')]
        .concat([...document.querySelectorAll('a')].filter(a => /^(javascript|data|http):/.test(a.href)))
        .map(e => e.outerHTML.slice(0, 200)),
    text: document.body.innerText.length,
})"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as started:
        yield started


@without_chromium
@each_page
@each_place
def test_nothing_happens_when_the_page_is_opened(ended: Trial, opened: Browser, name: str) -> None:
    """No script, no dialog, no request; the page is there, and under its own name."""
    opened.open(ended.reports / name)
    opened.ask(EVERYTHING_OPEN)
    state = opened.ask(STATE)
    assert (state["global"], state["attribute"], state["hidden"], state["foreign"]) == (
        "undefined",
        "",
        False,
        [],
    )
    assert MARK not in state["title"]
    assert (state["closed"], state["text"] > 1000) == (0, True)
    assert (opened.dialogs(), opened.requests()) == ([], [])


@without_chromium
@pytest.mark.parametrize("name", ["evidence.har", "junit.xml", "summary.md", "report.json"])
def test_nothing_happens_when_another_file_is_opened_as_a_page(
    name: str, trials: dict[str, Trial], opened: Browser, tmp_path: Path
) -> None:
    """A build server may serve any file of the folder, and guess its type: as XML is what can go wrong."""
    for place in ("text_in_names", "text_in_the_action", "text_in_a_whole_body"):
        suffix = ".xml" if name == "junit.xml" else ".txt"
        file = tmp_path / f"{place}{suffix}"
        shutil.copy(trials[place].reports / name, file)
        opened.open(file)
        assert opened.ask("typeof window.zzyzx") == "undefined"
        assert (opened.dialogs(), opened.requests()) == ([], [])


# The terminal, as one


def test_a_real_terminal_is_left_alone(authority: Authority, tmp_path: Path) -> None:
    """Where output goes to a terminal the suite may rewrite its own line, and nothing else."""
    folder = folders(tmp_path / "run")
    behaviour = ALONE["text_in_the_action"]
    with contextlib.closing(Canary()) as canary, stage(behaviour, authority, canary, folder) as server:
        ca = authority.write(tmp_path)
        env = environment(folder, canary, TERM="xterm-256color", COLUMNS="80")
        process = Process(judging(server, ca, folder / "reports"), folder, env=env, terminal=True)
        outcome = process.wait()
    assert outcome.exit_code == 1
    said = outcome.output.decode().replace("\r", "").replace("\x1b[K", "")
    assert unsafe(said) == set()
    assert MARK in entities.unescape(said)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_of_another_encoding_is_no_reason_to_fail(
    encoding: str, authority: Authority, tmp_path: Path
) -> None:
    ended = trial.run(ALONE["text_in_a_description"], authority, tmp_path / "run", PYTHONIOENCODING=encoding)
    assert ended.outcome.exit_code == 1, ended.output
    assert "Traceback" not in ended.output
    ended.outcome.output.decode(encoding)

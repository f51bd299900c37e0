"""Requirements and checks of a user's own, in a folder outside of the suite, through every face."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance.checks.extension import read_extension
from conformance.checks.judging import Judging
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.verdicts.judge import judge
from tests.command import run
from tests.evidence_factory import conforming

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider"]
PLUGIN = ("-p", "conformance.pytest_plugin", "--endpoint=reference")
RUN = ("run", "--endpoint=reference", "--select=ENV-0*", "--reports=out")

ROW = '[[requirement]]\nid = "{}"\nlevel = "must"\nstatement = "It holds."\n'
HEAD = "from conformance import Breach, Exchange, Inconclusive, Judging, Kind, requirement, uses\n"
CHECK = """
@requirement("{}")
@uses(Kind.DOCUMENTED)
def test_{}(exchange: Exchange, judging: Judging) -> None:
    \"\"\"It holds.\"\"\"
    {}
"""
HOLDS = 'if not judging.answer(exchange).header("Content-Type"): raise Breach("there is none")'
BREAKS = 'raise Breach("it is broken", expected="whole", observed="broken")'
OPEN = 'raise Inconclusive("it cannot be seen")'


def written(folder: Path, bodies: dict[str, str], *, requirements: str | None = None) -> Path:
    """An extension: for each id the body of its check."""
    folder.mkdir()
    rows = "".join(map(ROW.format, bodies)) if requirements is None else requirements
    (folder / "requirements.toml").write_text(rows, encoding="utf-8")
    checks = "".join(CHECK.format(name, name[2:].lower(), body) for name, body in bodies.items())
    (folder / "test_own.py").write_text(HEAD + checks, encoding="utf-8")
    return folder


def report_in(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_bytes())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an extension of which one requirement holds, one is broken, one open, and one check in error."""
    base = tmp_path_factory.mktemp("mixed")
    written(base / "my [checks]", {"X-A": HOLDS, "X-B": BREAKS, "X-C": OPEN, "X-D": "assert False"})
    done = run(*RUN, "--extension", "my [checks]", cwd=base)
    (base / "said").write_text(done.stdout)
    assert done.returncode == 3, done.stderr
    return base


def test_the_claim_of_an_extension_stands_beside_the_published_one(mixed: Path, tmp_path: Path) -> None:
    bare = run(*RUN, cwd=tmp_path)
    with_it, without = report_in(mixed / "out"), report_in(tmp_path / "out")
    for key in ("verdict", "counts", "scope", "level"):
        assert with_it[key] == without[key]
    assert len(with_it["requirements"]) == len(without["requirements"])
    assert without["extensions"] == []
    assert "EXTENSION" not in bare.stdout
    (own,) = with_it["extensions"]
    assert own["name"] == "my [checks]"
    assert own["verdict"] == "nonconforming"
    assert {r["id"]: r["verdict"] for r in own["requirements"]} == {
        "X-A": "pass",
        "X-B": "fail",
        "X-C": "inconclusive",
        "X-D": "error",
    }
    place = "AssertionError, in my [checks]/test_own.py, line 25: assert False"
    assert own["requirements"][3]["reason"].startswith(place)


def test_every_report_shows_it(mixed: Path) -> None:
    line = "my [checks]: 1 of 4 requirements passed, 1 failed, 2 could not be judged"
    assert f"EXTENSION {line}\n" in (mixed / "said").read_text()
    assert "## EXTENSION my \\[checks\\]: 1 of 4" in (mixed / "out" / "summary.md").read_text()
    for name in ("report.html", "checks.html"):
        assert f"Extension {line}" in (mixed / "out" / name).read_text(encoding="utf-8")
    assert f"**EXTENSION {line}".replace("[", "\\[").replace("]", "\\]") in (mixed / "out" / "summary.md").read_text(
        encoding="utf-8"
    )
    page = (mixed / "out" / "report.html").read_text(encoding="utf-8")
    assert 'id="X-B"' in page
    published, own = ElementTree.parse(mixed / "out" / "junit.xml").getroot()
    assert published.get("failures") == "0"
    assert [own.get(key) for key in ("name", "tests", "failures", "errors", "skipped")] == [
        *("my [checks]", "4"),
        *("1", "2", "0"),
    ]


def test_replay_judges_it_alike(mixed: Path) -> None:
    done = run(
        "replay",
        "out/evidence.har",
        "--select=ENV-0*",
        "--extension=my [checks]",
        "--reports=again",
        cwd=mixed,
    )
    assert done.returncode == 3, done.stderr
    assert report_in(mixed / "again")["extensions"] == report_in(mixed / "out")["extensions"]


@pytest.mark.parametrize(
    ("body", "published", "code"),
    [
        (HOLDS, False, 0),
        (BREAKS, False, 1),
        (OPEN, False, 10),
        ("assert False", False, 3),
        (HOLDS, True, 0),
        (BREAKS, True, 1),
        (OPEN, True, 0),
        ("assert False", True, 3),
    ],
)
def test_under_pytest_it_is_a_test_like_any_other(tmp_path: Path, body: str, published: bool, code: int) -> None:
    written(tmp_path / "own", {"X-A": body})
    more = ("--pyargs", "conformance.checks") if published else ()
    done = run(*PLUGIN, "own", *more, "--reports=out", cwd=tmp_path, command=PYTEST)
    assert done.returncode == code, done.stdout
    report = report_in(tmp_path / "out")
    assert (report["verdict"], report["exit_code"]) == ("conforming" if published else "inconclusive", code)
    assert f"exit code {code}\n" in done.stdout
    said = done.stdout.partition("= conformance =")[2].partition("\n")[2]
    claim = f"EXTENSION own: {1 if body == HOLDS else 0} of 1 requirement passed"
    assert claim in said
    assert said.startswith("CONFORMING" if published else claim)
    assert ("pass  fail" in said) is published


def test_both_faces_agree(mixed: Path) -> None:
    done = run(*PLUGIN, ".", "--reports=pytest", "-n2", cwd=mixed / "my [checks]", command=PYTEST)
    assert done.returncode == 3, done.stdout
    (there,), (here,) = (
        report_in(mixed / "out")["extensions"],
        report_in(mixed / "my [checks]/pytest")["extensions"],
    )
    assert [(r["id"], r["verdict"], [c["id"] for c in r["checks"]]) for r in here["requirements"]] == [
        (r["id"], r["verdict"], [c["id"] for c in r["checks"]]) for r in there["requirements"]
    ]


def test_what_was_left_out_has_not_passed(tmp_path: Path) -> None:
    folder = written(tmp_path / "own", {"X-A": HOLDS})
    with (folder / "test_own.py").open("a") as file:
        file.write(CHECK.format("X-A", "more", HOLDS))
    done = run(*PLUGIN, "own", "-k", "more", cwd=tmp_path, command=PYTEST)
    assert "EXTENSION own: 0 of 1 requirement passed, 1 could not be judged" in done.stdout


MANY = """
@requirement("X-A")
@uses({})
def test_many(exchanges: tuple[Exchange, ...]) -> None:
    raise Breach(f"{{len(exchanges)}} of {{len({{e.kind for e in exchanges}})}} kinds")
"""


@pytest.mark.parametrize("looks_at", ["", "also=lambda judging, exchange: True", "Kind.ACTION"])
def test_every_face_shows_a_check_the_same_exchanges(tmp_path: Path, looks_at: str) -> None:
    folder = written(tmp_path / "own", {}, requirements=ROW.format("X-A"))
    (folder / "test_own.py").write_text(HEAD + MANY.format(looks_at))
    run("run", "--endpoint=reference", "--select=ENV-01", "--extension=own", "--reports=run", cwd=tmp_path)
    run(*PLUGIN, "own", "--reports=pytest", cwd=tmp_path, command=PYTEST)
    here, there = (report_in(tmp_path / name)["extensions"][0]["requirements"][0] for name in ("run", "pytest"))
    assert here["verdict"] == there["verdict"] == "fail"
    assert here["reason"] == there["reason"]
    assert looks_at == "Kind.ACTION" or int(here["reason"].split()[0]) > 150


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "assert exchange.number < 0",
            "AssertionError, in own/test_own.py, line 7: assert exchange.number < 0",
        ),
        ("{}[exchange.answer.header('X')]", "KeyError: '', in own/test_own.py, line 7: {}["),
        ("import json; json.loads('{')", "JSONDecodeError: Expecting property name"),
        ("raise SystemExit(0)", "SystemExit: 0, in own/test_own.py, line 7"),
        ("import pytest; pytest.skip('not today')", "Skipped: not today, in own/test_own.py, line 7"),
        ("return False", "TypeError: it returned bool; a check returns nothing"),
    ],
)
def test_a_broken_check_says_what_and_where(tmp_path: Path, body: str, told: str) -> None:
    folder = written(tmp_path / "own", {}, requirements=ROW.format("X-A"))
    (folder / "test_own.py").write_text(HEAD + CHECK.format("X-A", "a", body))
    ran = run(*RUN, "--extension=own", cwd=tmp_path)
    judged = run(*PLUGIN, "own", cwd=tmp_path, command=PYTEST)
    assert (ran.returncode, judged.returncode) == (3, 3)
    assert report_in(tmp_path / "out")["extensions"][0]["requirements"][0]["reason"].startswith(told)
    assert told.split(",", maxsplit=1)[0] in judged.stdout
    assert "pytest_plugin" not in judged.stdout
    assert "ERROR  X-A" in ran.stdout


def test_what_went_wrong_is_told_without_secrets(tmp_path: Path) -> None:
    body = 'raise ValueError("https://api.example.com/" + "s3cr3t")'
    own = read_extension(written(tmp_path / "own", {"X-A": body}), documented())
    judging = Judging(conforming(), documented())
    judging.redaction.text = lambda text: text.replace("s3cr3t", "[token]")  # type: ignore[method-assign]
    ((check, case),) = own.chosen(("get_list_callback",))
    told = judge(check, case, judging).reason
    assert told.startswith("ValueError: https://api.example.com/[token], in own/test_own.py, line 7: raise")
    assert "s3cr3t" not in told


@pytest.mark.parametrize("word", ["async def test_a", "def test_a"])
def test_what_nobody_would_run_is_refused(tmp_path: Path, word: str) -> None:
    folder = written(tmp_path / "own", {"X-A": "yield" if word.startswith("def") else "return"})
    file = folder / "test_own.py"
    file.write_text(file.read_text().replace("def test_a", word))
    with pytest.raises(ConfigError, match="test_a is async or yields"):
        read_extension(folder, documented())


def test_fixtures_are_real(tmp_path: Path) -> None:
    folder = written(tmp_path / "own", {"X-A": HOLDS})
    (tmp_path / "test_plain.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef sent(exchanges): return len(exchanges)\n"
        "def test_plain(judging, evidence, sent): assert sent == len(evidence.exchanges) == len(judging.judged) > 0\n"
    )
    done = run(*PLUGIN, str(folder), "test_plain.py", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 0, done.stdout
    alone = run(*PLUGIN, "test_plain.py", "--reports=out", cwd=tmp_path, command=PYTEST)
    assert alone.returncode == 0, alone.stdout
    assert "RECORDED" in alone.stdout
    report = report_in(tmp_path / "out")
    assert report["exchanges"] > 150
    assert report["exit_code"] == 0


PLAIN = """
def test_by_name(request):
    assert request.getfixturevalue("exchanges")
def test_of_its_own(exchanges):
    assert exchanges is None
"""


def test_fixtures_need_an_endpoint(tmp_path: Path) -> None:
    plugin = PLUGIN[:2]
    (tmp_path / "test_plain.py").write_text("def test_plain(exchanges): pass\ndef test_other(): pass\n")
    done = run(*plugin, "test_plain.py", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 4
    assert "test_plain.py::test_plain asks for what was recorded: add --endpoint=URL" in done.stderr
    assert run(*plugin, "test_plain.py", "-k", "other", cwd=tmp_path, command=PYTEST).returncode == 0
    (tmp_path / "test_plain.py").write_text(PLAIN)
    (tmp_path / "conftest.py").write_text("import pytest\n@pytest.fixture\ndef exchanges(): return None\n")
    done = run(*plugin, "test_plain.py", cwd=tmp_path, command=PYTEST)
    assert "1 failed, 1 passed" in done.stdout  # a fixture of its own is none of ours
    assert run(*PLUGIN, "test_plain.py", "-k", "of_its_own", cwd=tmp_path, command=PYTEST).stdout.count("RECORDED") == 0
    (tmp_path / "conftest.py").unlink()
    done = run(*plugin, "test_plain.py", "-k", "by_name", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 1
    assert "need --endpoint=URL" in done.stdout
    assert "pytest_plugin" not in done.stdout
    done = run(*PLUGIN, "test_plain.py", "-k", "by_name", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("body", "options", "code"),
    [
        (BREAKS, (), 0),
        (BREAKS, ("--fail-on-extension",), 1),
        (OPEN, ("--fail-on-extension",), 10),
        (HOLDS, ("--fail-on-extension",), 0),
        (BREAKS, ("--fail-on-extension", "--select=TLS-02", "--http-endpoint=http://127.0.0.1:1/"), 1),
    ],
)
def test_an_extension_can_fail_a_run(tmp_path: Path, body: str, options: tuple[str, ...], code: int) -> None:
    """The last of them leaves something of the contract open as well."""
    written(tmp_path / "own", {"X-A": body})
    done = run(*RUN, "--extension=own", *options, cwd=tmp_path)
    assert done.returncode == code, done.stdout
    report = report_in(tmp_path / "out")
    assert report["exit_code"] == code
    again = run(
        *(
            "replay",
            "out/evidence.har",
            "--select=ENV-01",
            "--extension=own",
            "--reports=again",
            *options[:1],
        ),
        cwd=tmp_path,
    )
    assert again.returncode == code


TARGET = '[targets.here]\nendpoint = "https://127.0.0.1:1/T0KEN"\nhttp_endpoint = "http://127.0.0.1:1/"\n'
OWN = '[extensions]\nrequirements = "own/requirements.toml"\nchecks = "own"\n'


def test_the_configuration_file_names_one(tmp_path: Path) -> None:
    written(tmp_path / "own", {"X-A": HOLDS})
    (tmp_path / "connect-conformance.toml").write_text(TARGET + OWN)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = ("run", "--target=here", "--select=ENV-01", "--reports=out")
    done = run(*words, "--config=../connect-conformance.toml", cwd=elsewhere)
    assert done.returncode == 10
    assert "EXTENSION own: 0 of 1 requirement passed, 1 could not be judged" in done.stdout


def test_how_to_mend_it_is_told(tmp_path: Path) -> None:
    rows = ROW.format("X-A") + 'mend = "Send it."\n' + ROW.format("X-B") + 'source = "the operators\' handbook"\n'
    folder = written(tmp_path / "own", {"X-A": BREAKS, "X-B": BREAKS}, requirements=rows.replace("source", "standard"))
    done = run(*RUN, f"--extension={folder}", cwd=tmp_path)
    assert done.stdout.count("  mend      Send it.\n") == done.stdout.count("  mend") == 1
    assert "mend: `Send it.`" in (tmp_path / "out" / "summary.md").read_text()
    assert report_in(tmp_path / "out")["extensions"][0]["requirements"][0]["mend"] == "Send it."
    said = run("explain", "x-a", "--extension=own", cwd=tmp_path).stdout
    assert said.startswith("X-A  must, of the extension own\n  holds         It holds.\n")
    assert "to mend       Send it." in said
    assert " requests: the documented request" in said
    assert "known faults" not in said
    other = run("explain", "X-B", cwd=tmp_path, CONNECT_CONFORMANCE_EXTENSION="own").stdout
    assert "rests on" in other
    assert "handbook" in other
    assert "to mend" not in other
    assert "known faults" in run("explain", "ENV-01", "--extension=own", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("explain", "X-A"), "a requirement of your own needs --extension DIR"),
        (("explain", "X-B", "--extension=own"), "did you mean X-A?"),
        (("explain", "X-A", "--extension=none"), "there is no such folder"),
        (
            ("run", "--endpoint=https://127.0.0.1:1/T", "--extension=own", "--select=X-*"),
            "an extension is always judged whole",
        ),
        (("replay", "none.har", "--extension=own", "--deselect=X-A"), "an extension is always judged whole"),
        (("doctor", "--endpoint=https://127.0.0.1:1/T", "--extension=none"), "there is no such folder"),
    ],
)
def test_what_cannot_be_asked_of_it_is_refused_in_one_line(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    written(tmp_path / "own", {"X-A": HOLDS})
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 4
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("named", ["--extension=own", "--target=here"])
def test_what_would_be_judged_and_sent_has_it(tmp_path: Path, named: str) -> None:
    written(tmp_path / "own", {"X-A": HOLDS})
    (tmp_path / "connect-conformance.toml").write_text(TARGET + OWN)
    words = (named, *(() if "target" in named else ("--endpoint=https://127.0.0.1:1/T",)), "--select=ENV-01")
    listed = run("run", *words, "--list", cwd=tmp_path)
    assert listed.returncode == 0
    assert "of the extension own:\n\n  X-A               own/test_own.py::test_a[query-xml]\n" in listed.stdout
    seen = run("doctor", *words, cwd=tmp_path)
    assert "own: X-A" in seen.stdout
    file = tmp_path / "own" / "test_own.py"
    file.write_text(file.read_text().replace("Kind.DOCUMENTED", ""))
    more = run("run", *words, "--list", cwd=tmp_path)
    assert more.stdout.count("\n") > listed.stdout.count("\n") + 50
    assert _cost(run("doctor", *words, cwd=tmp_path).stdout) == _cost(more.stdout) > _cost(seen.stdout)


def _cost(said: str) -> int:
    return int(re.findall(r"([0-9]+) requests \(", said)[0])


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (OWN.replace("checks", "check"), "unknown key `check` at `extensions` (did you mean `checks`?)"),
        ('[extensions]\nchecks = "own"\n', "missing key `requirements` at `extensions`"),
        (OWN.replace('"own"', "1"), "a whole number stands at `extensions.checks`"),
        (OWN.replace("[extensions]", "[extension]"), "did you mean `extensions`?"),
        (OWN.replace('"own"', '"none"'), "there is no such folder"),
        (OWN.replace("requirements.toml", "rows.toml"), "rows.toml: No such file"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(tmp_path: Path, table: str, told: str) -> None:
    written(tmp_path / "own", {"X-A": HOLDS})
    (tmp_path / "connect-conformance.toml").write_text(TARGET + table)
    done = run("run", "--target=here", cwd=tmp_path)
    assert done.returncode == 4
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


GOOD = CHECK.format("X-A", "a", HOLDS)
WRONG = {
    "id without X-": (ROW.format("ENV-01"), HEAD + CHECK.format("ENV-01", "a", HOLDS), "'ENV-01' is no id"),
    "id twice": (ROW.format("X-A") * 2, HEAD + GOOD, "X-A is there twice"),
    "unknown requirement": (
        ROW.format("X-A"),
        HEAD + GOOD + CHECK.format("X-Z", "z", HOLDS),
        "'X-Z'; allowed: X-A",
    ),
    "published requirement": (
        ROW.format("X-A"),
        HEAD + GOOD + CHECK.format("ENV-01", "z", HOLDS),
        "'ENV-01'",
    ),
    "requirement without check": (
        ROW.format("X-A") + ROW.format("X-B"),
        HEAD + GOOD,
        "no check is of requirement X-B",
    ),
    "test without requirement": (
        ROW.format("X-A"),
        HEAD + GOOD + "\ndef test_b(): pass\n",
        "test_b is no check",
    ),
    "class": (ROW.format("X-A"), HEAD + GOOD + "\nclass TestB: pass\n", "TestB is no check"),
    "strange argument": (ROW.format("X-A"), HEAD + GOOD.replace("judging:", "jugding:"), "takes 'jugding'"),
    "no requirements.toml": (None, HEAD + GOOD, "requirements.toml: No such file"),
    "no TOML": ("[[", HEAD + GOOD, "requirements.toml: "),
    "unknown key": (ROW.format("X-A") + "lvel = 1\n", HEAD + GOOD, "unknown field `lvel`"),
    "unknown level": (ROW.format("X-A").replace("must", "shall"), HEAD + GOOD, "shall"),
    "unknown call": (ROW.format("X-A") + 'calls = ["get_it"]\n', HEAD + GOOD, "the call 'get_it'"),
    "no Python": (ROW.format("X-A"), "def :", "test_own.py cannot be imported: SyntaxError"),
    "import that fails": (
        ROW.format("X-A"),
        "import nothing_of_that_name",
        "cannot be imported: ModuleNotFoundError",
    ),
    "exit at import": (ROW.format("X-A"), "raise SystemExit(0)", "cannot be imported: SystemExit"),
    "kind that is none": (
        ROW.format("X-A"),
        HEAD + GOOD.replace("Kind.DOCUMENTED", '"documented"'),
        "no kind of request",
    ),
    "unknown state": (
        ROW.format("X-A"),
        HEAD + GOOD.replace("Kind.DOCUMENTED", 'Kind.STATE, state="4"'),
        "test_a uses the state '4'; allowed: 0",
    ),
    "state without its kind": (
        ROW.format("X-A"),
        HEAD + GOOD.replace("Kind.DOCUMENTED", 'state="004"'),
        "no kind that has one; allowed: Kind.STATE, Kind.AFTER",
    ),
    "state of another kind": (
        ROW.format("X-A"),
        HEAD + GOOD.replace("Kind.DOCUMENTED", 'Kind.DOCUMENTED, state="004"'),
        "no kind that has one",
    ),
    "marks without brackets": (
        ROW.format("X-A"),
        HEAD + GOOD + GOOD.replace("test_a", "test_b").replace("@uses(Kind.DOCUMENTED)", "@uses"),
        "test_b is marked without brackets",
    ),
    "no check": (ROW.format("X-A"), "", "it has no check"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_extension_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    rows, source, told = WRONG[name]
    folder = written(tmp_path / "own", {}, requirements=rows or "")
    (folder / "test_own.py").write_text(source)
    if rows is None:
        (folder / "requirements.toml").unlink()
    with pytest.raises(ConfigError) as refused:
        read_extension(folder, documented())
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["id without X-", "unknown requirement", "import that fails", "no requirements.toml"])
def test_before_anything_is_sent(tmp_path: Path, name: str) -> None:
    rows, source, told = WRONG[name]
    folder = written(tmp_path / "own", {}, requirements=rows or "")
    (folder / "test_own.py").write_text(source)
    if rows is None:
        (folder / "requirements.toml").unlink()
    away = "--endpoint=https://127.0.0.1:1/T"
    done = run("run", away, "--extension=own", cwd=tmp_path)
    assert done.returncode == 4
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    done = run("-p", "conformance.pytest_plugin", away, "own", "--tb=no", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 4, done.stdout + done.stderr
    assert told in done.stderr


def test_a_folder_that_is_not_there_or_named_twice(tmp_path: Path) -> None:
    written(tmp_path / "own", {"X-A": HOLDS})
    (tmp_path / "b").mkdir()
    written(tmp_path / "b" / "other", {"X-A": HOLDS})
    for words, told in (
        (["--extension=none"], "there is no such folder"),
        (["--extension=own", "--extension=own"], "own is in"),
        (["--extension=own", "--extension=b/other"], "X-A is in"),
    ):
        done = run("run", "--endpoint=https://127.0.0.1:1/T", *words, cwd=tmp_path)
        assert done.returncode == 4
        assert told in done.stderr

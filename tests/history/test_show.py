"""`history show` and `history html`: what people see, whatever stands in the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from conformance.commands.cli import main
from tests.history.nights import CONTRACT, DARK, SINCE, forty, kept, night, nights, terms
from tests.reporting.browser import CHROMIUM, dom, owned
from tests.reporting.conftest import HOSTILE, Matches


def show(capsys: pytest.CaptureFixture[str], file: Path, *words: str, code: int = 0) -> str:
    assert main(["history", "show", f"--history={file}", *words]) == code
    said = capsys.readouterr()
    assert said.err == "" or code
    return said.err if code else said.out


def page(file: Path, out: Path, *words: str) -> html.HtmlElement:
    assert main(["history", "html", f"--history={file}", f"--output={out}", *words]) == 0
    return html.fromstring(out.read_bytes())


def test_forty_nights_on_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, matches: Matches
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    file = kept(tmp_path / "h", [*forty(), *nights(["pppppp"] * 3, target="production")])
    matches(Path(__file__).with_name("snapshots") / "forty.txt", show(capsys, file))
    assert show(capsys, file, "--target=prod*").count("\n") == 2
    whole = show(capsys, file, "--target=staging", "--requirement=ENV-*")
    assert "ENV-03" in whole
    assert "CBK" not in whole
    assert "MENDED" in show(capsys, file, "--requirement=CBK-09")


def test_what_broke_in_one_night_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = kept(tmp_path / "h", nights(["pppppp", "ffffpp", "ffffpp"]))
    said = show(capsys, file)
    assert said.startswith("HISTORY  4 regressions")
    assert said.count("REGRESSED") == 1
    assert show(capsys, file, "--requirement=*").count("REGRESSED") > 1
    (card,) = page(file, tmp_path / "h.html").find_class("card")
    assert len(card.findall("h3/code")) > 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("--target=stagign",),
            "no target of HISTORY is named 'stagign' (did you mean staging?); allowed: staging",
        ),
        (
            ("--requirement=EMV-03",),
            "'EMV-03' names none in HISTORY; allowed: an id or a glob such as 'ENV-*'",
        ),
        (("--targets=x",), "unrecognized arguments: --targets=x (did you mean --target?)"),
    ],
)
def test_what_is_not_there_is_named(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = kept(tmp_path / "h", forty())
    said = show(capsys, file, *words, code=4)
    assert says in said.replace(str(file), "HISTORY")
    assert said.count("\n") == 1


def test_lines_that_are_none_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = kept(tmp_path / "h", nights(["pppppp", "pppppp"]))
    file.write_bytes(file.read_bytes() + file.read_bytes() + b"<<<<<<< HEAD\n" + b"rubbish\n" * 20 + b'{"history":1,"w')
    said = show(capsys, file)
    assert "line 5 is left out: a conflict marker of a merge" in said
    assert "12 more lines left out" in said
    assert "2 lines of runs that another line tells, too: counted once" in said
    shown = page(file, tmp_path / "out.html").text_content()
    assert "line 5 is left out: a conflict marker of a merge" in shown


def test_forty_nights_on_a_page(tmp_path: Path) -> None:
    shown = page(kept(tmp_path / "h", forty()), tmp_path / "out.html")
    assert not shown.xpath("//script|//@onclick|//@style")
    assert shown.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0].startswith("default-src 'none'")
    rows = {row.xpath("string(th/code)"): row for row in shown.xpath("//table[@class='nights']/tbody/tr")}
    for name, since in SINCE.items():
        strip = rows[name].xpath("string(td/span)")
        assert strip.index("×") == since
        assert [place for place, sign in enumerate(strip) if sign == "?"] == list(DARK)
        assert f"last good 2026-0{1 if since < 32 else 2}-" in rows[name].text_content()
    (turns,) = (row.xpath("string(td/span)") for row in rows.values() if "suite, contract" in row.text_content())
    assert [place for place, sign in enumerate(turns) if sign == "|"] == [25, 32]
    (dates,) = shown.xpath("//table[@class='nights']/thead//span/text()")
    assert dates.split() == ["01-01", "01-08", "01-15", "01-22", "01-29", "02-05"]
    assert dates.index("01-15") == 14
    assert len(shown.xpath("//article[@class='card fail']")) == 3
    assert "41 % (95 %: 26 % to 58 %)" in shown.text_content()
    (medians,) = shown.xpath("//path[@class='point']/@d")
    assert medians.count("M") == 40 - len(DARK)


def test_an_outage_is_not_told_of_every_requirement(tmp_path: Path) -> None:
    shown = page(kept(tmp_path / "h", nights(["pppppp", "iiiiii", "pppppp"])), tmp_path / "out.html")
    assert not shown.xpath("//table[@class='nights']/tbody/tr/th/code")
    assert "6 judgements passed in every run shown, as far as it could be judged" in shown.text_content()


@pytest.mark.parametrize("place", ["target", "labels", "suite", "contract", "obstacle", "names"])
def test_strangers_words_are_shown_and_not_obeyed(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = re.sub(r"\s", "", HOSTILE)[:400]
    changes = {"labels": {HOSTILE: HOSTILE}} if place == "labels" else {} if place == "names" else {place: HOSTILE}
    of = terms(f"{words} {words}2", "mm", binding=words, calls=(words,), accept=(words,)) if place == "names" else None
    letters = ("pp", "ff", "ii") if of else ("pppppp", "ffffff", "iiiiii")
    other = {"suite": "0.1.0", "contract": CONTRACT} if place in {"suite", "contract"} else {}
    lines = [night(n, said, of=of, **changes | (other if n == 0 else {})) for n, said in enumerate(letters)]
    file = kept(tmp_path / "h", lines)
    said = show(capsys, file)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", said)
    shown = page(file, tmp_path / "out.html")
    assert not shown.xpath("//script|//img|//@onerror")
    assert "<script>" in shown.text_content()
    if CHROMIUM:
        assert not owned(dom(tmp_path / "out.html", tmp_path / "profile"))


def test_many_targets_and_nights_stay_bounded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = " ".join(f"ONE-{number:02}" for number in range(90))
    of = terms(names, "m" * 90)
    lines = [
        night(
            number / 4,
            "".join("pf"[(number * place) % 7 == 0] for place in range(90)),
            of=of,
            target=f"t-{target:03}",
        )
        for number in range(100)
        for target in range(60)
    ]
    file = kept(tmp_path / "h", lines)
    shown = page(file, tmp_path / "out.html")
    assert (tmp_path / "out.html").stat().st_size < 3 << 20
    assert len(shown.xpath("//article")) <= 40
    assert "35 targets more" in shown.text_content()
    said = show(capsys, file)
    assert "... and 20 more" in said
    assert said.count("\n") < 1_500


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = kept(tmp_path / "h", forty())
    assert main(["history", "html", f"--history={file}", f"--output={tmp_path}/none/x.html"]) == 4
    assert capsys.readouterr().err.count("\n") == 1

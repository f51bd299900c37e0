"""The table of settings: a new setting is one row, and whatever is made from the table is up to date."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from conformance.commands.cli import main, parsed
from conformance.commands.fleet import Fleet
from conformance.commands.init import template
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.pytest_plugin.options import add_options, options_of
from conformance.target import settings
from conformance.target.configuration import read_config
from conformance.target.from_options import target_of
from conformance.target.options import settle
from conformance.target.schema import NAME, schema
from conformance.target.settings import PREFIX, SETTINGS, Place, Setting, placed, taken_by
from conformance.target.target import Target
from tests.command import ROOT
from tests.generated import current

ENDPOINT = "https://staging.example.com/T0KEN"
PAGE = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "conformance" / "target" / NAME
IN_A_FILE = """
[targets.staging]
endpoint = "https://staging.example.com/T0KEN"
"""


def test_keys_are_said_once_in_each_place() -> None:
    for places in (("target", "run", "command"), ("state",), ("extensions",)):
        keys = [row.key for row in SETTINGS if row.place in places]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: f"{row.place}-{row.key}")
def test_a_row_is_whole(row: Setting) -> None:
    assert re.fullmatch(r"[^A-Z].*[^.]|CA .*[^.]", row.help)
    assert row.place in {"target", "state", "extensions"} or row.commands
    assert row.kind not in {"number", "whole"} or row.low < row.high
    assert bool(row.choices) == (row.kind == "choice")
    assert not row.commands or row.metavar or row.kind in {"flag", "choice"}


# A new setting is one row

PATIENCE = Setting(
    "patience",
    "whole",
    "target",
    "how often it is asked again",
    default=3,
    low=1,
    high=9,
    metavar="N",
    commands=("run", "pytest"),
)
PLACES = Setting("places", "list", "target", "where it may answer from", example='["${TOWN}"]')
MOOD = Setting("mood", "choice", "state", "how the state feels", default="calm", choices=("calm", "cross"))
HURRY = Setting(
    "hurry", "number", "run", "how fast it goes", default=1.5, low=1, high=2, metavar="X", commands=("run",)
)

FLAVOURS = Setting(
    "flavours",
    "table",
    "target",
    "what is judged",
    adds=True,
    option="flavour",
    metavar="KEY=VALUE",
    commands=("run",),
)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SETTINGS", (*SETTINGS, PATIENCE, PLACES, MOOD, HURRY, FLAVOURS))


def chosen(*words: str) -> Target:
    with contextlib.ExitStack() as stack:
        return target_of(parsed(["run", f"--endpoint={ENDPOINT}", *words]), documented(), stack)


@pytest.mark.usefixtures("added")
class TestANewSettingIsOneRow:
    def test_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOWN", "Cape")
        file = tmp_path / "c.toml"
        state = "[targets.staging.states.004]\nsetup = ['true']\n"
        file.write_text(f"{IN_A_FILE}patience = 4\nplaces = ['${{TOWN}}']\n{state}mood = 'cross'", encoding="utf-8")
        made = Target.read(file, "staging")
        assert made.more == {"patience": 4, "places": ("Cape",), "flavours": {}}
        assert made.states["004"].more == {"mood": "cross"}

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            (
                "patience = 10",
                "a number out of range stands at `targets.staging.patience`; allowed: a whole number",
            ),
            ("patience = '4'", "a string stands at `targets.staging.patience`; allowed: a whole number"),
            ("patince = 4", "unknown key `patince` at `targets.staging` (did you mean `patience`?)"),
            ("states.004.mood = 'glad'", "`targets.staging.states.004.mood`; allowed: calm, cross"),
        ],
    )
    def test_a_wrong_value_in_the_file(self, line: str, says: str, tmp_path: Path) -> None:
        file = tmp_path / "c.toml"
        file.write_text(IN_A_FILE + line, encoding="utf-8")
        with pytest.raises(ConfigError) as refused:
            read_config(file)
        assert says in str(refused.value)

    def test_a_wrong_table_is_named_before_the_target_that_it_hides(self, tmp_path: Path) -> None:
        file = tmp_path / "c.toml"
        file.write_text("[target.staging]\nendpoint = 'https://h.example/T'\n", encoding="utf-8")
        asked = parsed(["run", "--target=staging", f"--config={file}"])
        with pytest.raises(ConfigError, match=r"unknown key `target` \(did you mean `targets`\?\)"):
            target_of(asked, documented(), contextlib.ExitStack())

    def test_the_option_and_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert chosen().more["patience"] == 3
        monkeypatch.setenv("CONNECT_CONFORMANCE_PATIENCE", "5")
        assert chosen().more["patience"] == 5
        assert chosen("--patience=6").more["patience"] == 6
        monkeypatch.setenv("CONNECT_CONFORMANCE_PATIENCE", "10")
        with pytest.raises(ConfigError, match="PATIENCE: '10' is not a whole number from 1 to 9"):
            chosen()

    def test_a_wrong_option(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", f"--endpoint={ENDPOINT}", "--patience=0"]) == 4
        assert "--patience: '0' is not a whole number from 1 to 9" in capsys.readouterr().err

    def test_help(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "--help"]) == 0
        assert re.search(r"--patience N +how often it is asked again \(default: 3\)", capsys.readouterr().out)

    def test_init(self) -> None:
        assert "# How often it is asked again.\n# patience = 3\n" in template()
        assert '# places = ["${TOWN}"]\n' in template()
        assert '# How the state feels: calm, cross.\n# mood = "calm"\n' in template()

    def test_editors(self) -> None:
        made = json.loads(schema(documented().errors))["definitions"]
        assert made["target"]["properties"]["patience"] == {
            "type": "integer",
            "description": "How often it is asked again.",
            "minimum": 1,
            "maximum": 9,
            "default": 3,
        }
        assert made["state"]["properties"]["mood"]["enum"] == ["calm", "cross"]

    def test_pytest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parser = pytest.Parser(_ispytest=True)
        add_options(parser)
        options = options_of(parser.parse(["--endpoint=reference", "--patience=7"]))
        settle(options, "pytest", {})
        assert options.patience == 7
        with pytest.raises(pytest.UsageError, match="--patience: '10' is not a whole number from 1 to 9"):
            parser.parse(["--patience=10"])

    def test_an_option_of_pairs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONNECT_CONFORMANCE_FLAVOUR", "a=1, b=2=2")
        assert chosen().more["flavours"] == {"a": "1", "b": "2=2"}
        assert chosen("--flavour=c=", "--flavour=d=4").more["flavours"] == {"c": "", "d": "4"}
        monkeypatch.setenv("CONNECT_CONFORMANCE_FLAVOUR", "a")
        with pytest.raises(ConfigError, match="FLAVOUR: 'a' is not KEY=VALUE"):
            chosen()

    def test_an_option_adds_to_the_file_where_its_row_says_so(self, tmp_path: Path) -> None:
        file = tmp_path / "c.toml"
        text = "accept = ['I-01']\nflavours = { a = '1', b = '2' }\nplaces = ['x']"
        file.write_text(IN_A_FILE + text, encoding="utf-8")
        words = [
            "run",
            f"--config={file}",
            "--target=staging",
            "--accept=I-04",
            "--flavour=b=3",
            "--timeout=7",
        ]
        with contextlib.ExitStack() as stack:
            made = target_of(parsed(words), documented(), stack)
        assert made.accept == ("I-01", "I-04")
        assert made.more["flavours"] == {"a": "1", "b": "3"}
        assert made.timeout == 7

    def test_fleets(self, tmp_path: Path) -> None:
        words = ("run", "--all-targets", "--patience=3", "--hurry=1.25", "--flavour=a=b", "--jobs=2")
        command = Fleet(parsed(words), tmp_path / "c.toml", tmp_path)._command("staging", tmp_path)
        assert command[-3:] == ["--patience=3", "--hurry=1.25", "--flavour=a=b"]

    def test_python(self) -> None:
        assert Target.of(ENDPOINT, patience=9).more["patience"] == 9
        with pytest.raises(ConfigError, match="patience"):
            Target.of(ENDPOINT, patience=10)


# Values that Python alone can give

ODD: dict[str, object] = {
    "timeout": True,
    "max_body": 2.0,
    "headers": {1: "x"},
    "secrets": [b"abcdef"],
    "states": {"004": {1: "x"}},
    "accept": None,
    "binding": ["query-xml"],
    "concurrency": 10**400,
}


@pytest.mark.parametrize("key", ODD)
def test_an_odd_value_is_refused_in_one_line(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"`targets\.endpoint\.{key}.*; allowed: ") as refused:
        Target.of(ENDPOINT, **{key: ODD[key]})  # type: ignore[arg-type]
    assert "\n" not in str(refused.value)


def test_a_path_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca_file: there is no file .*none\.pem"):
        Target.of(ENDPOINT, ca_file=tmp_path / "none.pem")


# What is made from the table

TITLES: dict[Place, str] = {
    "target": "Keys of `[targets.NAME]`",
    "state": "Keys of `[targets.NAME.states.NNN]`",
    "extensions": "Keys of `[extensions]`",
    "run": "Options of a run",
    "command": "Options of one command",
}


def table(place: Place) -> str:
    """The rows of a place, as Markdown."""
    rows = placed(place).values()
    optional = any(row.commands for row in rows)
    keyed = place in {"target", "state", "extensions"}
    heads = ["key"] * keyed + ["option"] * optional + ["what it is", "allowed", "default"]
    lines = [heads, ["---"] * len(heads)]
    for row in rows:
        usual = row.usual or ("false" if keyed and row.kind == "flag" else "")
        default = row.unset or (f"`{usual}`" if usual else "required" if row.required else "")
        said = f"{row.help[0].upper()}{row.help[1:]}." + (f" {row.more}" if row.more else "")
        option = f"`{row.flag}{f' {row.metavar}' if row.metavar else ''}`" if row.commands else ""
        cells = [f"`{row.key}`"] * keyed + [option] * optional
        lines.append([*cells, said, row.allowed, default])
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"### {TITLES[place]}\n\n{body}\n"


def page(text: str) -> str:
    """The page with the tables in their place."""
    begin, end = "<!-- settings -->\n", "<!-- end of the settings -->"
    tables = "\n".join(map(table, TITLES))
    commands = "\n".join(
        f"- `{command}`: {', '.join(f'`{row.flag}`' for row in taken_by(command))}"
        for command in ("run", "doctor", "replay", "init", "pytest")
    )
    made = f"\n{tables}\n### Which command takes which\n\n{commands}\n\n"
    return f"{text[: text.index(begin)]}{begin}{made}{text[text.index(end) :]}"


def test_the_page_is_up_to_date() -> None:
    current(PAGE, page(PAGE.read_text(encoding="utf-8")))


def test_a_variable_is_named_as_its_option() -> None:
    """The page says so, in place of a column."""
    assert all(row.variable == PREFIX + row.flag[2:].upper().replace("-", "_") for row in SETTINGS)


def test_the_schema_that_ships_is_up_to_date() -> None:
    current(SCHEMA, schema(documented().errors))


def validator() -> jsonschema.Draft4Validator:
    made = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(made)
    return jsonschema.Draft4Validator(made)


def test_what_init_writes_is_valid_with_and_without_its_comments() -> None:
    text = template()
    assert text.startswith(f"#:schema ./{NAME}\n")
    whole = re.sub(r"^# (\[targets|[a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    for one in (text, whole):
        validator().validate(tomllib.loads(one))


@pytest.mark.parametrize(
    "lines",
    [
        "timeot = 3",
        "timeout = 0",
        "timeout = '3'",
        "max_body = 1.5",
        "binding = 'soap'",
        "accept = 'I-04'",
        "headers = { X = 1 }",
        "states.005.setup = ['x']",
        "states.004.setip = ['x']",
    ],
)
def test_the_schema_refuses_what_a_run_refuses(lines: str, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(IN_A_FILE + lines, encoding="utf-8")
    assert not validator().is_valid(tomllib.loads(file.read_text(encoding="utf-8")))
    with pytest.raises(ConfigError):
        Target.read(file, "staging")

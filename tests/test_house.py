"""The rules of the house: who may import whom, what stays light, how things are written."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house import PAGE, PICTURE, House, house, page, svg
from tests.tree import tracked

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "conformance"
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in PACKAGE.rglob("*.py")
    if "_folded" not in file.parts
)


def path_of(module: str) -> Path:
    file = ROOT.joinpath(*module.split("."))
    return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")


def source_of(module: str) -> str:
    return path_of(module).read_text(encoding="utf-8")


LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """The import rules of pyproject.toml, held against the package in `root`."""
    return subprocess.run(
        [*LINT, "--no-cache", "--config", str(root / "pyproject.toml")],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_keep_the_rules() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


BROKEN = [  # a module, a line that it may not have, and the import as it is named
    ("checks.judging", "import httpx", ".judging -> httpx"),
    ("checks.alike", "def f():\n    from httpcore import Request", ".alike -> httpcore"),
    ("commands.cli", "import lxml.etree", ".cli -> lxml"),
    ("checks.judging", "import xmlschema", ".judging -> xmlschema"),
    ("checks.judging", "from conformance.reference import start", ".judging -> conformance.reference"),
    ("reference.app", "from conformance.contract.load import documented", ".app -> conformance.contract.load"),
    (
        "checks.test_timestamp",
        "from conformance.sending.wire import Wire",
        ".test_timestamp -> conformance.sending.wire",
    ),
    (
        "checks.test_timestamp",
        "from conformance.probes.probe import Probe",
        ".test_timestamp -> conformance.probes.probe",
    ),
    ("checks.test_timestamp", "import pytest", ".test_timestamp -> pytest"),
    ("verdicts.claim", "from conformance.target.target import Target", ".claim -> conformance.target.target"),
    ("contract.model", "from conformance.target.target import Target", ".model -> conformance.target.target"),
    ("evidence.har", "from conformance.evidence import from_har", ".har -> .from_har"),  # a circle
    ("reference.answer", "from conformance.reference import registry", ".answer -> .registry"),
]


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a copy of the package that has all these lines."""
    root = tmp_path_factory.mktemp("house")
    shutil.copytree(PACKAGE, root / "conformance", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for module, line, _ in BROKEN:
        with (root / "conformance" / f"{module.replace('.', '/')}.py").open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    return lint_imports(root).stdout


@pytest.mark.parametrize("named", [named for *_, named in BROKEN])
def test_the_rules_bite(complaints: str, named: str) -> None:
    assert f"{named} (" in complaints


def test_the_picture_of_the_house_is_up_to_date() -> None:
    found = house()
    assert PICTURE.read_text(encoding="utf-8") == svg(found), "`python -m tests.house --write` draws it anew"
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text, found), "`python -m tests.house --write` writes it anew"


def test_the_house_has_few_rooms_and_every_arrow_leads_down() -> None:
    found = house()
    assert len(found.rooms) <= 15
    assert not found.upwards
    assert not found.circles


def test_what_the_house_is_counted_by(tmp_path: Path) -> None:
    made = {
        "top.py": "from conformance.middle import x",
        "middle/__init__.py": "",
        "middle/x.py": "import conformance.low\nfrom conformance.middle import y",
        "middle/y.py": "from conformance.middle import x",
        "low.py": "import conformance.top",
        "alone.py": "",
        "__init__.py": "",
    }
    for name, text in made.items():
        (tmp_path / "conformance" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "conformance" / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "tests.house", "--of", str(tmp_path)]  # where no other is loaded yet

    def counted() -> list[str]:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert counted() == [
        "4 rooms, 1 floors, 3 arrows, 1 circles",
        "  1  alone, low, middle, top",
        "not down: low -> top",
        "not down: middle -> low",
        "not down: top -> middle",
        "circle: conformance.low conformance.middle.x conformance.middle.y conformance.top",
    ]
    (tmp_path / "conformance/low.py").write_text("", encoding="utf-8")
    assert counted() == [
        "4 rooms, 3 floors, 2 arrows, 1 circles",
        "  3  top",
        "  2  middle",
        "  1  alone, low",
        "circle: conformance.middle.x conformance.middle.y",
    ]


def test_a_picture_shows_no_arrow_twice_and_marks_the_ones_that_are_implied() -> None:
    rooms = {"a": frozenset({"b", "c"}), "b": frozenset({"c"}), "c": frozenset[str]()}
    drawn = svg(House(rooms, ()))
    assert drawn.count(' d="M170 ') == 3
    assert drawn.count("url(#ink)") == 2
    assert drawn.count("url(#pale)") == 1
    assert "url(#wrong)" not in drawn
    assert svg(House(rooms | {"c": frozenset({"a"})}, ())).count("url(#wrong)") == 4


def test_every_dependency_has_a_doorman() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    guarded = {name for c in contracts if c["type"] == "protected" for name in c["protected_modules"]}
    needed = {re.split(r"[<>=]", line)[0].replace("-", "_") for line in settings["project"]["dependencies"]}
    assert needed - guarded == {"msgspec", "pytest_html"}  # plain records everywhere; a plug-in of pytest's


def test_everything_imported_is_a_dependency() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {re.split(r"[<>=]", line)[0].replace("-", "_") for line in settings["project"]["dependencies"]}
    extras = {"conformance.reporting.parquet": {"pyarrow"}}  # imported where it is asked for, and told where it is not
    assert settings["project"]["optional-dependencies"]["parquet"][0].startswith("pyarrow>=")
    for module in MODULES:
        nodes = list(ast.walk(ast.parse(source_of(module))))
        named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        named += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        assert {name.split(".")[0] for name in named} <= {
            *needed,
            *sys.stdlib_module_names,
            *extras.get(module, ()),
            "conformance",
        }, module


HEAVY = {"anyio", "httpcore", "httpx", "hypothesis", "pytest", "trustme", "uvicorn", "xmlschema"}
HEAVIER = HEAVY | {"asyncio", "lxml", "msgspec", "ssl"}
LOADED = """
import contextlib, io, sys
from conformance.commands.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(sys.argv[1:])
print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        (["--help"], HEAVIER),
        (["--version"], HEAVIER),
        (["run", "--help"], HEAVIER),
        (["requirements"], HEAVY),
        (["requirements", "--format", "json"], HEAVY),
        (["compare", "reports/sample", "reports/sample"], HEAVY | {"lxml"}),
        (["init", "--force", "--config", os.devnull], HEAVY | {"lxml"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_heavy_is_imported(command: list[str], heavy: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "conformance.commands.cli" in loaded
    assert not loaded & heavy


TOOLS = {
    "ruff": [["ruff", "check", "--no-cache", "."], ["ruff", "format", "--check", "--no-cache", "."]],
    "mypy": [["mypy"]],
}


@pytest.mark.parametrize("command", [command for commands in TOOLS.values() for command in commands], ids=" ".join)
def test_tools_find_nothing(command: list[str]) -> None:
    tool = command[0]
    pins = dict(line.split("==") for line in (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").split())
    if importlib.metadata.version(tool) != pins[tool]:
        pytest.skip(f"another {tool} than the pinned {pins[tool]} may think otherwise")
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_is_strict() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r"^\[tool\.mypy\]\nstrict = true$", settings, re.MULTILINE)


@pytest.mark.parametrize("module", [m for m in MODULES if source_of(m).strip()])
def test_whatever_is_public_says_what_it_is(module: str) -> None:
    tree = ast.parse(source_of(module))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, kinds) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert ast.get_docstring(tree)
    assert not silent


ROWS = {"conformance.target.settings"} | {f"conformance.reference.variants.{name}" for name in ("errors", "plain_http")}


@pytest.mark.parametrize("module", MODULES)
def test_modules_stay_small(module: str) -> None:
    assert source_of(module).count("\n") <= (400 if module in ROWS else 300)


# Places that only one machine has, and options that lead pip to an index of its own.
ELSEWHERE = re.compile(
    r"(?<![\w.~*)\]])/(?:home|root|Users|opt|mnt|tmp)/\w|\bindex-url\b|--find-links|"
    + "|".join(
        re.escape(f"{place}{os.sep}") for place in sorted({ROOT, Path.home(), Path(sys.base_prefix)} - {Path("/usr")})
    )
)


def test_no_file_names_the_machine_it_was_written_on() -> None:
    told = []
    for file in (ROOT / name for name in tracked()):
        if file == Path(__file__):
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        told += [f"{file.relative_to(ROOT)}: {text[m.start() : m.end() + 20]!r}" for m in ELSEWHERE.finditer(text)]
    assert not told


@pytest.mark.parametrize("text", ["see /home/me/x", "'/tmp/x'", "pip --index-url=x", "file:///opt/x", "/root/x"])
def test_a_name_of_the_machine_would_be_found(text: str) -> None:
    assert ELSEWHERE.search(text)


def check_functions() -> list[ast.FunctionDef]:
    return [
        node
        for file in sorted((PACKAGE / "checks").glob("test_*.py"))
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def is_one_fact(sentence: str) -> bool:
    """One sentence, in the present tense."""
    return bool(
        re.fullmatch(r"[A-Z][^\n]*[^.\s]\.", sentence)
        and not re.search(r"[.!?]\s+[A-Z]", sentence)
        and not re.search(r"\b(should|shall|must|will|would|was|were|had|has been|test|check)s?\b", sentence)
    )


@pytest.mark.parametrize("check", check_functions(), ids=lambda node: node.name)
def test_every_check_says_one_fact(check: ast.FunctionDef) -> None:
    assert is_one_fact(ast.get_docstring(check) or "")


@pytest.mark.parametrize(
    "sentence",
    ["", "The root was right.", "It must be right.", "It is right. It is good.", "it is right.", "It is"],
)
def test_what_is_not_one_fact_would_be_found(sentence: str) -> None:
    assert not is_one_fact(sentence)

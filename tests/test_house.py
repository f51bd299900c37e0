"""The rules of the house: who may import whom, what stays light, how things are written."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.tree import tracked

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "conformance"
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in PACKAGE.rglob("*.py")
    if "_folded" not in file.parts
)
REFERENCE = "conformance.reference"

XML = {"contract.document", "contract.xsd", "contract.violations", "contract.components", "evidence.envelope"}

# One doorman per dependency: the modules that may import it. A folder's name stands for all that is in it.
DOORMEN = {
    "anyio": {"sending", "selftest.prove"},
    "h11": {"reference"},
    "httpcore": {"sending"},
    "httpx": {"sending", "selftest.prove"},  # prove: connections that lead into the application
    "hypothesis": {"probes.generated"},
    "jinja2": {"reporting.pages"},
    "lxml": XML
    | {"checks.judging", "probes.documents", "probes.edits", "selftest.mutants", "reporting.html"},
    "markupsafe": {"reporting.pages", "reporting.sections"},
    "pytest": {"pytest_plugin", "reporting.html", "reporting.junit"},
    "pytest_html": {"reporting.html"},
    "pytest_metadata": {"reporting.html"},
    "trustme": {"reference"},
    "uvicorn": {"reference"},
    "xmlschema": {"contract.xsd", "contract.violations", "probes.generated"},
}
EVERYWHERE = {"msgspec"}  # plain records
CHECKS_SEE = {
    "contract",
    "checks.catalogue",
    "checks.judging",
    "verdicts.verdict",
    "evidence.exchange",
    "evidence.envelope",
    "evidence.between",
}
STARTS_THE_REFERENCE = {"target.subject", "commands.serve", "selftest"}
SENDS = {"sending"}
PLANS = {"probes"}
JUDGES = XML | {
    "checks.catalogue",
    "checks.judging",
    "verdicts.verdict",
    "verdicts.assemble",
    "evidence.exchange",
}
READS = {"verdicts.findings", "reporting.json", "reporting.summary", "reporting.terminal"}


def path_of(module: str) -> Path:
    file = ROOT.joinpath(*module.split("."))
    return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")


def source_of(module: str) -> str:
    return path_of(module).read_text(encoding="utf-8")


def imported(source: str, module: str = "conformance.x", *, for_types: bool = False) -> set[str]:
    """Everything that a source imports, by full names; what only a type checker sees, only `for_types`."""
    tree = ast.parse(source)
    if not for_types:
        tree = _WithoutTypeChecking().visit(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative imports hide who imports whom"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


class _WithoutTypeChecking(ast.NodeTransformer):
    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def is_in(module: str, rooms: set[str]) -> bool:
    return any(module == f"conformance.{room}" or module.startswith(f"conformance.{room}.") for room in rooms)


def ours(names: set[str]) -> set[str]:
    return {name for name in names if name in MODULES and name != "conformance"}


def offences(module: str, source: str) -> list[str]:
    """How the imports of one module break the rules."""
    found = []
    for name in sorted(imported(source, module, for_types=True)):
        outside = name.split(".")[0]
        if outside in DOORMEN and not is_in(module, DOORMEN[outside]):
            found.append(f"{outside} is imported elsewhere than by its doormen")
        elif outside not in {*DOORMEN, *EVERYWHERE, *sys.stdlib_module_names, "conformance"}:
            found.append(f"{outside} has no doorman")
        elif outside == "conformance" and is_in(module, {"reference"}) and not name.startswith(REFERENCE):
            found.append(f"the reference endpoint imports {name}")
        elif (
            name.startswith(REFERENCE)
            and not is_in(module, {"reference"})
            and not is_in(module, STARTS_THE_REFERENCE)
        ):
            found.append("the reference endpoint is imported by others than those who start it")
    if is_in(module, {"checks"}):
        seen = ours(imported(source, module, for_types=True))
        found += [f"a check sees {name}" for name in sorted(seen) if not is_in(name, CHECKS_SEE)]
    return found


@pytest.mark.parametrize("module", MODULES)
def test_imports_keep_the_rules(module: str) -> None:
    assert offences(module, source_of(module)) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("conformance.checks.judging", "import httpx"),
        ("conformance.checks.judging", "def f():\n    from httpcore import Request"),
        ("conformance.commands.cli", "import lxml.etree"),
        ("conformance.checks.judging", "import xmlschema"),
        ("conformance.commands.cli", "import requests"),
        ("conformance.checks.judging", "from conformance.reference import start"),
        ("conformance.checks.judging", "from conformance import reference"),
        ("conformance.reference.app", "from conformance.contract.load import documented"),
        ("conformance.reference.app", "import conformance"),
        ("conformance.checks.test_x", "from conformance.sending.wire import Wire"),
        ("conformance.checks.test_x", "from conformance import probes"),
        ("conformance.checks.test_x", "import pytest"),
    ],
)
def test_the_rules_bite(module: str, source: str) -> None:
    assert offences(module, source)


@cache
def reachable(module: str) -> frozenset[str]:
    """Every module of ours that importing `module` can lead to, imports inside functions included."""
    seen: set[str] = set()
    waiting = {module}
    while waiting:
        here = waiting.pop()
        seen.add(here)
        waiting |= ours(imported(source_of(here), here)) - seen
    return frozenset(seen - {module})


@pytest.mark.parametrize("module", [m for m in MODULES if is_in(m, JUDGES | READS | {"checks"})])
def test_what_judges_never_sends(module: str) -> None:
    assert not [name for name in reachable(module) if is_in(name, SENDS | PLANS)]


@pytest.mark.parametrize("module", [m for m in MODULES if is_in(m, SENDS | PLANS)])
def test_what_sends_never_judges(module: str) -> None:
    judging = {"verdicts", "checks", "reporting"}
    assert not [name for name in reachable(module) if is_in(name, judging)]


@pytest.mark.parametrize(
    "module", ["conformance.contract.model", "conformance.sending.coding", "conformance.target.secrets"]
)
def test_what_stands_at_the_bottom_imports_nothing_of_ours(module: str) -> None:
    assert reachable(module) == frozenset()


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


@pytest.mark.parametrize(
    "command", [command for commands in TOOLS.values() for command in commands], ids=" ".join
)
def test_tools_find_nothing(command: list[str]) -> None:
    tool = command[0]
    pins = dict(
        line.split("==") for line in (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").split()
    )
    if importlib.metadata.version(tool) != pins[tool]:
        pytest.skip(f"another {tool} than the pinned {pins[tool]} may think otherwise")
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
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


@pytest.mark.parametrize("module", MODULES)
def test_modules_stay_small(module: str) -> None:
    assert source_of(module).count("\n") <= 400


# Places that only one machine has, and options that lead pip to an index of its own.
ELSEWHERE = re.compile(
    r"(?<![\w.~*)\]])/(?:home|root|Users|opt|mnt|tmp)/\w|\bindex-url\b|--find-links|"
    + "|".join(
        re.escape(f"{place}{os.sep}")
        for place in sorted({ROOT, Path.home(), Path(sys.base_prefix)} - {Path("/usr")})
    )
)


def test_no_file_names_the_machine_it_was_written_on() -> None:
    told = []
    for file in (ROOT / name for name in tracked()):
        if file == Path(__file__):
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        told += [
            f"{file.relative_to(ROOT)}: {text[m.start() : m.end() + 20]!r}" for m in ELSEWHERE.finditer(text)
        ]
    assert not told


@pytest.mark.parametrize(
    "text", ["see /home/me/x", "'/tmp/x'", "pip --index-url=x", "file:///opt/x", "/root/x"]
)
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

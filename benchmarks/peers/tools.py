"""The tools, how each is started, and how much of the page each of their files says."""

from __future__ import annotations

import ast
import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from conformance.contract.load import documented

HOME = Path(__file__).parent
SECONDS = 5  # for one call
_TOLERANCE = 300
_REFERENCE_TOKEN = "0" * 32  # over plain HTTP any other token will do


@dataclass(frozen=True)
class Endpoint:
    """Where the tools call."""

    https: str
    http: str
    ca: str

    @property
    def token(self) -> str:
        return self.https.rpartition("/")[2]

    @property
    def plain(self) -> str:
        return self.http + _REFERENCE_TOKEN


@dataclass(frozen=True)
class Tool:
    """One of the peers.

    missing: why it cannot be used here, "" where it can. command: what starts it, in a folder of its own, where it
    may leave files. assertions: how many its file makes. environment: what it is told besides.
    """

    name: str
    file: Path
    missing: Callable[[], str]
    command: Callable[[Endpoint, Path], list[str | Path]]
    assertions: Callable[[str], int]
    environment: Callable[[Endpoint], dict[str, str]] = lambda _: {}

    @property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @property
    def requirements(self) -> int:
        """How many of the suite's requirements its file says that it is about."""
        return sum(re.search(rf"\b{re.escape(name)}\b", self.text) is not None for name in documented().requirements)


def _not_importable(module: str) -> Callable[[], str]:
    return lambda: "" if find_spec(module) else f"{module} is not installed here (`pip install {module}`)"


def _not_on_the_path(command: str, how: str) -> Callable[[], str]:
    return lambda: "" if _found(command) else f"there is no command {command} here ({how})"


def _found(command: str) -> str:
    """The command beside this interpreter, or on the path."""
    return shutil.which(str(Path(sys.executable).with_name(command))) or shutil.which(command) or ""


def _plain(_endpoint: Endpoint, folder: Path) -> list[str | Path]:
    shutil.copy(PLAIN.file, folder)
    return [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "test_connect.py",
    ]


def _told_plain(endpoint: Endpoint) -> dict[str, str]:
    """Without plugins, which in a folder of one's own are not there: pytest would load all of this interpreter's."""
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return alone | {"ENDPOINT": endpoint.https, "HTTP_ENDPOINT": endpoint.http, "CA_FILE": endpoint.ca}


def _newman(endpoint: Endpoint, _folder: Path) -> list[str | Path]:
    return [
        *(_found("newman"), "run", NEWMAN.file, "--ssl-extra-ca-certs", endpoint.ca),
        *("--env-var", f"https={endpoint.https}", "--env-var", f"http={endpoint.plain}"),
        *("--timeout-request", str(SECONDS * 1000), "--ignore-redirects", "--color", "off"),
    ]


def _hurl(endpoint: Endpoint, _folder: Path) -> list[str | Path]:
    now = int(time.time())
    variables = {
        "https": endpoint.https,
        "http": endpoint.plain,
        "earliest": now - _TOLERANCE,
        "latest": now + _TOLERANCE,
    }
    given = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    return [
        _found("hurl"),
        "--test",
        "--no-color",
        "--cacert",
        endpoint.ca,
        "--max-time",
        str(SECONDS),
        *given,
        HURL.file,
    ]


def _schemathesis(endpoint: Endpoint, folder: Path) -> list[str | Path]:
    shutil.copy(SCHEMATHESIS.file.with_name("hooks.py"), folder)
    (folder / "openapi.yaml").write_text(SCHEMATHESIS.text.replace("TOKEN", endpoint.token), encoding="utf-8")
    return [
        *(_found("schemathesis"), "run", "openapi.yaml", "--url", endpoint.https.rpartition("/")[0]),
        *("--tls-verify", endpoint.ca, "--request-timeout", str(SECONDS), "--max-response-time", "2"),
        *("--checks", ",".join(_SCHEMATHESIS_CHECKS), "--max-redirects", "0"),
        *("--mode", "positive", "--phases", "coverage,fuzzing", "--max-examples", "5"),
        *("--generation-deterministic", "--no-shrink", "--no-color"),
    ]


_SCHEMATHESIS_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def _asserts(text: str) -> int:
    """The statements and calls of a Python file that assert."""
    nodes = list(ast.walk(ast.parse(text)))
    return sum(isinstance(n, ast.Assert) or (isinstance(n, ast.Attribute) and n.attr == "assertValid") for n in nodes)


def _tests_of_a_collection(text: str) -> int:
    """Named tests, those that several requests share counted where they are used."""
    shared, *own = ["\n".join(script) for script in _scripts(json.loads(text))]
    in_fails = shared.split("fails =")[1].count("pm.test(") + 1
    return sum(s.count("pm.test(") + s.count("refused()") + in_fails * s.count("fails(") for s in own)


def _scripts(node: object) -> list[list[str]]:
    if isinstance(node, list):
        return [script for one in node for script in _scripts(one)]
    if not isinstance(node, dict):
        return []
    here = [node["exec"]] if "exec" in node else []
    return here + [script for one in node.values() for script in _scripts(one)]


def _asserts_of_hurl(text: str) -> int:
    """Lines under [Asserts], and the status lines that name a status."""
    asserts = re.findall(r"^(?:header|duration|status|body|xpath) .+", text, re.MULTILINE)
    return len(asserts) + len(re.findall(r"^HTTP [0-9]", text, re.MULTILINE))


def _constraints(text: str) -> int:
    """What a schema demands, and the checks that are made on every answer beside it."""
    words = r"\b(?:const|pattern|maxProperties|maxItems|minItems|minLength|uniqueItems|contains|required): "
    return len(re.findall(words, text)) + len(_SCHEMATHESIS_CHECKS)


PLAIN = Tool(
    "pytest + requests + lxml",
    HOME / "plain" / "test_connect.py",
    _not_importable("requests"),
    _plain,
    _asserts,
    _told_plain,
)
NEWMAN = Tool(
    "Newman + xml2js",
    HOME / "newman" / "collection.json",
    _not_on_the_path("newman", "`npm install -g newman`"),
    _newman,
    _tests_of_a_collection,
)
HURL = Tool(
    "Hurl",
    HOME / "hurl" / "connect.hurl",
    _not_on_the_path("hurl", "a package of that name in many distributions"),
    _hurl,
    _asserts_of_hurl,
)
SCHEMATHESIS = Tool(
    "Schemathesis",
    HOME / "schemathesis" / "openapi.yaml",
    _not_on_the_path("schemathesis", "`pip install schemathesis`"),
    _schemathesis,
    _constraints,
    lambda _: {"SCHEMATHESIS_HOOKS": "hooks"},
)
TOOLS = (PLAIN, NEWMAN, HURL, SCHEMATHESIS)

"""checks.html: pytest-html's own report of the checks as pytest ran them; `finish` makes it fit to be mailed on.

pytest-html shows nothing without a script, runs markup that it finds in names, and has no policy of its own. So the
file carries a Content-Security-Policy that lets no script run but pytest-html's, by its hash, and names are escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml.html import HtmlElement, HTMLParser, builder, document_fromstring, tostring

from conformance.contract.load import folder
from conformance.reporting import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


SHEET = folder("reports") / "checks.css"  # for pytest-html's --css


class ChecksPage:
    """pytest-html's hooks, to be registered as a plugin. told: what is said above the table, known at its end."""

    def __init__(self, told: Callable[[], Iterable[str]] = tuple) -> None:
        self.told = told

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        prefix += [f"<p>{html.escape(escape.visible(line))}</p>" for line in self.told()]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        report.title = "connect-conformance: the checks as pytest ran them"

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """The suite uses no links."""
        del cells[3]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: Any, data: list[str]) -> None:
        """Why a check was skipped, without the place in a file of this machine that pytest says with it."""
        if data and isinstance(report.longrepr, tuple):
            data[0] = html.escape(report.longrepr[2].removeprefix("Skipped: "))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        """pytest-html takes test ids for markup, and names of links too."""
        phase = "" if report.when == "call" else f"::{report.when}"
        told = getattr(report, "conformance", None)
        name = f"{told[0]} {report.nodeid}{phase}" if told else f"{report.nodeid}{phase}"
        cells[1] = f'<td class="col-testId">{html.escape(escape.visible(name))}</td>'
        del cells[3]


def finish(path: Path) -> bytes:
    """The page that pytest-html wrote there, completed: language, labels, policy."""
    tree = document_fromstring(path.read_bytes(), parser=HTMLParser(encoding="utf-8", huge_tree=True))
    _tame(tree)
    _head(tree)
    return tostring(tree, encoding="utf-8", doctype="<!DOCTYPE html>") + b"\n"


def _tame(tree: HtmlElement) -> None:
    """pytest-html's own part: no environment of this machine, no inline handler, nothing unseen, one landmark."""
    body = _part(tree, "body")
    body.insert(0, builder.E("main", *(part for part in body if part.tag != "footer")))
    for style in tree.iter("style"):
        style.text = (style.text or "").replace(str(SHEET), SHEET.name)
    for element in tree.find_class("summary__reload"):
        element.drop_tree()
    for name in ("environment", "environment-header"):
        for element in tree.xpath("//*[@id=$name]", name=name):
            element.set("hidden", "")
    for element in tree.xpath("//input[@data-test-result]"):
        element.set("aria-label", f"show {element.get('data-test-result')}")
    for element in tree.xpath("//*[@data-jsonblob]"):
        blob = json.loads(element.get("data-jsonblob")) | {"environment": {}}
        element.set("data-jsonblob", json.dumps(_visible(blob)))


def _visible(value: Any) -> Any:
    if isinstance(value, dict):
        return {_visible(key): _visible(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_visible(member) for member in value]
    return escape.visible(value, keep="\n") if isinstance(value, str) else value


def _part(tree: HtmlElement, name: str) -> HtmlElement:
    """The head or the body; the parser makes one where the file has none."""
    (part,) = tree.findall(name)
    return part


def _head(tree: HtmlElement) -> None:
    tree.set("lang", "en")
    head = _part(tree, "head")
    head.insert(1, builder.META(name="viewport", content="width=device-width, initial-scale=1"))
    head.insert(1, builder.META(name="referrer", content="no-referrer"))
    head.insert(1, builder.META({"http-equiv": "Content-Security-Policy", "content": _policy(tree)}))


def _policy(tree: HtmlElement) -> str:
    """Nothing is loaded; of scripts and styles only those that stand in the file now, by their hashes."""
    scripts = [_hash(script) for script in tree.xpath("//footer/script")] or ["'none'"]
    styles = [_hash(style) for style in tree.iter("style")]
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(styles)}",
            "img-src data:",
            f"script-src {' '.join(scripts)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(element: HtmlElement) -> str:
    digest = hashlib.sha256((element.text or "").encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

"""Pages of HTML, made from templates: whatever a template prints is escaped, and what does not show itself is shown."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from conformance.contract.load import folder
from conformance.reporting import escape

# How a verdict is shown where there is room for one character.
SIGNS = {"pass": "·", "fail": "×", "error": "!", "inconclusive": "?", "not_applicable": "–", "waived": "w"}
_SPARE = re.compile(r"/\*.*?\*/|(?<=[{};:,\n])\s+", re.DOTALL)  # what a style sheet does without
_FIELD = 4_000  # characters of a text


def page(template: str, *, title: str, **values: Any) -> str:
    """A page of its own: no script, nothing fetched, and a policy under which nothing could be."""
    sheet = (folder("reports") / "style.css").read_text(encoding="utf-8")
    style = Markup(_SPARE.sub("", sheet))  # noqa: S704  our own file
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = Markup(f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")  # noqa: S704
    return _environment().get_template(template).render(style=style, policy=policy, title=title, **values)


def prepare() -> None:
    """Compile the templates of report.html, which takes a while, ahead of time."""
    for name in ("page", "parts", "report"):
        _environment().get_template(f"{name}.html.jinja")


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True, finalize=_shown, loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True
    )
    environment.filters["drawn"] = _drawn
    environment.filters["coded"] = _coded
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    return environment


def _shown(value: Any) -> Any:
    """Whatever a template prints, unless it is its own markup."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return escape.visible(escape.shorten(value, _FIELD))


def _coded(text: str) -> Markup:
    """A sentence with what stands in backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(_shown(part)) if number % 2 else _shown(part)
        for number, part in enumerate(parts)
    )


def _drawn(path: str) -> Markup:
    """The path of a drawing, however long."""
    if not re.fullmatch(r"[MHh0-9 .]*", path):
        raise ValueError("no path of a drawing")
    return Markup(path)  # noqa: S704  nothing but numbers and strokes

"""Lines for a terminal, made with rich: of a width, with colours and links where they are wanted.

Whatever is said is text: no markup is read in it, and what a terminal would act on is shown as an escape.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from functools import partial

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from conformance.reporting import escape, output

NARROWEST, WIDEST = (30, 120)  # columns below which nothing can be laid out; above which no paragraph is easy to read
_ENDLESS = 100_000
_CODE, _JOINT = re.compile(r"`[^`]+`"), "\ue000"  # what stands for a space at which no line is broken


class Screen:
    """Lines of at most `width` columns. links: whether the terminal has them (OSC 8)."""

    def __init__(self, width: int, *, color: bool = False, links: bool = False) -> None:
        self.width, self.links = max(width, NARROWEST), links and color
        self._lines: list[Text] = []
        self._console = Console(
            file=io.StringIO(),
            width=self.width,
            color_system="standard" if color else None,
            force_terminal=color,
            no_color=not color,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def say(
        self,
        text: str,
        lead: str = "",
        hanging: int | None = None,
        *,
        style: str = "",
        link: str = "",
        limit: int = 400,
    ) -> None:
        """A paragraph of anybody's text behind the suite's own `lead`, which has the style.

        hanging: columns by which its further lines are indented; as many as the lead has, if not said.
        """
        before = cell_len(lead)
        indent = before if hanging is None else hanging
        if indent > self.width // 2:
            indent = 4
        shown = _CODE.sub(partial(_joined, self.width - indent), escape.terminal(text, limit=limit))
        said = Text.assemble((lead, style), Text(shown, style=self._link(link)))
        # What is indented as far as its lead is wide is wrapped without it; else the lead is its first word.
        aside = said[:before] if indent == before else Text("")
        broken = said[before:] if indent == before else said
        for number, line in enumerate(broken.wrap(self._console, self.width - indent, overflow="fold")):
            begin = aside if number == 0 else Text(" " * indent)
            whole = Text.assemble(begin, line)
            whole.plain = whole.plain.replace(_JOINT, " ")
            whole.rstrip()
            self._lines.append(whole)

    def whole(
        self, text: str, lead: str = "", *, what: str = "", style: str = "", link: str = "", limit: int = 4_096
    ) -> None:
        """One line that is never broken, so that it can be copied; below its lead, and what it is, if too long."""
        shown = Text(escape.terminal(text, limit=limit), style=self._link(link))
        if cell_len(lead) + shown.cell_len > self.width and lead.strip():
            self.say(what, lead, style=style)
            lead = "  "
        self._lines.append(Text.assemble(Text(lead, style=style), shown))

    def cut(self, *parts: tuple[str, str]) -> None:
        """One line, made of texts and their styles, that is cut where it is too long."""
        line = Text.assemble(*((escape.terminal(text, limit=1_000), style) for text, style in parts))
        line.truncate(self.width, overflow="ellipsis")
        line.rstrip()
        self._lines.append(line)

    @property
    def lines(self) -> int:
        """How many there are."""
        return len(self._lines)

    def _link(self, to: str) -> Style:
        return Style(link=to) if to and self.links else Style.null()

    def __str__(self) -> str:
        file = io.StringIO()
        self._console.file = file
        for line in self._lines:
            self._console.print(line, soft_wrap=True)
        return file.getvalue()


def here(*, whole: bool = False, color: bool = True) -> Screen:
    """Of standard output, as wide as that is. whole: no line is broken for a program, which looks for it.

    color: whether there may be any.
    """
    width = min(shutil.get_terminal_size((100, 24)).columns, WIDEST)
    if whole and not output.is_terminal(sys.stdout):
        width = _ENDLESS
    wanted = color and output.has_colors(sys.stdout)
    return Screen(width, color=wanted, links=output.has_links(sys.stdout))


def _joined(most: int, code: re.Match[str]) -> str:
    """What is to be copied as it stands, in one piece where a line has room for it."""
    return code[0].replace(" ", _JOINT) if len(code[0]) <= most else code[0]


def fitted(text: str, columns: int, *, end: bool = False) -> str:
    """As much of the beginning of a text, or of its end, as so many columns hold."""
    if cell_len(text) <= columns:
        return text
    if not end:
        return set_cell_size(text, max(columns - 1, 0)).rstrip() + "…"
    return "…" + set_cell_size(text[::-1], max(columns - 1, 0))[::-1]


__all__ = ["NARROWEST", "Screen", "cell_len", "fitted", "here"]

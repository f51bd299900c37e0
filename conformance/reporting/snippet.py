"""A few lines of an answer around a fault, the fault marked; what stands on one long line is broken for display."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.evidence.exchange import Answer

_AROUND = 2  # rows before and after the faulty one
_HEAD = 8  # rows shown of an answer without a known place
_LONG = 160  # characters from which on a line is broken between its elements
_WIDE = 200  # characters of a row that are shown
_BEFORE = 60  # of these, so many before the fault
_TELLING = 3  # characters of what was observed that are too few to look for
_MOST = 4 << 20  # characters of an answer that are looked at
_WHERE = re.compile(r"(?P<path>/[^,]*)?(?:, )?(?:line (?P<line>[0-9]+))?")
_STEP = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<place>[0-9]+)\])?")
_NO_TAGS = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the answer, the column of that line where it begins, and the text before, in and behind
    what is wrong with it (all of it in `before` where nothing is).
    """

    line: int
    column: int
    before: str
    mark: str = ""
    behind: str = ""
    faulty: bool = False

    @property
    def label(self) -> str:
        return str(self.line) if self.column == 1 else f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Rows of an answer, out of so many lines. broken: whether a long line was broken for display."""

    rows: tuple[Row, ...]
    lines: int
    broken: bool = False

    @property
    def note(self) -> str:
        first, last = self.rows[0].line, self.rows[-1].line
        said = f"line {first}" if first == last else f"lines {first} to {last}"
        return f"{said} of {self.lines}" + (", broken for display" if self.broken else "")


def snippet(answer: Answer, where: str, observed: str = "") -> Snippet | None:
    """The rows around a place (`/ClICKATELLSDK/Timestamp, line 31`), or around what was observed; else the first."""
    text = answer.document.text[:_MOST] or answer.body[:_MOST].decode("utf-8", "replace")
    text = re.sub(r"\r\n?", "\n", text)
    if not text.strip():
        return None
    found = _WHERE.match(where)
    path, line = (found["path"], int(found["line"] or 0)) if found else (None, 0)
    starts = [0, *(m.end() for m in re.finditer("\n", text))]
    span = _span(text, answer.document.root, path) if path else None
    if span is None and 0 < line <= len(starts):
        span = starts[line - 1], starts[line - 1]
    if span is None and len(observed) > _TELLING and (place := text.find(observed)) >= 0:
        span = place, place + len(observed)
    rows = list(_rows(text, starts, span))
    lines = len(starts) - (not text[starts[-1] :])
    shown = tuple(_cut(row) for row in rows)
    return Snippet(shown, lines, any(row.column > 1 for row in rows)) if shown else None


def _span(text: str, root: Any, path: str) -> tuple[int, int] | None:
    """From where to where the element of a path stands in the text."""
    element = _element(root, path)
    if element is None:
        return None
    name = _local(element.tag)
    earlier = 0
    for other in root.iter():
        if other is element:
            break
        earlier += isinstance(other.tag, str) and _local(other.tag) == name
    plain = _NO_TAGS.sub(lambda m: " " * len(m[0]), text)
    for number, tag in enumerate(re.finditer(rf"<(?:[\w.-]+:)?{re.escape(name)}(?=[\s/>])[^>]*>?", plain)):
        if number == earlier:
            close = re.compile(r"[^<\n]*</[^>]*>").match(plain, tag.end())
            return tag.start(), close.end() if close and len(element) == 0 else tag.end()
    return None


def _element(root: Any, path: str) -> Any:
    """The element of a path of local names, as the model writes them; None where there is none."""
    steps = [_STEP.fullmatch(step) for step in path.strip("/").split("/") if step[:1] != "@" and step != "text()"]
    if root is None or not steps or not steps[0] or steps[0]["name"] != _local(root.tag):
        return None
    here = root
    for step in steps[1:]:
        wanted = step["name"] if step else ""
        alike = [child for child in here if isinstance(child.tag, str) and _local(child.tag) == wanted]
        place = int(step["place"] or 1) if step else 0
        if not 0 < place <= len(alike):
            return None
        here = alike[place - 1]
    return here


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def _rows(text: str, starts: list[int], span: tuple[int, int] | None) -> Iterator[Row]:
    """The rows to be shown: around the fault, or from the beginning."""
    at = span[0] if span else 0
    middle = bisect_right(starts, at) - 1
    reach = _AROUND if span else _HEAD
    found: list[tuple[int, int, int]] = []  # the line, where its row begins and ends
    for number in range(max(0, middle - reach), min(len(starts), middle + reach + 1)):
        begin = starts[number]
        end = starts[number + 1] - 1 if number + 1 < len(starts) else len(text)
        found += [(number, *piece) for piece in _pieces(text, begin, end, at if number == middle else begin)]
    faulty = max((n for n, (_, begin, _) in enumerate(found) if begin <= at), default=0)
    chosen = found[max(0, faulty - _AROUND) : faulty + _AROUND + 1] if span else found[:_HEAD]
    for number, begin, end in chosen:
        here = span is not None and begin <= at < max(end, begin + 1)
        cut = min(max(span[1], at), end) if span and here else begin
        marked = here and cut > at
        parts = (text[begin:at], text[at:cut], text[cut:end]) if marked else (text[begin:end], "", "")
        if begin < end or here or number + 1 < len(starts):
            yield Row(number + 1, begin - starts[number] + 1, *parts, faulty=here)


def _pieces(text: str, begin: int, end: int, at: int) -> Iterator[tuple[int, int]]:
    """A line, broken between its elements where it is long; of a very long one, what is near."""
    if end - begin <= _LONG:
        yield begin, end
        return
    low, high = max(begin, at - 20 * _LONG), min(end, at + 20 * _LONG)
    cuts = [begin, *(m.start() for m in re.compile(r"(?<=>)(?=<)").finditer(text, low, high) if m.start() > begin), end]
    merged = [begin]
    for place, following in zip(cuts[1:], cuts[2:] or [end], strict=False):
        opens = text[place : place + 2] != "</"
        if place - merged[-1] > 40 or (opens and following - place > 40) or place == at:
            merged.append(place)
    yield from zip(merged, [*merged[1:], end], strict=True)


def _cut(row: Row) -> Row:
    """A row that fits: what is far from its fault is left out."""
    before, mark, behind = row.before, row.mark, row.behind
    if not mark:
        return row if len(before) <= _WIDE else Row(row.line, row.column, before[:_WIDE] + "…", faulty=row.faulty)
    if len(before) > _BEFORE:
        before = "…" + before[-_BEFORE:]
    if len(mark) > _WIDE - _BEFORE:
        mark = mark[: _WIDE - _BEFORE] + "…"
    room = _WIDE - len(before) - len(mark)
    if len(behind) > room:
        behind = behind[: max(room, 0)] + "…"
    return Row(row.line, row.column, before, mark, behind, row.faulty)

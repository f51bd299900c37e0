"""What a benchmark shows: tables, and how numbers are written in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Table:
    """A table with a sentence above it; every cell is text by now."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """One row."""
        row = tuple(str(cell) for cell in cells)
        assert len(row) == len(self.columns), f"{self.title}: {row}"
        self.rows.append(row)

    def markdown(self) -> str:
        """The table in Markdown, aligned, so that it can be read in a terminal as well."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]

        def line(cells: Sequence[str]) -> str:
            first, *rest = zip(cells, widths, strict=True)
            padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
            return f"| {' | '.join(padded)} |"

        rule = [f"|{'-' * (widths[0] + 2)}", *(f"{'-' * (width + 1)}:" for width in widths[1:])]
        return "\n".join([line(self.columns), f"{'|'.join(rule)}|", *map(line, self.rows)])


@dataclass
class Part:
    """One part of the benchmarks: its tables, what has to be known to read them, and the numbers for a plot."""

    name: str
    title: str
    about: str
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    series: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def markdown(self) -> str:
        """The part as a section of the page."""
        told = [f"## {self.title}", self.about]
        told += [f"{table.title}\n\n{table.markdown()}" for table in self.tables]
        return "\n\n".join([*told, *self.notes]) + "\n"


def middle(values: Iterable[float], form: str = ".2f", scale: float = 1.0) -> str:
    """The median of some measurements, and how far the others lie apart: `2.50 (2.41-2.63)`."""
    sorted_ = sorted(value * scale for value in values)
    if not sorted_:
        return "-"
    shown = f"{median(sorted_):{form}}"
    least, most = f"{sorted_[0]:{form}}", f"{sorted_[-1]:{form}}"
    return shown if least == most else f"{shown} ({least}-{most})"


def taken(rounds: int) -> str:
    """What the numbers of so many rounds are."""
    return f"Medians of {rounds} rounds, least and most in parentheses." if rounds > 1 else "One round."


def megabytes(values: Iterable[float]) -> str:
    """Memory in megabytes."""
    return middle(values, ".0f", 1e-6)

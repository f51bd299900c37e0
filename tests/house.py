"""The rooms of the house and the imports between them, counted and drawn from the import graph.

python -m tests.house [--of CHECKOUT] [--write]

A room is a folder or module directly in `conformance/`. Its floor is one above the highest room that it imports. An
arrow leads from a room to one that it imports; a circle is a set of modules that import each other. `--of` counts
another checkout; `--write` draws docs/architecture.svg and writes the numbers into docs/architecture.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/architecture.svg"
PAGE = ROOT / "docs/architecture.md"
PACKAGE = "conformance"

Graph = Mapping[str, frozenset[str]]  # name -> names that it imports


@dataclass(frozen=True)
class House:
    """rooms: each with the rooms that it imports. circles: of modules, by their names."""

    rooms: Graph
    circles: tuple[tuple[str, ...], ...]

    @property
    def floors(self) -> dict[str, int]:
        """The floor of each room, from 1; rooms in a circle share one."""
        reached = {room: _reached(self.rooms, room) for room in self.rooms}
        found: dict[str, int] = {}
        for room in sorted(self.rooms, key=lambda name: len(reached[name] | {name})):  # lower ones reach less
            below = (found[other] for other in reached[room] if room not in reached[other])
            found[room] = 1 + max(below, default=0)
        return found

    @property
    def arrows(self) -> tuple[tuple[str, str], ...]:
        return tuple((room, to) for room in sorted(self.rooms) for to in sorted(self.rooms[room]))

    @property
    def upwards(self) -> tuple[tuple[str, str], ...]:
        """Arrows that do not lead down."""
        floors = self.floors
        return tuple((room, to) for room, to in self.arrows if floors[to] >= floors[room])

    @property
    def numbers(self) -> str:
        """The four numbers, in one line."""
        counted = {
            "rooms": len(self.rooms),
            "floors": len(set(self.floors.values())),
            "arrows": len(self.arrows),
            "circles": len(self.circles),
        }
        return ", ".join(f"{number} {name}" for name, number in counted.items())


def house(root: Path = ROOT) -> House:
    """The house in a checkout. In a process that has imported another one, that one is counted."""
    sys.path.insert(0, str(root))
    try:
        graph = grimp.build_graph(PACKAGE, cache_dir=None)
    finally:
        sys.path.remove(str(root))
    modules = {name: frozenset(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    rooms: dict[str, set[str]] = {_room(name): set() for name in modules if name != PACKAGE}
    for name, imported in modules.items():
        for other in imported - {PACKAGE}:
            if name != PACKAGE and _room(other) != _room(name):
                rooms[_room(name)].add(_room(other))
    return House({name: frozenset(to) for name, to in rooms.items()}, _circles(modules))


def _room(module: str) -> str:
    return module.split(".")[1]


def _reached(graph: Graph, start: str) -> set[str]:
    """Whatever can be reached from there; itself only by a circle."""
    found: set[str] = set()
    left = list(graph[start])
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += graph[name]
    return found


def _circles(graph: Graph) -> tuple[tuple[str, ...], ...]:
    reached = {name: _reached(graph, name) for name in graph}
    each = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return tuple(sorted(each))


# The picture: a box for each room, floor above floor; an arrow leaves the lower half of a box and enters an upper half.

WIDTH, ROW, TALL, LEFT, WIDE = 400, 42, 32, 40, 130
INKS = {"ink": "#1f3a5f", "pale": "#a9b8c9", "wrong": "#c0392b"}  # wrong: an arrow that does not lead down


def svg(house: House) -> str:
    """The picture of a house. It is the same for the same rooms and arrows."""
    floors = house.floors
    rows = sorted(house.rooms, key=lambda room: (-floors[room], room))
    top = {room: 8 + number * ROW for number, room in enumerate(rows)}
    high = len(rows) * ROW + 46
    told = f"{house.numbers}. " + " ".join(f"{room} imports {to}." for room, to in house.arrows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img">',
        "<title>Rooms of conformance/, floor above floor, and their imports</title>",
        f"<desc>{told}</desc>",
        "<style>text { font: 15px system-ui, sans-serif } path { fill: none; stroke-width: 1.8 }",
        *(f".{name} {{ stroke: {colour} }} #{name} path {{ fill: {colour} }}" for name, colour in INKS.items()),
        ".pale { stroke-width: 1 }</style>",
        f'<rect width="{WIDTH}" height="{high}" fill="#fff"/>',
        *map(_head, INKS),
        *_arcs(house, rows, top),
    ]
    for before, room in zip([None, *rows], rows, strict=False):
        middle = top[room] + TALL // 2 + 5
        if before is None or floors[before] != floors[room]:
            lines.append(f'<text x="12" y="{middle}" fill="#666">{floors[room]}</text>')
        box = f'x="{LEFT}" y="{top[room]}" width="{WIDE}" height="{TALL}" rx="5" fill="#eef3f8"'
        lines.append(f'<rect {box} stroke="{INKS["ink"]}"/>')
        lines.append(f'<text x="{LEFT + WIDE // 2}" y="{middle}" text-anchor="middle">{room}</text>')
    for number, line in enumerate(
        (
            "Left: the floor. Dark: the only way there.",
            "Pale: a way in several steps exists, too.",
        )
    ):
        lines.append(f'<text x="12" y="{high - 24 + number * 18}" fill="#444">{line}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _head(name: str) -> str:
    form = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto"'
    return f'<marker id="{name}" {form}><path d="M0 0L8 4L0 8z"/></marker>'


def _arcs(house: House, rows: list[str], top: Mapping[str, int]) -> Iterator[str]:
    place = {room: number for number, room in enumerate(rows)}
    upwards = set(house.upwards)

    def port(ends: list[str], end: str, room: str, start: float) -> float:
        """Where on the side of its box an arrow ends: those of near rooms outermost, so that they nest."""
        return top[room] + start + (ends.index(end) + 1) * (TALL / 2 - 2) / (len(ends) + 1)

    drawn = []
    for room, to in house.arrows:
        outward = sorted(house.rooms[room], key=lambda name: -abs(place[name] - place[room]))
        inward = sorted(
            (name for name in rows if to in house.rooms[name]), key=lambda name: abs(place[name] - place[to])
        )
        far = abs(place[to] - place[room])
        direct = not any(to in _reached(house.rooms, other) for other in house.rooms[room] - {to})
        style = "wrong" if (room, to) in upwards else "ink" if direct else "pale"
        x, y1, y2 = LEFT + WIDE, port(outward, to, room, TALL / 2), port(inward, room, to, 2)
        bulge = x + 24 + far * 21
        curve = f"M{x} {y1:.1f}C{bulge} {y1:.1f} {bulge} {y2:.1f} {x + 1} {y2:.1f}"
        told = f"<title>{room} imports {to}</title>"
        path = f'<path class="{style}" d="{curve}" marker-end="url(#{style})">{told}</path>'
        drawn.append((style != "pale", -far, path))
    yield from (path for *_, path in sorted(drawn))


def page(text: str, house: House) -> str:
    """The page with the numbers of a house."""
    return re.sub(r"(?<=<!-- numbers -->\n).*(?=\n<!-- end of numbers -->)", house.numbers, text, flags=re.DOTALL)


def main() -> None:
    """Print the numbers; with --write, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--of", type=Path, metavar="CHECKOUT", default=ROOT)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = house(options.of)
    print(found.numbers)
    floors = found.floors
    for floor in sorted(set(floors.values()), reverse=True):
        print(f"{floor:>3}  {', '.join(sorted(room for room in floors if floors[room] == floor))}")
    for room, to in found.upwards:
        print(f"not down: {room} -> {to}")
    for circle in found.circles:
        print(f"circle: {' '.join(circle)}")
    if options.write:
        PICTURE.write_text(svg(found), encoding="utf-8")
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The plots. The only user of matplotlib, which is installed with the extra `bench`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.table import Part

# On a ground of its own, so that it reads alike on a light page and on a dark one; colours that the colour-blind can
# tell apart (Okabe and Ito), of which each mark also has a shape or a hatching of its own.
INK = "#333333"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
STYLE: Any = {
    "svg.hashsalt": "benchmarks",  # the same ids each time
    "svg.fonttype": "none",  # words stay words, for readers and for searches
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(part: Part, file: Path, title: str) -> Path:
    """Draw a part's numbers into an SVG file, the same for the same numbers."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        figure.suptitle(title, color=INK, fontsize=12)
        {"cost": _lines, "smoke": _points}.get(part.name, _bars)(axes, part)
        figure.savefig(file, format="svg", facecolor="white", metadata={"Date": None, "Title": title, "Creator": None})
    text = file.read_text(encoding="utf-8")
    # A title of the image itself is what screen readers read; git keeps no white space at the ends of lines.
    lines = [line.rstrip() for line in text.splitlines()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _lines(axes: Axes, part: Part) -> None:
    """Cost against latency: the run drawn through, its floor dashed."""
    for n, (name, points) in enumerate(part.series.items()):
        xs, ys = [float(x) for x, _ in points], [y for _, y in points]
        colour, of_run = COLOURS[n // 2], name.startswith("run")
        axes.plot(xs, ys, "o-" if of_run else "s--", color=colour, label=name, linewidth=2)
    axes.set_xlabel("added latency, ms there and back")
    axes.set_ylabel("wall time, s (logarithmic)")
    axes.set_yscale("log")
    axes.set_yticks([2, 5, 10, 20, 50], labels=["2", "5", "10", "20", "50"])
    axes.minorticks_off()
    axes.set_xticks([float(x) for x, _ in next(iter(part.series.values()))])
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False, labelcolor=INK)


def _bars(axes: Axes, part: Part) -> None:
    """Two bars for each tool, the best first, each with its number."""
    names = [name for name, _ in next(iter(part.series.values()))]
    for n, (label, points) in enumerate(part.series.items()):
        places = [place + (n - 0.5) * 0.38 for place in range(len(names))]
        bars = axes.barh(
            places,
            [value for _, value in points],
            height=0.34,
            color=COLOURS[n],
            label=label,
            hatch="//" if n else None,
            edgecolor=INK,
        )
        axes.bar_label(bars, fmt="%.0f %%", padding=3, color=INK)
    axes.set_yticks(range(len(names)), labels=names)
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("% of the variants tried")
    axes.legend(frameon=False, labelcolor=INK, loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=2)


def _points(axes: Axes, part: Part) -> None:
    """What each tool catches against what it takes: a mark for each distance, the nearest first."""
    for n, (name, points) in enumerate(part.series.items()):
        xs, ys = [float(x) for x, _ in points], [y for _, y in points]
        of_suite = name.startswith("connect-conformance")
        line = "-" if "--smoke" in name else "--" if of_suite else ":"
        colour, mark = COLOURS[n % len(COLOURS)], "osD^v"[n % 5]
        axes.plot(xs, ys, color=colour, label=name, linewidth=2, marker=mark, linestyle=line)
    axes.set_xlabel("wall time, s (logarithmic), at 0, 50 and 200 ms there and back")
    axes.set_ylabel("% of the mutants caught")
    axes.set_xscale("log")
    axes.set_xticks([0.5, 1, 2, 5, 10], labels=["0.5", "1", "2", "5", "10"])
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False, labelcolor=INK, fontsize=8, loc="upper center", bbox_to_anchor=(0.45, -0.14), ncols=3)

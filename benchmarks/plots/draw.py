"""Draws a run's plots as SVG: ``draw.py FOLDER``, with what to draw as JSON on standard input.

It runs in an environment of its own, which has matplotlib; `benchmarks/publish.py` says what to
draw.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

_OURS, _OTHERS, _PARTS = "#1a7f64", "#9aa5b1", ("#1a7f64", "#e07a3f", "#4a6fa5", "#9aa5b1")

# The same figures give the same file, so that a diff shows what has changed; text stays text.
mpl.rcParams.update({"svg.hashsalt": "penstock", "svg.fonttype": "none", "font.size": 10})


def bars(plot: dict[str, Any]) -> plt.Figure:
    """A bar for each peer, with a line from its least to its greatest round."""
    found = plot["bars"][::-1]
    figure, axes = _axes(plot, len(found))
    values = [each["value"] for each in found]
    below = [each["value"] - each["least"] for each in found]
    above = [each["greatest"] - each["value"] for each in found]
    drawn = axes.barh(
        [each["label"] for each in found],
        values,
        color=[_OURS if each["ours"] else _OTHERS for each in found],
        xerr=(below, above),
        error_kw={"ecolor": "#333333", "elinewidth": 1, "capsize": 2},
    )
    greatest = max(each["greatest"] for each in found)
    axes.set_xlim(0, greatest * 1.18)
    for bar, each in zip(drawn, found, strict=True):
        axes.text(
            each["greatest"] + greatest * 0.01,
            bar.get_y() + bar.get_height() / 2,
            f"{each['value']:,.{plot['digits']}f}",
            va="center",
        )
    return figure


def stacks(plot: dict[str, Any]) -> plt.Figure:
    """A bar for each peer, made of its processes' parts."""
    found = plot["stacks"][::-1]
    figure, axes = _axes(plot, len(found))
    names = list(dict.fromkeys(name for each in plot["stacks"] for name in each["parts"]))
    left = [0.0] * len(found)
    for name, color in zip(names, _PARTS, strict=False):
        part = [each["parts"].get(name, 0.0) for each in found]
        axes.barh([each["label"] for each in found], part, left=left, color=color, label=name)
        left = [sum(pair) for pair in zip(left, part, strict=True)]
    axes.legend(frameon=False)
    return figure


def _axes(plot: dict[str, Any], rows: int) -> tuple[plt.Figure, plt.Axes]:
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.34 * rows), layout="constrained")
    axes.set_title(plot["title"], loc="left")
    axes.set_xlabel(plot["unit"])
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def main() -> None:
    folder = Path(sys.argv[1])
    for plot in json.load(sys.stdin):
        figure = bars(plot) if "bars" in plot else stacks(plot)
        figure.savefig(folder / f"{plot['file']}.svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)


if __name__ == "__main__":
    main()

"""Charts: what is drawn where, as shares of the plot; ``layouts/chart.typ`` does the rest."""

from typing import Any

from penstock_ai.chart import Chart
from penstock_ai.drawing.scale import number, scale_of
from penstock_ai.drawing.typst_png import Drawing, draw
from penstock_ai.render.markdown import clean

COLOURS = (
    "#2f6690", "#d1603d", "#3a7d44", "#8e5ea2", "#c9971c", "#4fa3a5", "#a23e48", "#6b705c",
    "#7fa6c9", "#e3a587", "#8fc093", "#c3a6cf",
)  # fmt: skip
"""Muted, and apart in lightness as well as in hue."""
_MOST_LABELLED = 12
"""Bars with their number on them; more would touch."""


def draw_chart(chart: Chart, *, width: int, height: int) -> Drawing:
    """Draw a chart as a PNG. Labels turn, thin out or end in an ellipsis where they lack room."""
    content: dict[str, Any] = {
        "kind": chart.kind,
        "title": clean(" ".join(chart.title.split())),
        "labels": [_line(label) for label in chart.labels],
        "colours": COLOURS,
    }
    content |= _slices(chart) if chart.kind == "pie" else _plot(chart)
    return draw("chart", content, width=width, height=height)


def _slices(chart: Chart) -> dict[str, Any]:
    values = chart.series[0].values
    total = sum(values)
    return {
        "slices": [value / total for value in values],
        "numbers": [f"{number(value)} · {_percent(value / total)}" for value in values],
    }


def _percent(share: float) -> str:
    # With a no-break space, as typographers write it.
    return "<1\u00a0%" if 0 < share < 0.01 else f"{100 * share:.0f}\u00a0%"  # noqa: PLR2004 - 1 percent


def _plot(chart: Chart) -> dict[str, Any]:
    values = [value for row in chart.series for value in row.values]
    scale = scale_of(values)
    return {
        "zero": scale.share(0),
        "ticks": [{"at": scale.share(tick), "text": number(tick)} for tick in scale.ticks],
        "series": [
            {
                "name": _line(row.name),
                "at": [scale.share(value) for value in row.values],
                "numbers": [number(value) for value in row.values],
            }
            for row in chart.series
        ],
        "labelled": chart.kind == "bar" and len(values) <= _MOST_LABELLED,
    }


def _line(text: str) -> str:
    return clean(" ".join(text.split()))

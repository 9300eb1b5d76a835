"""Cards and charts as pictures. Pure functions of their input: nothing is fetched."""

from penstock_ai.drawing.card import draw_card
from penstock_ai.drawing.chart import draw_chart
from penstock_ai.drawing.typst_png import Drawing

__all__ = ["Drawing", "draw_card", "draw_chart"]

"""A report as a picture: how far each column has moved, and how the worst are spread now and in training."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dasier.building.plots import BLUE, GREY, STYLE, VERMILION, printable, short
from dasier.drift.judging import LARGE, MODERATE
from dasier.drift.tally import total

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dasier.drift.report import Report
    from dasier.drift.spread import Spread
    from dasier.drift.statistics import Counts

_MOST_COLUMNS = 20
_SHOWN = 3
_DPI = 150


def draw(report: Report) -> bytes:
    """Give a report as a PNG: the stability index of each column on the left, the worst three beside it."""
    document = report.document
    findings = document["findings"][:_MOST_COLUMNS]
    worst = [one for one in findings if one["rows"]][:_SHOWN] if report.watched else []
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        height = max(4.4, 1.4 + 0.34 * len(findings))
        figure = Figure(figsize=(5.5 + 3.6 * len(worst), height), layout="constrained")
        axes = figure.subplots(1, 1 + len(worst), squeeze=False)[0]
        _indices(axes[0], findings)
        counts = total(report.days).counts
        for axis, finding in zip(axes[1:], worst, strict=True):
            spread = report.watched.spreads[finding["key"]]  # type: ignore[union-attr]
            _spread(axis, finding, spread, counts[finding["key"]])
        span = f"{document['since'][:10]} to {document['until'][:10]}"
        title = (
            f"{document['name']}, version {document['version']}: {span}, {document['counts']['rows']} rows"
        )
        figure.suptitle(printable(title), parse_math=False, fontsize=12)
        held = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(held, format="png", dpi=_DPI, metadata={"Software": None})
    return held.getvalue()


def _indices(axes: Axes, findings: list[dict[str, Any]]) -> None:
    places = np.arange(len(findings))[::-1]
    colours = [VERMILION if one["alarmed"] else BLUE for one in findings]
    axes.barh(places, [one["psi"] for one in findings], color=colours)
    axes.plot([one["psi_by_chance"] for one in findings], places, "|", color="#222222", markersize=12)
    for threshold in (MODERATE, LARGE):
        axes.axvline(threshold, color=GREY, linestyle="--", linewidth=1)
    names = [short(printable(one["name"]), 28) + ("  !" if one["alarmed"] else "") for one in findings]
    axes.set_yticks(places, names, parse_math=False)
    axes.set_xlabel("Stability index; a stroke: by chance")
    axes.set_title("Against training", fontsize=10)


def _spread(axes: Axes, finding: dict[str, Any], spread: Spread, counted: Counts) -> None:
    old, new = spread.coarse(spread.trained), spread.coarse(counted)
    places = np.arange(len(old))
    for offset, counts, colour, who in ((-0.2, old, GREY, "training"), (0.2, new, BLUE, "now")):
        axes.bar(places + offset, counts / max(1, counts.sum()), 0.4, color=colour, label=who)
    if spread.edges is None:
        names = [*spread.values, "(new)"] if spread.each else [f"{value} …" for value in spread.values]
        axes.set_xticks(
            places, [short(printable(one), 14) for one in names], rotation=35, ha="right", parse_math=False
        )
        axes.set_ylabel("Share of rows")
    else:
        what = "Length, by tenths" if spread.kind == "text" else "By tenths"
        axes.set_xlabel(f"{what} of training, lowest first")
        axes.set_xticks([])
        axes.set_ylabel("Share of rows")
    axes.set_title(short(printable(finding["name"]), 30), fontsize=10, parse_math=False)
    axes.legend(frameon=False, fontsize=9)

"""A comparison as a picture: what became of the answers, and which parts of the rows changed most."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from dasier.building.plots import (
    BLUE,
    GREY,
    MAX_CLASSES,
    MAX_POINTS,
    STYLE,
    VERMILION,
    fading,
    printable,
    short,
)
from dasier.words import number, percent, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dasier.comparing.report import Comparison

_MOST_PARTS = 12
_DPI = 150


def draw(comparison: Comparison) -> bytes:
    """Give a comparison as a PNG.

    On the left the answers of both versions: counts from label to label, or one number against the other. On the right
    the parts of the rows that changed most, with their 95 % intervals; those that stand out have another
    colour and another marker.
    """
    document = comparison.document
    told = [one for one in (document["slices"] or {"told": []})["told"] if one.get("value")][:_MOST_PARTS]
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        height = max(4.4, 1.6 + 0.36 * len(told))
        figure = Figure(figsize=(12.0 if told else 6.2, height), layout="constrained")
        axes = figure.subplots(1, 2 if told else 1, squeeze=False)[0]
        if document["difference"] is None:
            _say(axes[0], "No row is answered by both versions.")
        elif document["task"] == "regression":
            _scatter(axes[0], comparison)
        else:
            _table(axes[0], document)
        if told:
            _parts(axes[1], document, told)
        compared = whole(document["rows"]["compared"], "en")
        title = f"{document['name']}: version {document['version']} against version {document['against']}, {compared} rows"
        figure.suptitle(printable(title), parse_math=False, fontsize=12)
        held = io.BytesIO()
        FigureCanvasAgg(figure)
        figure.savefig(held, format="png", dpi=_DPI, metadata={"Software": None})
    return held.getvalue()


def _say(axes: Axes, text: str) -> None:
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def _table(axes: Axes, document: dict[str, Any]) -> None:
    classes = document["difference"]["classes"]
    counts = np.array(document["difference"]["table"], dtype=np.float64)
    changed = document["difference"]["changed"]
    axes.set_title(
        f"{whole(changed['rows'], 'en')} answers change: {percent(changed['value'], 'en')} "
        f"({percent(changed['low'], 'en')} to {percent(changed['high'], 'en')})",
        fontsize=10,
    )
    if len(classes) > MAX_CLASSES:
        left = [one["left"] for one in document["difference"]["per_class"]]
        order = np.argsort(left)[::-1][:MAX_CLASSES][::-1]
        axes.barh(range(len(order)), [left[index] for index in order], color=BLUE)
        names = [short(printable(classes[index]), 28) for index in order]
        axes.set_yticks(range(len(order)), names, parse_math=False)
        axes.set_xlabel("Rows that left the class")
        return
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    edges = np.arange(len(classes) + 1) - 0.5
    # What stays is grey, what moves has a colour: the eye goes to the changes.
    stays = np.eye(len(classes), dtype=bool)
    for part, colour in ((stays, GREY), (~stays, VERMILION)):
        axes.pcolormesh(
            edges, edges, np.ma.masked_array(shares, ~part), cmap=fading(colour), vmin=0, vmax=1,
            edgecolors="white", linewidth=1,
        )  # fmt: skip
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.55 else "#222222" if count else "#b0b0b0"
        bold = "bold" if row != column and count else "normal"
        axes.text(column, row, whole(count, "en"), ha="center", va="center", color=colour, fontweight=bold)
    names = [short(printable(name), 24) for name in classes]
    turned = sum(map(len, names)) > 40
    axes.set_xticks(
        range(len(names)),
        names,
        parse_math=False,
        rotation=35 if turned else 0,
        ha="right" if turned else "center",
    )
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_ylabel(f"Version {document['against']}")
    axes.set_xlabel(f"Version {document['version']}")


def _scatter(axes: Axes, comparison: Comparison) -> None:
    document = comparison.document
    unit = _unit(document)
    kept = np.unique(
        np.linspace(0, len(comparison.old) - 1, min(len(comparison.old), MAX_POINTS)).astype(np.intp)
    )
    old, new = comparison.old[kept], comparison.new[kept]
    ends = [min(old.min(), new.min()), max(old.max(), new.max())]
    axes.plot(ends, ends, color=GREY, linestyle="--", linewidth=1)
    axes.scatter(old, new, s=16, color=BLUE, alpha=0.55, linewidths=0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda tick, _: number(tick, "en")))
    axes.set_xlabel(f"Version {document['against']}{unit}", parse_math=False)
    axes.set_ylabel(f"Version {document['version']}{unit}", parse_math=False)
    bias, median = (document["difference"][key]["value"] for key in ("bias", "median_absolute"))
    axes.set_title(
        f"Median difference {number(median, 'en')}, bias {number(bias, 'en')}{unit}",
        fontsize=10,
        parse_math=False,
    )


def _unit(document: dict[str, Any]) -> str:
    return f" ({short(printable(document['unit']), 24)})" if document["unit"] else ""


def _parts(axes: Axes, document: dict[str, Any], told: list[dict[str, Any]]) -> None:
    slices = document["slices"]
    for place, one in enumerate(told):
        colour, marker = (VERMILION, "D") if one["stands_out"] else (BLUE, "o")
        axes.plot([one["low"], one["high"]], [place, place], color=colour, linewidth=1.4, alpha=0.7)
        axes.plot(one["value"], place, marker=marker, color=colour, markersize=6)
    axes.axvline(slices["all_rows"], color=GREY, linestyle="--", linewidth=1)
    axes.text(slices["all_rows"], -0.75, " all rows", color=GREY, fontsize=9, va="center")
    names = [f"{short(printable(one['slice']), 38)} ({whole(one['rows'], 'en')})" for one in told]
    axes.set_yticks(range(len(told)), names, parse_math=False)
    axes.set_ylim(len(told) - 0.5, -1.1)
    axes.tick_params(axis="y", length=0)
    if slices["measure"] == "changed":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: percent(tick, "en")))
        axes.set_xlabel("Share of answers that change")
    else:
        axes.set_xlabel(f"Mean difference{_unit(document)}", parse_math=False)
    standing = sum(one["stands_out"] for one in told)
    axes.set_title(
        f"Parts of the rows, worst first; {f'◆ {standing} beyond chance' if standing else 'none beyond chance'}",
        fontsize=10,
    )

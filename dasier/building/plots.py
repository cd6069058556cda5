"""Pictures for the card: SVG, the same bytes for the same numbers, in English or French.

Colours are Okabe and Ito's, which people with any colour vision tell apart (2008), and no picture
rests on colour alone. Text stays text, so that a name in any script is drawn by the reader's
browser.
"""

from __future__ import annotations

import io
import re
import textwrap
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dasier.words import in_words, number, percent, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from dasier.runtimes import Outputs
    from dasier.schema import Schema, Text
    from dasier.words import Language

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, GREY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#6b6b6b",
)  # fmt: skip
SERIES = ((BLUE, "o"), (ORANGE, "^"), (GREEN, "s"), (PURPLE, "D"), (VERMILION, "v"), (SKY, "P"), (GREY, "X"))
"""Colour and marker of each group; from the eighth on the last one stands for the rest."""

MAX_CLASSES = 20
"""A larger confusion matrix cannot be read."""

MAX_BARS = 15
MAX_POINTS = 1_000

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dasier",
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a8a8a",
    "axes.labelcolor": "#333333",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "axes.grid": False,
    "figure.facecolor": "white",
    "text.color": "#222222",
}

_WORDS: dict[str, Text] = {
    "confusion": {"en": "Right and wrong answers", "fr": "Bonnes et mauvaises réponses"},
    "calibration": {"en": "Do the probabilities hold?", "fr": "Les probabilités sont-elles justes\u202f?"},
    "residuals": {"en": "Predicted and actual values", "fr": "Valeurs prédites et valeurs réelles"},
    "importance": {"en": "What the model relies on", "fr": "Ce sur quoi le modèle s’appuie"},
    "projection": {"en": "Held-out rows, flattened", "fr": "Lignes de test, projetées"},
    "actual": {"en": "Actual", "fr": "Réel"},
    "predicted": {"en": "Predicted", "fr": "Prédit"},
    "said": {"en": "Probability given", "fr": "Probabilité annoncée"},
    "came": {"en": "How often it came true", "fr": "Fréquence observée"},
    "ideal": {"en": "ideal", "fr": "idéal"},
    "error": {"en": "Error (actual − predicted)", "fr": "Erreur (réel − prédit)"},
    "first": {"en": "First principal component", "fr": "Première composante principale"},
    "second": {"en": "Second principal component", "fr": "Deuxième composante principale"},
    "log_loss": {"en": "Rise of the log loss when shuffled", "fr": "Hausse de la perte logarithmique après mélange"},
    "error_rate": {"en": "Rise of the error rate when shuffled", "fr": "Hausse du taux d’erreur après mélange"},
    "mae": {"en": "Rise of the mean error when shuffled", "fr": "Hausse de l’erreur moyenne après mélange"},
    "changed": {"en": "Share of rows that change group when shuffled", "fr": "Part des lignes changeant de groupe après mélange"},
    "score_change": {"en": "Mean change of the score when shuffled", "fr": "Variation moyenne du score après mélange"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot.

    Attributes
    ----------
    name : str
        ``confusion``, ``calibration``, ``residuals``, ``importance`` or ``projection``.
    svg : bytes
    title, alt : str
        ``alt`` says what is to be seen for those who do not see it.
    """

    name: str
    svg: bytes
    title: str
    alt: str


def draw(  # noqa: PLR0913 - keywords, each a part of what is drawn
    metrics: Mapping[str, Any],
    *,
    schema: Schema,
    language: Language,
    outputs: Outputs | None = None,
    truth: NDArray[Any] | None = None,
    space: NDArray[np.float64] | None = None,
) -> tuple[Picture, ...]:
    """Give the pictures that a model's measures allow.

    Parameters
    ----------
    metrics
        What `evaluate` gave, with what `importance` gave under ``importance``.
    outputs, truth
        Of the held-out rows: for a regression's plot.
    space
        For clusters and anomalies: the held-out rows as finite numbers, shape (n, k), k ≥ 2.
    """
    pictures = []
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A script that DejaVu lacks is only measured here; the reader's browser draws it.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        if "confusion" in metrics and len(metrics["confusion"]["classes"]) <= MAX_CLASSES:
            pictures.append(_confusion(metrics["confusion"], schema, language))
        if metrics.get("calibration", {}).get("bins"):
            pictures.append(_calibration(metrics, schema, language))
        if schema.output.task == "regression" and outputs is not None and truth is not None:
            pictures.append(_residuals(metrics, schema, language, outputs.predictions, truth))
        if space is not None and outputs is not None and space.shape[1] >= 2 and len(space) >= 2:
            pictures.append(_projection(schema, language, outputs.predictions, space))
        if metrics.get("importance", {}).get("columns"):
            pictures.append(_importance(metrics["importance"], schema, language))
    return tuple(pictures)


# --- each picture --------------------------------------------------------------------------------


def _confusion(confusion: Mapping[str, Any], schema: Schema, language: Language) -> Picture:
    counts = np.array(confusion["counts"], dtype=np.float64)
    labels = [_class(schema, name, language) for name in confusion["classes"]]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.2 + 0.55 * len(labels)
    figure = Figure(figsize=(size + 1.4, size))
    axes = figure.subplots()
    edges = np.arange(len(labels) + 1) - 0.5
    axes.pcolormesh(edges, edges, shares, cmap=fading(BLUE), vmin=0, vmax=1, edgecolors="white", linewidth=1)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > 0.55 else "#222222" if count else "#b0b0b0"
        axes.text(column, row, whole(count, language), ha="center", va="center", color=colour,
                  fontweight="bold" if row == column else "normal")  # fmt: skip
    wide = max(map(len, labels)) > (4 if len(labels) > 3 else 11)
    axes.set_xticks(range(len(labels)), [short(label, 26) for label in labels], parse_math=False,
                    rotation=35 if wide else 0, ha="right" if wide else "center")  # fmt: skip
    axes.set_yticks(range(len(labels)), [short(label, 28) for label in labels], parse_math=False)
    axes.set_xlabel(_WORDS["predicted"][language])
    axes.set_ylabel(_WORDS["actual"][language])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    right, rows = whole(confusion["right"], language), whole(confusion["rows"], language)
    alt = {
        "en": f"Confusion matrix: {right} of {rows} rows were answered right.",
        "fr": f"Matrice de confusion\u00a0: {right} lignes sur {rows} ont reçu la bonne réponse.",
    }
    return _picture("confusion", figure, language, alt)


def _calibration(metrics: Mapping[str, Any], schema: Schema, language: Language) -> Picture:
    bins = metrics["calibration"]["bins"]
    said = [one["said"] for one in bins]
    came = [one["came"]["value"] for one in bins]
    reach = [
        [max(0.0, value - one["came"]["low"]) for value, one in zip(came, bins, strict=True)],
        [max(0.0, one["came"]["high"] - value) for value, one in zip(came, bins, strict=True)],
    ]
    figure = Figure(figsize=(4.6, 4.2))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label=_WORDS["ideal"][language])
    axes.errorbar(
        said, came, yerr=reach, color=BLUE, ecolor=SKY, marker="o", markersize=5, linewidth=1.4, capsize=2
    )
    axes.legend(loc="upper left", frameon=False, borderaxespad=0, labelcolor=GREY)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_aspect("equal")
    _percentages(axes, language)
    of = metrics.get("positive") if metrics["calibration"]["of"] == "positive" else None
    suffix = f" ({short(_class(schema, of, language), 24)})" if of else ""
    axes.set_xlabel(_WORDS["said"][language] + suffix, parse_math=False)
    axes.set_ylabel(_WORDS["came"][language])
    gap = percent(metrics["calibration"]["largest_gap"], language)
    alt = {
        "en": f"How often a probability came true, in groups of rows; the largest gap is {gap}.",
        "fr": f"Fréquence observée pour chaque probabilité annoncée, par groupes de lignes\u00a0; le plus grand écart est de {gap}.",
    }
    return _picture("calibration", figure, language, alt)


def _residuals(
    metrics: Mapping[str, Any],
    schema: Schema,
    language: Language,
    predicted: NDArray[Any],
    truth: NDArray[Any],
) -> Picture:
    kept = _thinned(len(truth))
    actual = np.asarray(truth, dtype=np.float64)[kept]
    answers = np.asarray(predicted, dtype=np.float64)[kept]
    unit = f" ({schema.output.unit})" if schema.output.unit else ""
    figure = Figure(figsize=(8.4, 3.9))
    left, right = figure.subplots(1, 2)
    ends = [min(actual.min(), answers.min()), max(actual.max(), answers.max())]
    left.plot(ends, ends, color=GREY, linestyle="--", linewidth=1)
    left.scatter(answers, actual, s=16, color=BLUE, alpha=0.55, linewidths=0)
    left.set_ylabel(_WORDS["actual"][language] + unit, parse_math=False)
    interval = metrics["residuals"]
    right.axhspan(interval["low"], interval["high"], color=SKY, alpha=0.22, linewidth=0)
    right.axhline(0, color=GREY, linestyle="--", linewidth=1)
    right.scatter(answers, actual - answers, s=16, color=BLUE, alpha=0.55, linewidths=0)
    right.set_ylabel(_WORDS["error"][language] + unit, parse_math=False)
    for axes in (left, right):
        axes.set_xlabel(_WORDS["predicted"][language] + unit, parse_math=False)
        _numbers(axes, language)
    share = percent(interval["share"], language)
    low, high = number(interval["low"], language), number(interval["high"], language)
    alt = {
        "en": f"Left: actual against predicted values. Right: errors; {share} of them lie in the band from {low} to {high}.",
        "fr": f"À gauche\u00a0: valeurs réelles et prédites. À droite\u00a0: erreurs, dont {share} dans la bande de {low} à {high}.",
    }
    return _picture("residuals", figure, language, alt)


def _importance(importance: Mapping[str, Any], schema: Schema, language: Language) -> Picture:
    bars = importance["columns"][:MAX_BARS][::-1]
    labels = [in_words(schema.by_name[bar["column"]].label, language, bar["column"]) for bar in bars]
    values = [bar["value"] for bar in bars]
    figure = Figure(figsize=(7.2, 1.0 + 0.3 * len(bars)))
    axes = figure.subplots()
    axes.barh(range(len(bars)), values, xerr=[bar["spread"] for bar in bars], color=BLUE, height=0.66,
              error_kw={"ecolor": "#333333", "elinewidth": 1, "capsize": 2})  # fmt: skip
    axes.axvline(0, color="#8a8a8a", linewidth=0.8)
    axes.set_yticks(range(len(bars)), [short(label, 40) for label in labels], parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, len(bars) - 0.4)
    if importance["measure"] in ("error_rate", "changed"):
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: percent(tick, language)))
    else:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: number(tick, language)))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    unit = f" ({schema.output.unit})" if importance["measure"] == "mae" and schema.output.unit else ""
    axes.set_xlabel(_WORDS[importance["measure"]][language] + unit, parse_math=False)
    first = ", ".join(labels[::-1][:3])
    alt = {
        "en": f"Importance of the columns. The model relies most on: {first}.",
        "fr": f"Importance des colonnes. Le modèle s’appuie surtout sur\u00a0: {first}.",
    }
    return _picture("importance", figure, language, alt)


def _projection(
    schema: Schema, language: Language, predictions: NDArray[Any], space: NDArray[np.float64]
) -> Picture:
    kept = _thinned(len(space))
    flat, groups = _flattened(space)[kept], predictions[kept]
    figure = Figure(figsize=(6.6, 4.4))
    axes = figure.subplots()
    names = sorted(np.unique(predictions).tolist())
    for position, name in enumerate(names):
        colour, marker = SERIES[min(position, len(SERIES) - 1)]
        members = flat[groups == name]
        label = f"{short(_class(schema, str(name), language), 44)} ({whole(len(members), language)})"
        axes.scatter(members[:, 0], members[:, 1], s=26, color=colour, marker=marker, alpha=0.75, linewidths=0,
                     label=label)  # fmt: skip
    axes.set_xlabel(_WORDS["first"][language])
    axes.set_ylabel(_WORDS["second"][language])
    _numbers(axes, language)
    legend = axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.01), frameon=False, borderaxespad=0, handletextpad=0.3
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    alt = {
        "en": "Held-out rows on a plane, marked by their answers.",
        "fr": "Lignes de test sur un plan, marquées selon leurs réponses.",
    }
    return _picture("projection", figure, language, alt)


# --- parts ---------------------------------------------------------------------------------------


def _picture(name: str, figure: Figure, language: Language, alt: Text) -> Picture:
    for text in figure.findobj(match=mpl.text.Text):
        text.set_text(printable(text.get_text()))
    held = io.BytesIO()
    FigureCanvasSVG(figure).print_figure(
        held, format="svg", bbox_inches="tight", pad_inches=0.08, metadata={"Date": None, "Creator": None}
    )
    svg = held.getvalue().replace(b"'DejaVu Sans'", b"'DejaVu Sans', Verdana, Arial")
    return Picture(name, _bare(svg), _WORDS[name][language], alt[language])


def _bare(svg: bytes) -> bytes:
    """Give an SVG without document type and metadata: they name hosts that nobody should ask."""
    rooted = re.sub(rb"\A.*?(?=<svg)", b"", svg, count=1, flags=re.DOTALL)
    return re.sub(rb"\s*<metadata>.*?</metadata>", b"", rooted, count=1, flags=re.DOTALL)


def _class(schema: Schema, name: str | None, language: Language) -> str:
    return in_words(schema.output.class_labels.get(str(name)), language, str(name))


def printable(text: str) -> str:
    """Give a text without the characters that no picture may hold."""
    return "".join(
        "\ufffd" if unicodedata.category(character) in ("Cc", "Cs") and character != "\n" else character
        for character in text
    )


def short(text: str, width: int) -> str:
    """Give a text of so many characters at most."""
    return textwrap.shorten(printable(text), width, placeholder="…") if " " in text[:width] else (
        text if len(text) <= width else text[: width - 1] + "…"
    )  # fmt: skip


def fading(colour: str) -> mpl.colors.LinearSegmentedColormap:
    """Give the scale from white to a colour."""
    return mpl.colors.LinearSegmentedColormap.from_list("fading", ["#ffffff", colour])


def _thinned(n_rows: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, MAX_POINTS)).astype(np.intp))


def _flattened(space: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the first two principal components of standardised columns, signs fixed by the largest loading."""
    spread = space.std(axis=0)
    centred = (space - space.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
    largest = directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    return np.asarray(centred @ (directions * np.sign(largest)[:, None]).T, dtype=np.float64)


def _percentages(axes: Axes, language: Language) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda tick, _: percent(tick, language)))


def _numbers(axes: Axes, language: Language) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda tick, _: number(tick, language)))

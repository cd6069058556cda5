"""Numbers and fixed phrases as English and French write them, for cards and plots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dasier.schema import Text

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

MEASURES: dict[str, Text] = {
    "accuracy": {"en": "Accuracy", "fr": "Exactitude"},
    "balanced_accuracy": {"en": "Balanced accuracy", "fr": "Exactitude équilibrée"},
    "macro_f1": {"en": "F1, mean over classes", "fr": "F1, moyenne des classes"},
    "log_loss": {"en": "Log loss", "fr": "Perte logarithmique"},
    "roc_auc": {"en": "Area under the ROC curve", "fr": "Aire sous la courbe ROC"},
    "precision": {"en": "Precision", "fr": "Précision"},
    "recall": {"en": "Recall", "fr": "Rappel"},
    "mae": {"en": "Mean absolute error", "fr": "Erreur absolue moyenne"},
    "rmse": {"en": "Root mean squared error", "fr": "Racine de l’erreur quadratique moyenne"},
    "r2": {"en": "Variance explained (R²)", "fr": "Variance expliquée (R²)"},
    "median_absolute_error": {"en": "Typical error (median)", "fr": "Erreur typique (médiane)"},
    "silhouette": {"en": "Silhouette", "fr": "Silhouette"},
    "flagged": {"en": "Share flagged", "fr": "Part signalée"},
}

MEANINGS: dict[str, Text] = {
    "accuracy": {"en": "Share of rows answered right.", "fr": "Part des lignes bien classées."},
    "balanced_accuracy": {
        "en": "Share answered right in each class, averaged over the classes.",
        "fr": "Part bien classée dans chaque classe, moyennée sur les classes.",
    },
    "macro_f1": {
        "en": "Harmonic mean of precision and recall, averaged over the classes.",
        "fr": "Moyenne harmonique de la précision et du rappel, moyennée sur les classes.",
    },
    "log_loss": {
        "en": "How far the probabilities are from what came true; 0 is perfect.",
        "fr": "Écart entre les probabilités et ce qui s’est produit\u00a0; 0 est parfait.",
    },
    "roc_auc": {
        "en": "How well the right rows are ranked first; 0.5 is chance, 1 is perfect.",
        "fr": "Qualité du classement des lignes\u00a0; 0,5 est le hasard, 1 est parfait.",
    },
    "precision": {
        "en": "Of the rows that it calls “{of}”, the share that truly are.",
        "fr": "Parmi les lignes qu’il dit «\u00a0{of}\u00a0», la part qui l’est vraiment.",
    },
    "recall": {
        "en": "Of the rows that truly are “{of}”, the share that it finds.",
        "fr": "Parmi les lignes qui sont vraiment «\u00a0{of}\u00a0», la part qu’il trouve.",
    },
    "mae": {"en": "How far off it is on average.", "fr": "Son écart moyen."},
    "rmse": {
        "en": "As the mean error, but large errors weigh more.",
        "fr": "Comme l’erreur moyenne, mais les grandes erreurs pèsent davantage.",
    },
    "r2": {
        "en": "0 is no better than the mean, 1 is perfect.",
        "fr": "0 ne vaut pas mieux que la moyenne, 1 est parfait.",
    },
    "median_absolute_error": {
        "en": "Half of the errors are smaller.",
        "fr": "La moitié des erreurs sont plus petites.",
    },
    "silhouette": {
        "en": "How well groups are apart: 1 far apart, 0 touching.",
        "fr": "Séparation des groupes\u00a0: 1 bien séparés, 0 contigus.",
    },
    "flagged": {"en": "Share of rows called unusual.", "fr": "Part des lignes dites inhabituelles."},
}

SHARES = frozenset({"accuracy", "balanced_accuracy", "precision", "recall", "flagged"})
"""Measures that people read as percentages."""

_WRITTEN_OUT = 15
"""Numbers of so many zeros are not written out: a float has no digits of theirs."""

_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

IN_UNIT = frozenset({"mae", "rmse", "median_absolute_error"})
"""Measures in the unit of what is predicted."""


def number(value: float, language: Language, *, digits: int = 3) -> str:
    r"""Give a number with so many significant digits, with the language's decimal sign.

    What is nearer to 0 than 10⁻¹² is 0, as a tick of an axis is that was computed.

    >>> number(1234.5678, "en"), number(0.04567, "fr"), number(-3.0, "fr"), number(6.022e23, "fr")
    ('1,235', '0,0457', '−3', '6,02\xa0×\xa010²³')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    exponent = math.floor(math.log10(abs(value)))
    if exponent >= _WRITTEN_OUT:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e+")
        return f"{_local(_without_zeros(mantissa), language)}\u00a0×\u00a010{power.translate(_SUPERSCRIPT)}"
    decimals = max(0, digits - 1 - exponent)
    return _local(_without_zeros(f"{value:,.{min(decimals, 12)}f}"), language)


def percent(value: float, language: Language) -> str:
    r"""Give a share as a percentage with one decimal.

    >>> percent(0.9557, "en"), percent(1, "fr")
    ('95.6%', '100\xa0%')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{100 * value:.1f}".removesuffix(".0")
    return _local(text, language) + ("%" if language == "en" else "\u00a0%")


def whole(value: float, language: Language) -> str:
    r"""Give a whole number with the language's separator of thousands.

    >>> whole(4454, "fr"), whole(4454, "en")
    ('4\u202f454', '4,454')
    """
    return _local(f"{value:,.0f}", language)


def in_words(text: Text | None, language: Language, otherwise: str = "") -> str:
    """Give a text in a language, else in English, else something else."""
    words = text or {}
    return words.get(language) or words.get("en") or otherwise


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _local(text: str, language: Language) -> str:
    text = text.replace("-", "−")
    if text in ("−0", "−0.0"):
        text = "0"
    return text.translate({ord(","): "\u202f", ord("."): ","}) if language == "fr" else text


def measure_in_words(name: str, value: float, low: float | None = None, high: float | None = None) -> Text:
    r"""Give a measure with its interval, in each language; one that is not known keeps its name.

    >>> measure_in_words("accuracy", 0.975, 0.95, 1.0)["fr"]
    'Exactitude 97,5\xa0% (de 95\xa0% à 100\xa0%)'
    """

    def told(language: Language) -> str:
        shown = [
            (percent if name in SHARES else number)(figure, language)
            for figure in (value, low, high)
            if figure is not None
        ]
        label = in_words(MEASURES.get(name), language, name)
        if len(shown) < 3:
            return f"{label} {shown[0]}"
        interval = f"{shown[1]} to {shown[2]}" if language == "en" else f"de {shown[1]} à {shown[2]}"
        return f"{label} {shown[0]} ({interval})"

    return {language: told(language) for language in LANGUAGES}

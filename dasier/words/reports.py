"""What a report on drift and quality is alarmed by, in words: English and French. What cannot be read is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.words import LANGUAGES, SHARES, Language, in_words, number, percent
from dasier.words import MEASURES as MEASURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.schema import Text

_OUTPUT: Text = {"en": "The answers", "fr": "Les réponses"}
_MOST = 8
"""So many columns are told; the report has them all."""

_SHARES: dict[str, Text] = {
    "nulls": {
        "en": "missing in {seen} of the rows, in training in {trained}",
        "fr": "absente de {seen} des lignes, contre {trained} à l’apprentissage",
    },
    "outside": {
        "en": "outside what training saw in {seen} of the rows",
        "fr": "hors de ce que l’apprentissage a vu dans {seen} des lignes",
    },
}
_SPREAD: Text = {
    "en": "spread otherwise than in training (stability index {psi})",
    "fr": "répartie autrement qu’à l’apprentissage (indice de stabilité {psi})",
}


def told(report: Mapping[str, Any]) -> tuple[Text, ...]:
    """Give a sentence for each thing that is alarmed, what is worst first; nothing where the report has no findings.

    >>> told({"alarmed": ["heat"], "findings": [{"key": "heat", "name": "heat", "psi": 1.471, "alarmed": ["chi_square"]}]})[0]["en"]
    'heat: spread otherwise than in training (stability index 1.47).'
    """
    try:
        alarmed = [one for one in report.get("findings") or () if one["alarmed"]]
        sentences = [_sentence(one) for one in alarmed[:_MOST]]
        quality = report.get("quality") or {}
        if quality.get("worse") is True:
            sentences.insert(0, {language: _quality(quality, language) for language in LANGUAGES})
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return ()
    return tuple(sentences)


def _sentence(finding: Mapping[str, Any]) -> Text:
    return {language: _finding(finding, language) for language in LANGUAGES}


def _finding(finding: Mapping[str, Any], language: Language) -> str:
    tests = {test["name"]: test for test in finding.get("tests") or ()}
    what = []
    for name in finding["alarmed"]:
        if name in _SHARES:
            seen, trained = (percent(tests[name][key], language) for key in ("value", "trained"))
            what.append(in_words(_SHARES[name], language).format(seen=seen, trained=trained))
        else:
            what.append(in_words(_SPREAD, language).format(psi=number(float(finding["psi"]), language)))
    label = in_words(_OUTPUT, language) if finding["key"] == "output" else str(finding["name"])
    between = ": " if language == "en" else "\u00a0: "
    return label + between + "; ".join(what) + "."


def _quality(quality: Mapping[str, Any], language: Language) -> str:
    metric = str(quality["metric"])
    label = in_words(MEASURE_NAMES.get(metric), language, metric)
    show = percent if metric in SHARES else number
    now, before = (show(float(quality[key]["value"]), language) for key in ("value", "held_out"))
    if language == "en":
        return f"The answers turned out worse than promised. {label}: {now} instead of {before}."
    return f"Les réponses se sont révélées moins bonnes que promis. {label}\u00a0: {now} au lieu de {before}."

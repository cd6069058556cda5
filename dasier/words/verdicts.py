"""What the gate found of a version, in words that a client understands: English and French.

The gate's own sentence (``detail``) is exact, English, and for those who build models. Here each rule has a
plain one, and its figures another, in both languages. A verdict of another release may know other rules and
figures: a rule that is not known is shown by its name, and figures that cannot be read are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.words import LANGUAGES, MEASURES, SHARES, Language, in_words, number, percent, whole
from dasier.words.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.schema import Text

LOWER_IS_BETTER = frozenset({"log_loss", "mae", "rmse", "median_absolute_error"})

_MOST = 5
"""So many measures or slices are told; the gate's own figures have them all."""


def title(name: str) -> Text:
    """Give what a rule is about; a rule that is not known keeps its name."""
    return RULES[name].title if name in RULES else dict.fromkeys(LANGUAGES, name)


def plain(finding: Mapping[str, Any]) -> Text:
    """Give what a rule found, without figures; the gate's own sentence if the rule is not known."""
    known = RULES.get(finding["rule"])
    if known is None:
        return dict.fromkeys(LANGUAGES, str(finding.get("detail", "")))
    return known.passed if finding["passed"] is True else known.failed


def summary(verdict: Mapping[str, Any] | None) -> Text:
    """Give a verdict in a sentence: that it passed, or what the first rule that failed found.

    >>> summary({"passed": False, "rules": [{"rule": "size", "passed": False}]})["en"]
    'Refused. It is too large.'
    """
    if verdict is None:
        return {"en": "Not judged yet.", "fr": "Pas encore jugée."}
    if verdict["passed"] is True:
        return {"en": "Passed.", "fr": "Admise."}
    wrong = next((one for one in verdict.get("rules") or () if one["passed"] is not True), None)
    why: Text = {"en": "", "fr": ""} if wrong is None else plain(wrong)
    return {"en": f"Refused. {why['en']}".rstrip(), "fr": f"Refusée. {why['fr']}".rstrip()}


def measured(finding: Mapping[str, Any]) -> Text:
    r"""Give the figures of a rule in a sentence or two; nothing if it has none, or they cannot be read.

    >>> measured({"rule": "latency", "passed": True, "figures": {"row_ms": 0.0421, "budget_ms": 1000}})["en"]
    'One answer takes 0.0421\xa0ms; 1,000\xa0ms are allowed.'
    """
    tell = _FIGURES.get(finding["rule"])
    try:
        if tell is None or not finding.get("figures"):
            return {}
        return {language: tell(finding, language) for language in LANGUAGES}
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return {}


# --- figures, rule by rule -----------------------------------------------------------------------


def _libraries(finding: Mapping[str, Any], _language: Language) -> str:
    figures = finding["figures"]
    return ", ".join(f"{name} {version}" for name, version in figures.items()) + "."


def _digests(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    size = number(figures["size_bytes"] / 1e6, language)
    return f"{size}\u00a0MB in all." if language == "en" else f"{size}\u00a0Mo en tout."


def _size(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    size, budget = (number(figures[key], language) for key in ("size_mb", "budget_mb"))
    if language == "en":
        return f"It has {size}\u00a0MB; {budget}\u00a0MB are allowed."
    return f"Elle fait {size}\u00a0Mo\u00a0; {budget}\u00a0Mo sont permis."


def _rehearsal(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    load, memory = number(figures["load_ms"], language), number(figures["memory_bytes"] / 1e6, language)
    if language == "en":
        return f"It starts in {load}\u00a0ms, and its process takes {memory}\u00a0MB of memory."
    return f"Elle démarre en {load}\u00a0ms, et son processus prend {memory}\u00a0Mo de mémoire."


def _latency(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    row, budget = (number(figures[key], language, digits=4) for key in ("row_ms", "budget_ms"))
    if language == "en":
        return f"One answer takes {row}\u00a0ms; {budget}\u00a0ms are allowed."
    return f"Une réponse prend {row}\u00a0ms\u00a0; {budget}\u00a0ms sont permises."


def _metrics(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    found, stated = figures["measured"], figures["stated"]
    names = [name for name in found if finding["passed"] is True or stated.get(name) != found[name]][:_MOST]
    told = [f"{_label(name, language)} {_value(name, found[name], language)}" for name in names]
    rows = whole(figures["rows"], language)
    if not told:
        return ""
    if language == "en":
        return f"On {rows} rows that it has not seen: {', '.join(told)}."
    return f"Sur {rows} lignes qu’elle n’a pas vues\u00a0: {', '.join(told)}."


def _floors(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    shown = [(name, one) for name, one in figures.items() if finding["passed"] is True or not one["passed"]]
    return _joined([f"{_label(name, language)} {_held(name, one, language)}" for name, one in shown[:_MOST]])


def _slices(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    shown = [one for one in figures["slices"] if finding["passed"] is True or not one["passed"]]
    return _joined([_slice(one, language) for one in shown[:_MOST]])


def _slice(one: Mapping[str, Any], language: Language) -> str:
    rows = whole(one["rows"], language)
    start = (
        f"“{one['slice']}” ({rows} rows)"
        if language == "en"
        else f"«\u00a0{_in_french(one)}\u00a0» ({rows} lignes)"
    )
    if "value" not in one:
        return start + (
            ": too few to show anything"
            if language == "en"
            else "\u00a0: trop peu pour prouver quoi que ce soit"
        )
    colon = ": " if language == "en" else "\u00a0: "
    return f"{start}{colon}{_label(one['metric'], language)} {_held(one['metric'], one, language)}"


def _in_french(one: Mapping[str, Any]) -> str:
    """Give what a slice is called: a column and its value read alike in both languages, a range does not."""
    span = one.get("range")
    if not span:
        return str(one["slice"])
    low, high = (
        None if span[end] is None else number(span[end], "fr", digits=10) for end in ("minimum", "maximum")
    )
    if low is None or high is None:
        return f"{span['column']} {'au moins' if high is None else 'au plus'} {high if low is None else low}"
    return f"{span['column']} de {low} à {high}"


def _comparison(finding: Mapping[str, Any], language: Language) -> str:
    figures = finding["figures"]
    if figures["compared"] is not True:
        return ""
    metric, serving = figures["metric"], figures["serving"]
    rows, label = whole(figures["rows"], language), _label(metric, language)
    value, before = (_value(metric, figures[key], language) for key in ("value", "serving_value"))
    if language == "en":
        return f"{label} on the same {rows} rows: {value}; version {serving} has {before}."
    return f"{label} sur les mêmes {rows} lignes\u00a0: {value}, contre {before} pour la version {serving}."


def _label(metric: str, language: Language) -> str:
    return in_words(MEASURES.get(metric), language, metric)


def _value(metric: str, value: float | None, language: Language) -> str:
    if value is None:
        return "–"
    return percent(value, language) if metric in SHARES else number(value, language, digits=4)


def _held(metric: str, one: Mapping[str, Any], language: Language) -> str:
    value, floor = _value(metric, one["value"], language), _value(metric, one["floor"], language)
    most = metric in LOWER_IS_BETTER
    if language == "en":
        return f"{value}, {'at most' if most else 'at least'} {floor} demanded"
    return f"{value}, {'au plus' if most else 'au moins'} {floor} exigé"


def _joined(parts: list[str]) -> str:
    return "; ".join(parts) + "." if parts else ""


_FIGURES: dict[str, Callable[[Mapping[str, Any], Language], str]] = {
    "libraries": _libraries,
    "digests": _digests,
    "size": _size,
    "rehearsal": _rehearsal,
    "latency": _latency,
    "metrics": _metrics,
    "floors": _floors,
    "slices": _slices,
    "comparison": _comparison,
}

"""What a card tells of how good a model is: measures, parts of the rows, probabilities, and what it relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.building.card.described import category, class_label
from dasier.words import IN_UNIT, MEANINGS, MEASURES, SHARES, in_words, number, percent, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.manifest import Manifest
    from dasier.schema import Output, Schema
    from dasier.words import Language

SHOWN_COLUMNS = 10
"""Of the columns that matter most; the picture shows a few more."""


def measured(manifest: Manifest, language: Language) -> dict[str, Any]:
    """Give the values for the template."""
    metrics, schema = manifest.metrics, manifest.schema
    output, split = schema.output, metrics.get("split", {})
    return {
        "split": {
            "is_sample": split.get("kind") == "sample",
            "held_out": whole(split.get("held_out_rows", 0), language),
            "fitted": whole(split["fitted_rows"], language) if "fitted_rows" in split else "",
            "stratified": bool(split.get("stratified")),
        },
        "measures": _measures(metrics, output, language),
        "guessed": "constant_guess" in metrics,
        "methods": _methods(metrics, language),
        "resamples": whole(metrics.get("resamples", 0), language),
        "unmeasured": _unmeasured(metrics, output),
        "residuals": _residuals(metrics, output, language),
        "classes_measured": _classes(metrics, output, language),
        "sizes": [
            {"label": class_label(output, name, language), "rows": whole(rows, language)}
            for name, rows in metrics.get("sizes", {}).items()
        ],
        "slices": _slices(metrics.get("slices") or {}, schema, language),
        "calibration": _calibration(metrics, output, language),
        "importance": _importance(metrics.get("importance") or {}, schema, language),
    }


def _measures(metrics: Mapping[str, Any], output: Output, language: Language) -> list[dict[str, Any]]:
    guesses = metrics.get("constant_guess", {})
    positive = (
        class_label(output, metrics["positive"], language) if metrics.get("positive") is not None else ""
    )
    if output.task == "anomaly_detection":
        positive = class_label(output, "-1", language)
    return [
        {
            "label": in_words(MEASURES.get(name), language, name),
            "meaning": in_words(MEANINGS.get(name), language).replace("{of}", positive),
            "primary": name == metrics.get("primary"),
            "guess": _figure(name, guesses[name], output, language) if name in guesses else "–",
            **_interval(name, held, output, language),
        }
        for name, held in metrics.get("values", {}).items()
    ]


def _methods(metrics: Mapping[str, Any], language: Language) -> dict[str, str]:
    """Give which measures have an interval of which kind, in the measures' order."""
    found: dict[str, list[str]] = {"wilson": [], "bootstrap": [], "never_wrong": []}
    for name, method in metrics.get("methods", {}).items():
        found[method].append(in_words(MEASURES.get(name), language, name))
    return {method: ", ".join(names) for method, names in found.items()}


def _unmeasured(metrics: Mapping[str, Any], output: Output) -> str:
    """Give why there is no measure: ``no_target``, ``too_few``, or nothing where there is one."""
    if metrics.get("values"):
        return ""
    return "no_target" if output.task in ("classification", "regression") else "too_few"


def _figure(name: str, value: float, output: Output, language: Language) -> str:
    if name in SHARES:
        return percent(value, language)
    unit = f" {output.unit}" if name in IN_UNIT and output.unit else ""
    return number(value, language) + unit


def _interval(name: str, held: Mapping[str, float], output: Output, language: Language) -> dict[str, str]:
    return {key: _figure(name, held[key], output, language) for key in ("value", "low", "high")}


def _residuals(metrics: Mapping[str, Any], output: Output, language: Language) -> dict[str, str] | None:
    held = metrics.get("residuals")
    if not held:
        return None
    unit = f" {output.unit}" if output.unit else ""
    ends = {key: _signed(held[key], language) + unit for key in ("low", "high")}
    return {"share": percent(held["share"], language), **ends}


def _signed(value: float, language: Language) -> str:
    return ("+" if value > 0 else "") + number(value, language)


def _classes(metrics: Mapping[str, Any], output: Output, language: Language) -> list[dict[str, Any]]:
    def shares(held: Mapping[str, Any], name: str) -> dict[str, str] | None:
        found = held.get("intervals", {}).get(name)
        return None if found is None else _interval(name, found, output, language)

    return [
        {
            "label": class_label(output, name, language),
            "rows": whole(held["rows"], language),
            "precision": shares(held, "precision"),
            "recall": shares(held, "recall"),
        }
        for name, held in metrics.get("per_class", {}).items()
    ]


def _slices(found: Mapping[str, Any], schema: Schema, language: Language) -> dict[str, Any] | None:
    if not found.get("parts"):
        return None
    name, output = found["measure"], schema.output
    return {
        "measure": in_words(MEASURES.get(name), language, name),
        "shares": name in SHARES,
        "parts": [
            {
                "column": in_words(schema.by_name[one["column"]].label, language, one["column"]),
                "part": _part(one, schema, language),
                "rows": whole(one["rows"], language),
                "measured": one["measured"] and _interval(name, one["measured"], output, language),
            }
            for one in found["parts"]
        ],
    }


def _part(one: Mapping[str, Any], schema: Schema, language: Language) -> str:
    column = schema.by_name[one["column"]]
    if one.get("null"):
        return {"en": "empty", "fr": "vide"}[language]
    if "value" in one:
        value = one["value"]
        if isinstance(value, bool):
            return {"en": ("no", "yes"), "fr": ("non", "oui")}[language][value]
        return number(value, language) if not isinstance(value, str) else category(column, value, language)
    show = whole if column.kind == "integer" else number
    low, high = show(one["low"], language), show(one["high"], language)
    unit = f" {column.unit}" if column.unit else ""
    words = {"en": ("to", "to under"), "fr": ("à", "à moins de")}[language][one["under"]]
    return f"{low} {words} {high}{unit}"


def _calibration(metrics: Mapping[str, Any], output: Output, language: Language) -> dict[str, Any] | None:
    held, sure = metrics.get("calibration"), metrics.get("confidence")
    if not held or not sure or "error" not in held:
        return None
    figures = ("error", "by_chance", "by_chance_high", "largest_gap")
    return {
        **{key: percent(held[key], language) for key in figures},
        "of": class_label(output, metrics["positive"], language) if held["of"] == "positive" else "",
        "chance": held["error"] <= held["by_chance_high"],
        "said": percent(sure["said"], language),
        "came": _interval("accuracy", sure["came"], output, language),
        "bins": [
            {
                "said": percent(one["said"], language),
                "rows": whole(one["rows"], language),
                **_interval("accuracy", one["came"], output, language),
            }
            for one in held["bins"]
        ],
    }


def _importance(found: Mapping[str, Any], schema: Schema, language: Language) -> dict[str, Any] | None:
    if not found.get("columns"):
        return None
    measure, output = found["measure"], schema.output
    shares = measure in ("error_rate", "changed")
    unit = f" {output.unit}" if measure == "mae" and output.unit else ""

    def figure(value: float) -> str:
        return percent(value, language) if shares else number(value, language) + unit

    columns = found["columns"]
    return {
        "measure": measure,
        "rows": whole(found["rows"], language) if "rows" in found else "",
        "shuffles": whole(found["shuffles"], language) if "shuffles" in found else "",
        "more": len(columns) > SHOWN_COLUMNS,
        "columns": [
            {
                "label": in_words(schema.by_name[one["column"]].label, language, one["column"]),
                "value": figure(one["value"]),
                "spread": figure(one["spread"]),
            }
            for one in columns[:SHOWN_COLUMNS]
        ],
    }

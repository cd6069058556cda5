"""What a card tells of a model but for its figures: purpose, limits, columns, data, steps, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.building.card.missing import how
from dasier.building.card.rendering import linked
from dasier.words import in_words, number, whole
from dasier.words.markdown import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dasier.manifest import Manifest
    from dasier.schema import Column, Output, Text
    from dasier.words import Language

SHOWN_CATEGORIES = 12
"""So many categories are listed; of a longer list it is said that there are more."""

SMALL_CLASS = 30
"""A class that was fitted on fewer rows is named among the limits. Our choice."""

KINDS: dict[str, Text] = {
    "float": {"en": "number", "fr": "nombre"},
    "integer": {"en": "whole number", "fr": "nombre entier"},
    "boolean": {"en": "yes or no", "fr": "oui ou non"},
    "category": {"en": "category", "fr": "catégorie"},
    "text": {"en": "text", "fr": "texte"},
}

_PROBES: dict[str, Text] = {
    "held_out": {"en": "held out", "fr": "de test"},
    "inside": {"en": "made up inside the training range", "fr": "inventées dans les plages d’apprentissage"},
    "outside": {"en": "made up outside of it", "fr": "inventées hors de ces plages"},
    "nulls": {"en": "with nulls", "fr": "avec des cellules vides"},
    "unseen": {"en": "with categories never seen", "fr": "avec des catégories jamais vues"},
    "at_thresholds": {
        "en": "at and around the thresholds of trees",
        "fr": "aux seuils des arbres et tout autour",
    },
    "far": {
        "en": "made up far outside the training range",
        "fr": "inventées très loin des plages d’apprentissage",
    },
    "edges": {
        "en": "with zeros, ends of the training range and next to nothing",
        "fr": "avec des zéros, des bornes de plage et des valeurs presque nulles",
    },
    "fitted": {"en": "that it was fitted on", "fr": "d’apprentissage"},
}

_PROVENANCE: dict[str, Text] = {
    "kind": {"en": "Made of", "fr": "Fait à partir de"},
    "recipe": {"en": "Recipe", "fr": "Recette"},
    "file": {"en": "File", "fr": "Fichier"},
    "commit": {"en": "Git commit", "fr": "Commit Git"},
    "seed": {"en": "Seed", "fr": "Graine aléatoire"},
    "libraries": {"en": "Built with", "fr": "Construit avec"},
}

_MADE_OF: dict[str, Text] = {
    "recipe": {"en": "a recipe", "fr": "une recette"},
    "csv": {"en": "a table", "fr": "un tableau"},
    "import": {"en": "an estimator fitted elsewhere", "fr": "un estimateur entraîné ailleurs"},
}


def described(manifest: Manifest, language: Language) -> dict[str, Any]:
    """Give the values for the template."""
    about, output = manifest.about, manifest.schema.output
    stated = {key: in_words(about.get(key), language) for key in ("use", "out_of_scope", "data")}
    stated |= {key: str(about.get(key, "")) for key in ("licence", "model_licence")}
    stated["limits"] = in_words(manifest.limits, language)
    stated["source"] = linked(str(about.get("source", "")))
    return {
        "name": code(manifest.name),
        "title": in_words(manifest.title, language, manifest.name),
        "summary": in_words(manifest.summary, language),
        "stated": stated,
        "how": {key: how(key, manifest, language) for key in stated},
        "notes": [in_words(note, language) for note in manifest.notes],
        "holds_rows": manifest.data.get("in_model"),
        "refused": manifest.runtime.parity.get("refused", ()),
        "nulls": _nulls(manifest, language),
        "few": [one for one in _classes(manifest, language) if one["small"]],
        "has_categories": any(column.kind == "category" for column in manifest.schema.columns),
        "personal": _labels([c for c in manifest.schema.columns if c.personal], language),
        "hashed": _labels([c for c in manifest.schema.columns if c.hashed], language),
        "output": {
            "label": in_words(output.label, language, output.name),
            "unit": output.unit,
            "probabilities": output.probabilities,
            "scores": output.task == "anomaly_detection",
            "classes": [
                {"name": code(str(c)), "label": class_label(output, str(c), language)} for c in output.classes
            ],
        },
        "columns": [_column(column, language) for column in manifest.schema.columns],
        "rows": whole(manifest.data["rows"], language),
        "classes": _classes(manifest, language),
        "digest": code(str(manifest.data["sha256"])),
        "estimator": code(str(manifest.estimator.get("summary", ""))),
        "steps": [_step(one) for one in manifest.estimator.get("steps", ())],
        "sklearn": manifest.environment.get("scikit-learn", ""),
        "runtime": code(manifest.runtime.name),
        "runtime_reason": _sentence(in_words(manifest.runtime.reason, language)),
        "parity": _parity(manifest.runtime.parity, language),
        "provenance": list(_provenance(manifest, language)),
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def class_label(output: Output, name: str, language: Language) -> str:
    """Give what people call a class."""
    return in_words(output.class_labels.get(name), language, name)


def category(column: Column, value: str, language: Language) -> str:
    """Give a category as it is sent, with what people call it where that is something else."""
    label = in_words(column.category_labels.get(value), language, value)
    return value if label.casefold() == value.casefold() else f"{value} ({label})"


def _column(column: Column, language: Language) -> dict[str, Any]:
    return {
        "name": code(column.name),
        "label": in_words(column.label, language, column.name),
        "kind": KINDS[column.kind][language],
        "nullable": column.nullable,
        "personal": column.personal,
        "unit": column.unit or "",
        "seen": _seen(column, language),
        "help": in_words(column.help, language),
    }


def _seen(column: Column, language: Language) -> str:
    if column.kind == "boolean" or column.minimum is None or column.maximum is None:
        shown = ", ".join(category(column, one, language) for one in column.categories[:SHOWN_CATEGORIES])
        return shown + (", …" if len(column.categories) > SHOWN_CATEGORIES else "")
    show = whole if column.kind == "integer" else number
    low, high = show(column.minimum, language), show(column.maximum, language)
    return f"{low} to {high}" if language == "en" else f"{low} à {high}"


def _labels(columns: Sequence[Column], language: Language) -> str:
    return ", ".join(in_words(column.label, language, column.name) for column in columns)


def _nulls(manifest: Manifest, language: Language) -> list[dict[str, str]]:
    held = manifest.data.get("nulls", {})
    return [
        {
            "label": in_words(column.label, language, column.name),
            "rows": whole(held[column.name], language),
        }
        for column in manifest.schema.columns
        if held.get(column.name)
    ]


def _classes(manifest: Manifest, language: Language) -> list[dict[str, Any]]:
    output = manifest.schema.output
    return [
        {
            "label": class_label(output, name, language),
            "fitted": whole(held["fitted"], language) if "fitted" in held else "",
            "held_out": whole(held["held_out"], language),
            "small": held.get("fitted", SMALL_CLASS) < SMALL_CLASS,
        }
        for name, held in manifest.data.get("classes", {}).items()
    ]


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "arrows": "→ " * step["depth"],
        "name": step["name"],
        "class": code(step["class"]),
        "columns": ", ".join(step["columns"] or ()),
        "parameters": [code(f"{key}={_shown(value)}") for key, value in sorted(step["parameters"].items())],
    }


def _shown(value: object) -> str:
    return str(value) if not isinstance(value, list) else "[" + ", ".join(map(str, value)) + "]"


def _parity(found: Mapping[str, Any], language: Language) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        "rows": whole(found["rows"], language),
        "tolerance": code(f"{found['tolerance']:.1g}"),
        "worst": code(f"{max(found['deviations'].values(), default=0.0):.1g}"),
        "kinds": [
            {"label": in_words(_PROBES.get(kind), language, kind), "rows": whole(rows, language)}
            for kind, rows in found["kinds"].items()
        ],
    }


def _provenance(manifest: Manifest, language: Language) -> Iterator[dict[str, str]]:
    source = manifest.source
    known: dict[str, str] = {
        "kind": in_words(_MADE_OF.get(str(source.get("kind"))), language, str(source.get("kind", ""))),
        **{key: code(str(source[key])) for key in ("recipe", "file") if source.get(key)},
        **({"commit": code(str(source["git_commit"]))} if source.get("git_commit") else {}),
    }
    for key, label in _PROVENANCE.items():
        if known.get(key):
            yield {"label": label[language], "value": known[key]}
    for name, digest in sorted(source.get("digests", {}).items()):
        yield {"label": f"SHA-256, {name}", "value": code(digest)}
    for role, blob in sorted(manifest.blobs.items()):
        yield {"label": f"SHA-256, {role}", "value": code(blob.sha256)}
    if manifest.seed is not None:
        yield {"label": _PROVENANCE["seed"][language], "value": code(str(manifest.seed))}
    libraries = ", ".join(f"{name} {version}" for name, version in manifest.environment.items())
    yield {"label": _PROVENANCE["libraries"][language], "value": code(libraries)}

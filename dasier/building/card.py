"""A model's readable description: Markdown and a page of HTML, in English or in French.

One document a language, so that a reader sees one only. The Markdown is the text; the page is
the same text, with the pictures in it and nothing to fetch. Every value is escaped for Markdown, and
HTML in Markdown is off, so that a name or a category can hold anything.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from dasier.words import (
    IN_UNIT,
    MEANINGS,
    MEASURES,
    SHARES,
    in_words,
    number,
    percent,
    whole,
)
from dasier.words.markdown import Verbatim, code, escaped, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markdown_it.token import Token

    from dasier.building.plots import Picture
    from dasier.building.trained import About
    from dasier.schema import Column, Output, Schema, Text
    from dasier.words import Language

SHOWN_CATEGORIES = 12
"""So many categories are listed; a longer list says how many more there are."""

_KINDS: dict[str, Text] = {
    "float": {"en": "number", "fr": "nombre"},
    "integer": {"en": "whole number", "fr": "nombre entier"},
    "boolean": {"en": "yes or no", "fr": "oui ou non"},
    "category": {"en": "category", "fr": "catégorie"},
    "text": {"en": "text", "fr": "texte"},
}

_PROVENANCE: dict[str, Text] = {
    "recipe": {"en": "Recipe", "fr": "Recette"},
    "commit": {"en": "Git commit", "fr": "Commit Git"},
    "created": {"en": "Built", "fr": "Construit"},
    "created_by": {"en": "Built by", "fr": "Construit par"},
    "rows": {"en": "Rows of data", "fr": "Lignes de données"},
    "data_sha256": {"en": "SHA-256 of the data", "fr": "SHA-256 des données"},
    "seed": {"en": "Seed", "fr": "Graine aléatoire"},
    "python": {"en": "Python", "fr": "Python"},
    "libraries": {"en": "Libraries", "fr": "Bibliothèques"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a card is made from.

    Attributes
    ----------
    name : str
    about : About
        Where ``use``, ``limits`` or ``data`` is empty, the card says that nobody stated it.
    schema : Schema
    metrics : mapping
        What `evaluate` gave.
    estimator : str
        One line.
    runtime : str
    runtime_reason : Text
    notes : sequence of Text
        Warnings, shown first.
    provenance : mapping
        Known keys get a label: recipe, commit, created, created_by, rows, data_sha256, seed, python,
        libraries. Others are shown as they are; empty values are left out.
    """

    name: str
    about: About
    schema: Schema
    metrics: Mapping[str, Any]
    estimator: str = ""
    runtime: str
    runtime_reason: Text
    notes: Sequence[Text] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """A card in one language.

    Attributes
    ----------
    markdown : str
        Pictures are there by what they show, in words.
    html : str
        A whole page that fetches nothing.
    """

    markdown: str
    html: str


def card(facts: Facts, *, language: Language, pictures: Sequence[Picture] = ()) -> Card:
    """Give a model's card in a language."""
    values = _values(facts, language)
    template = _MARKDOWN.get_template(f"card.{language}.md.j2")
    told = [{"title": one.title, "image": one.alt} for one in pictures]
    shown = [
        {"title": one.title, "image": Verbatim(f"![{escaped(one.alt)}](#picture-{one.name})")}
        for one in pictures
    ]
    body = _html_of(template.render(values | {"pictures": shown}), pictures)
    page = _PAGE.get_template("card.html.j2").render(
        language=language,
        title=one_line(in_words(facts.about.title, language, facts.name)),
        body=Markup(body),  # noqa: S704 - made by markdown-it with HTML off
    )
    return Card(markdown=_tidied(template.render(values | {"pictures": told})), html=page)


# --- values --------------------------------------------------------------------------------------


def _values(facts: Facts, language: Language) -> dict[str, Any]:
    metrics, output = facts.metrics, facts.schema.output
    split = metrics.get("split", {})
    return {
        "name": code(facts.name),
        "title": in_words(facts.about.title, language, facts.name),
        "summary": in_words(facts.about.summary, language),
        "use": in_words(facts.about.use, language),
        "limits": in_words(facts.about.limits, language),
        "data": in_words(facts.about.data, language),
        "licence": facts.about.licence,
        "source": _link(facts.about.source),
        "notes": [in_words(note, language) for note in facts.notes],
        "split": {
            "is_sample": split.get("kind") == "sample",
            "held_out": whole(split.get("held_out_rows", 0), language),
            "fitted": whole(split["fitted_rows"], language) if "fitted_rows" in split else "",
            "stratified": bool(split.get("stratified")),
        },
        "measures": _measures(metrics, output, language),
        "guessed": "constant_guess" in metrics,
        "unmeasured": _unmeasured(metrics, output),
        "residuals": _residuals(metrics, output, language),
        "classes_measured": _classes_measured(metrics, output, language),
        "sizes": [
            {"label": _class(output, name, language), "rows": whole(rows, language)}
            for name, rows in metrics.get("sizes", {}).items()
        ],
        "output": {
            "label": in_words(output.label, language, output.name),
            "unit": output.unit,
            "probabilities": output.probabilities,
            "scores": output.task == "anomaly_detection",
            "classes": [
                {"name": code(str(c)), "label": _class(output, str(c), language)} for c in output.classes
            ],
        },
        "columns": [_column(column, language) for column in facts.schema.columns],
        "estimator": code(facts.estimator) if facts.estimator else "",
        "runtime": code(facts.runtime),
        "runtime_reason": in_words(facts.runtime_reason, language),
        "provenance": _provenance(facts.provenance, language),
    }


def _measures(metrics: Mapping[str, Any], output: Output, language: Language) -> list[dict[str, Any]]:
    guesses = metrics.get("constant_guess", {})
    positive = _class(output, metrics["positive"], language) if metrics.get("positive") is not None else ""
    if output.task == "anomaly_detection":
        positive = _class(output, "-1", language)
    return [
        {
            "label": in_words(MEASURES.get(name), language, name),
            "meaning": in_words(MEANINGS.get(name), language).replace("{of}", positive),
            "primary": name == metrics.get("primary"),
            "guess": _measured(name, guesses[name], output, language) if name in guesses else "",
            **{key: _measured(name, held[key], output, language) for key in ("value", "low", "high")},
        }
        for name, held in metrics.get("values", {}).items()
    ]


def _unmeasured(metrics: Mapping[str, Any], output: Output) -> str:
    """Give why there is no measure: ``no_target``, ``too_few``, or nothing where there is one."""
    if metrics.get("values"):
        return ""
    is_sample = metrics.get("split", {}).get("kind") == "sample"
    return "no_target" if is_sample and output.task in {"classification", "regression"} else "too_few"


def _measured(name: str, value: float, output: Output, language: Language) -> str:
    if name in SHARES:
        return percent(value, language)
    unit = f" {output.unit}" if name in IN_UNIT and output.unit else ""
    return number(value, language) + unit


def _residuals(metrics: Mapping[str, Any], output: Output, language: Language) -> dict[str, str] | None:
    held = metrics.get("residuals")
    if not held:
        return None
    unit = f" {output.unit}" if output.unit else ""
    ends = {key: _signed(held[key], language) + unit for key in ("low", "high")}
    return {"share": percent(held["share"], language), **ends}


def _signed(value: float, language: Language) -> str:
    return ("+" if value > 0 else "") + number(value, language)


def _classes_measured(metrics: Mapping[str, Any], output: Output, language: Language) -> list[dict[str, str]]:
    def share(value: float | None) -> str:
        return "–" if value is None else percent(value, language)

    return [
        {
            "label": _class(output, name, language),
            "rows": whole(held["rows"], language),
            "precision": share(held["precision"]),
            "recall": share(held["recall"]),
        }
        for name, held in metrics.get("per_class", {}).items()
    ]


def _class(output: Output, name: str, language: Language) -> str:
    return in_words(output.class_labels.get(name), language, name)


def _column(column: Column, language: Language) -> dict[str, Any]:
    return {
        "name": code(column.name),
        "label": in_words(column.label, language, column.name),
        "kind": _KINDS[column.kind][language],
        "nullable": column.nullable,
        "personal": column.personal,
        "unit": column.unit or "",
        "seen": _seen(column, language),
        "help": in_words(column.help, language),
    }


def _seen(column: Column, language: Language) -> str:
    if column.kind == "boolean" or column.minimum is None or column.maximum is None:
        shown = ", ".join(_category(column, one, language) for one in column.categories[:SHOWN_CATEGORIES])
        more = len(column.categories) - SHOWN_CATEGORIES
        return shown + (f", … (+{whole(more, language)})" if more > 0 else "")
    show = whole if column.kind == "integer" else number
    low, high = show(column.minimum, language), show(column.maximum, language)
    return f"{low} to {high}" if language == "en" else f"{low} à {high}"


def _category(column: Column, category: str, language: Language) -> str:
    """Give a category as it is sent, with what people call it where that is something else."""
    label = in_words(column.category_labels.get(category), language, category)
    return category if label.casefold() == category.casefold() else f"{category} ({label})"


def _provenance(provenance: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    rows = []
    for key, held in provenance.items():
        if held in (None, "", {}):
            continue
        named = ", ".join(f"{k} {v}" for k, v in held.items()) if hasattr(held, "items") else str(held)
        shown = whole(held, language) if key == "rows" else code(named)
        rows.append({"label": in_words(_PROVENANCE.get(key), language, key), "value": shown})
    return rows


# --- Markdown and HTML ---------------------------------------------------------------------------

_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9./:_~%?=&,;+-]+")


def _link(address: str) -> str:
    return Verbatim(f"<{address}>") if _WEB_ADDRESS.fullmatch(address) else address


def _finalised(value: object) -> object:
    return value if isinstance(value, Verbatim) else escaped(value)


def _tidied(markdown: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", markdown).strip() + "\n"


def _html_of(markdown: str, pictures: Sequence[Picture]) -> str:
    sources = {
        f"#picture-{one.name}": "data:image/svg+xml;base64," + base64.b64encode(one.svg).decode()
        for one in pictures
    }
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    for token in _all(tokens):
        if token.type == "image" and str(token.attrs["src"]) in sources:
            token.attrs["src"] = sources[str(token.attrs["src"])]
    return str(parser.renderer.render(tokens, parser.options, {}))


def _all(tokens: Sequence[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *_all(token.children or []))]


_LOADER = jinja2.PackageLoader("dasier.building")
_MARKDOWN = jinja2.Environment(
    loader=_LOADER,
    autoescape=False,  # noqa: S701 - Markdown, escaped by `finalize`
    finalize=_finalised,
    undefined=jinja2.StrictUndefined,
)
_PAGE = jinja2.Environment(loader=_LOADER, autoescape=True, undefined=jinja2.StrictUndefined)

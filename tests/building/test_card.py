from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sklearn.linear_model import Ridge

from dasier.building.card import card, missing
from dasier.building.evaluate import evaluate
from dasier.building.importance import importance
from dasier.building.infer import infer
from dasier.building.plots import Picture, draw
from dasier.building.refinements import ColumnNotes, OutputNotes, Refinements
from dasier.building.slices import slices
from dasier.building.steps import steps
from dasier.manifest import Blob, Manifest, RuntimeChoice
from dasier.runtimes import Outputs
from dasier.words import LANGUAGES
from dasier.words.markdown import code, escaped

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "<http://evil.example>",
    "a|b\n|c|\n\n# heading",
    "`code` **bold** ~~gone~~ &lt;b&gt;",
    "{{ 7 * 7 }} {% raw %}",
    "$\\frac{1}{2}$",
    "\u202egnp.exe \x00\x1b[31m",
    "=HYPERLINK(1)",
)


class Tags(HTMLParser):
    """Collects the elements of a page and the addresses in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def model(
    task: str = "classification", *, names: tuple[str, ...] = ("size", "colour")
) -> tuple[Manifest, tuple[Outputs, Any, Any]]:
    """Give what a card and its pictures are made from, for a small model of a task."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({names[0]: rng.normal(size=60), names[1]: ["red", "blue"] * 30})
    up = (frame[names[0]] > 0).to_numpy()
    refinements = Refinements(
        columns={names[0]: ColumnNotes(unit="mm", label={"en": "Size", "fr": "Taille"})},
        output=OutputNotes(unit="points" if task == "regression" else None),
    )
    truth, outputs = {
        "classification": (np.where(up, "big", "small"), Outputs(np.where(up, "big", "small"), np.c_[up, ~up].astype(float))),
        "regression": (frame[names[0]].to_numpy(), Outputs(frame[names[0]].to_numpy() + 0.1)),
        "clustering": (None, Outputs(up.astype(int))),
        "anomaly_detection": (None, Outputs(np.where(up, 1, -1), scores=frame[names[0]].to_numpy())),
    }[task]  # fmt: skip
    held = frame if truth is None else frame.assign(y=truth)
    classes = (0, 1) if task == "clustering" else None
    schema = infer(
        held, task=task, target=None if truth is None else "y", refinements=refinements, classes=classes,
        probabilities=task == "classification",
    )  # fmt: skip
    space = np.c_[frame[names[0]], rng.normal(size=60)]
    metrics = evaluate(
        outputs,
        truth,
        output=schema.output,
        split={"seed": 1, "fitted_rows": 1200, "held_out_rows": 60},
        space=space,
    )
    metrics["importance"] = importance(lambda _: outputs, frame, truth, output=schema.output, seed=1)
    metrics["slices"] = slices(
        outputs, truth, frame, schema=schema, importance={"columns": [{"column": names[0], "value": 1.0}]}, seed=1
    )  # fmt: skip
    manifest = Manifest(
        name="plums",
        version=0,
        id="",
        created="2026-11-20T09:30:00Z",
        created_by="tests",
        title={"en": "Plums", "fr": "Prunes"},
        summary={"en": "Which plum.", "fr": "Quelle prune."},
        source={"kind": "recipe", "recipe": "plums", "git_commit": None},
        data={"rows": 4454, "sha256": "5d858b", "nulls": {}, "in_model": False},
        seed=1,
        environment={"python": "3.11.2", "scikit-learn": "1.9.1"},
        estimator={"class": "Ridge", "summary": "Ridge", "steps": steps(Ridge(alpha=2.0))},
        schema=schema,
        metrics=metrics,
        runtime=RuntimeChoice(
            name="onnx", reason={"en": "Parity was proved.", "fr": "La parité a été prouvée."}, requires={}
        ),
        golden={},
        blobs={},
    )
    return manifest, (outputs, truth, space)


def pictures(task: str, language: Any, **options: Any) -> tuple[Picture, ...]:
    manifest, (outputs, truth, space) = model(task, **options)
    return draw(
        manifest.metrics, schema=manifest.schema, language=language, outputs=outputs, truth=truth,
        space=space if task in ("clustering", "anomaly_detection") else None,
    )  # fmt: skip


# --- what a card says ----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", ["classification", "regression", "clustering", "anomaly_detection"])
def test_every_task_has_a_card_in_both_languages(task: str, language: Any) -> None:
    manifest, _ = model(task)

    made = card(manifest, language=language, pictures=pictures(task, language))

    headings = re.findall(r"^## (.+)$", made.markdown, re.MULTILINE)
    assert len(headings) == 11
    assert made.markdown.startswith("---\n")
    assert "\n---\n\n# Plums\n" in made.markdown or "\n---\n\n# Prunes\n" in made.markdown
    assert f'<html lang="{language}">' in made.html
    assert all(f"<h2>{heading}</h2>" in made.html for heading in headings)


def test_the_split_is_told() -> None:
    manifest, _ = model()

    text = card(manifest, language="en").markdown

    assert "Measured on 60 rows that the model was not fitted on; it was fitted on 1,200." in text


def test_every_measure_is_shown_with_its_interval() -> None:
    manifest, _ = model("regression")

    text = card(manifest, language="fr").markdown

    assert re.search(r"Erreur absolue moyenne\*\* \| 0,1 points \| de 0,1 points à 0,1 points", text)


def test_a_category_is_shown_as_it_is_sent_and_as_people_call_it() -> None:
    manifest, _ = model()
    labels = {"red": {"en": "Red", "fr": "Rouge"}, "blue": {"en": "Blue", "fr": "Bleue"}}
    columns = [replace(one, category_labels=labels) for one in manifest.schema.columns]
    manifest = replace(manifest, schema=replace(manifest.schema, columns=tuple(columns)))

    english, french = (card(manifest, language=language).markdown for language in LANGUAGES)

    assert "| blue, red |" in english
    assert "| blue (Bleue), red (Rouge) |" in french


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nobody_stated_is_said_to_be_so_and_how_to_state_it(language: Any) -> None:
    manifest, _ = model()

    text = card(manifest, language=language).markdown

    assert ("Nobody stated what it is for" if language == "en" else "Personne ne l’a précisé") in text
    for one in missing(manifest):
        assert f"`{one.key}`" in text, one
    assert [one.key for one in missing(manifest)] == [
        "[use]", "[out_of_scope]", "[limits]", "[data]", "data.licence", "data.source", "licence",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", ["classification", "regression", "clustering", "anomaly_detection"])
def test_no_section_and_no_cell_is_left_blank(task: str, language: Any) -> None:
    manifest, _ = model(task)

    text = card(manifest, language=language, pictures=pictures(task, language)).markdown

    sections = re.split(r"^#+ .+$", text, flags=re.MULTILINE)[2:]
    assert all(section.strip() for section in sections)
    rows = [line for line in text.splitlines() if line.startswith("|") and set(line) != set("| ")]
    assert not [line for line in rows if re.search(r"\|\s*\|", line)]


def test_what_everybody_needs_to_know_is_not_missing_when_it_is_stated() -> None:
    manifest, _ = model()
    words = {"en": "Said.", "fr": "Dit."}
    about = dict.fromkeys(("use", "out_of_scope", "data"), words) | dict.fromkeys(
        ("licence", "source", "model_licence"), "mit"
    )

    stated = replace(manifest, about=about, limits=words)

    assert missing(stated) == []
    assert "params.toml" not in card(stated, language="en").markdown


def test_personal_columns_that_are_hashed_are_not_said_to_be_unwatched() -> None:
    manifest, _ = model()
    first = manifest.schema.columns[0]

    def told(*, hashed: bool) -> str:
        columns = (replace(first, personal=True, hashed=hashed), *manifest.schema.columns[1:])
        return card(
            replace(manifest, schema=replace(manifest.schema, columns=columns)), language="en"
        ).markdown

    assert "they are not watched for drift; of" in told(hashed=True)
    assert "they are not watched for drift." in told(hashed=False)


def test_warnings_come_first() -> None:
    manifest, _ = model()
    note = {"en": "The model holds training rows.", "fr": "Le modèle contient des lignes."}

    text = card(replace(manifest, notes=(note,)), language="fr").markdown

    assert text.index("Le modèle contient des lignes.") < text.index("## ")


def test_provenance_is_told_and_what_is_unknown_left_out() -> None:
    manifest, _ = model()
    source = {"kind": "recipe", "recipe": "plums", "git_commit": "0123abc", "digests": {"recipe.py": "77aa"}}
    blobs = {"model": Blob("99ff", 12, "application/octet-stream")}

    text = card(replace(manifest, source=source, blobs=blobs), language="fr").markdown

    assert "| Commit Git | `0123abc` |" in text
    assert "| SHA-256, recipe.py | `77aa` |" in text
    assert "| SHA-256, model | `99ff` |" in text
    assert "| Construit avec | `python 3.11.2, scikit-learn 1.9.1` |" in text
    assert "Commit Git" not in card(manifest, language="fr").markdown
    assert "- Lignes\u00a0: 4\u202f454, dont 1\u202f200 d’apprentissage et 60 de test." in text


def test_parameters_that_were_set_are_told_and_defaults_are_not() -> None:
    manifest, _ = model()

    text = card(manifest, language="en").markdown

    assert "| – | `Ridge` | – | `alpha=2.0` |" in text
    assert "fit_intercept" not in text


def test_tables_are_tables_in_any_reader_of_markdown() -> None:
    manifest, _ = model()

    page = MarkdownIt("commonmark").enable("table").render(body(card(manifest, language="en").markdown))

    assert page.count("<table>") == 9
    assert "|---" not in page


def test_pictures_are_in_the_page_and_in_words_in_the_text() -> None:
    manifest, _ = model()
    drawn = pictures("classification", "en")

    made = card(manifest, language="en", pictures=drawn)

    assert made.html.count('src="data:image/svg+xml;base64,') == len(drawn) == 3
    assert all(one.alt in made.markdown for one in drawn)
    assert "data:image" not in made.markdown


# --- hostile names -------------------------------------------------------------------------------


def body(markdown: str) -> str:
    """Give a card's Markdown without its metadata."""
    return markdown.partition("\n---\n")[2]


def sourced(manifest: Manifest, source: str) -> Manifest:
    """Give a manifest with data from somewhere else."""
    return replace(manifest, about={"source": source})


def hostile(text: str) -> Manifest:
    """Give the manifest of a model whose every text is hostile."""
    words = {"en": text, "fr": text}
    manifest, _ = model()
    columns = tuple(
        replace(column, name=f"{text} {i}", label=words, help=words, unit=text, categories=(text,) if column.categories else ())
        for i, column in enumerate(manifest.schema.columns)
    )  # fmt: skip
    output = replace(
        manifest.schema.output, label=words, unit=text, class_labels={"big": words, "small": words}
    )
    metrics = dict(manifest.metrics)
    metrics["importance"] = metrics["importance"] | {
        "columns": [
            one | {"column": columns[i].name} for i, one in enumerate(metrics["importance"]["columns"])
        ]
    }
    metrics["slices"] = metrics["slices"] | {
        "parts": [
            {"column": columns[1].name, "value": text, "rows": 60, "measured": None},
        ]
    }
    return replace(
        manifest,
        name=text, title=words, summary=words, limits=words,
        about={"use": words, "out_of_scope": words, "data": words, "licence": text, "source": text, "model_licence": text},
        schema=replace(manifest.schema, columns=columns, output=output), metrics=metrics,
        estimator={"summary": text, "steps": [
            {"depth": 1, "name": text, "class": text, "columns": [text], "parameters": {text: text}}
        ]},
        runtime=replace(manifest.runtime, name=text, reason=words), notes=(words,), source={"kind": text, "recipe": text},
        environment={text: text},
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_do_nothing_in_the_page(text: str, language: Any) -> None:
    page = Tags(card(hostile(text), language=language).html)

    assert page.names <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th",
        "td", "div", "code", "strong", "blockquote", "img", "h3", "ul", "li",
    }  # fmt: skip
    assert page.addresses == []
    assert page.handlers == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_do_nothing_in_another_reader_of_the_markdown(text: str) -> None:
    markdown = body(card(hostile(text), language="en").markdown)

    page = Tags(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))

    assert page.names <= {
        "h1",
        "h2",
        "h3",
        "ul",
        "li",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "strong",
        "blockquote",
    }
    assert page.addresses == []


@given(st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_an_escaped_text_is_read_as_it_was(text: str) -> None:
    page = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render("x " + escaped(text))
    )

    assert set(re.findall(r"<(\w+)", page)) <= {"p"}


@pytest.mark.parametrize("text", ["    <b>", "     - a", "\t\t# a"])
def test_an_escaped_text_that_begins_with_blanks_is_no_code(text: str) -> None:
    page = MarkdownIt("commonmark").render(escaped(text))

    assert set(re.findall(r"<(\w+)", page)) == {"p"}


@given(st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_a_code_span_is_one_cell_of_a_table(text: str) -> None:
    page = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .render(f"| a | b |\n|---|---|\n| {code(text)} | z |\n")
    )

    assert page.count("<td>") == 2
    assert page.count("<code>") <= 1
    assert "<td>z</td>" in page


def test_only_a_plain_web_address_becomes_a_link() -> None:
    manifest, _ = model()

    linked = Tags(card(sourced(manifest, "https://example.org/a?b=1"), language="en").html)
    plain = Tags(card(sourced(manifest, "javascript:alert(1)"), language="en").html)

    assert linked.addresses == ["https://example.org/a?b=1"]
    assert plain.addresses == []


# --- pictures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("classification", ["confusion", "calibration", "importance"]),
        ("regression", ["residuals", "importance"]),
        ("clustering", ["projection", "importance"]),
        ("anomaly_detection", ["projection", "importance"]),
    ],
)
def test_each_task_has_its_pictures(task: str, names: list[str]) -> None:
    drawn = pictures(task, "fr")

    assert [one.name for one in drawn] == names
    assert all(ET.fromstring(one.svg).tag.endswith("svg") for one in drawn)  # noqa: S314 - our own bytes
    assert all(one.title and one.alt for one in drawn)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_picture_with_a_hostile_name_is_still_one(name: str) -> None:
    manifest, _ = model()
    labels = {"big": {"en": name, "fr": name}, "small": {"en": "מילה 猫 👩‍🔬", "fr": "x" * 300}}
    schema = replace(manifest.schema, output=replace(manifest.schema.output, class_labels=labels))

    drawn = draw(manifest.metrics, schema=schema, language="en")

    tags = {element.tag.split("}")[1] for one in drawn for element in ET.fromstring(one.svg).iter()}  # noqa: S314
    assert not tags & {"script", "image", "a", "foreignObject"}


def test_pictures_fetch_nothing_and_hold_no_date() -> None:
    for one in pictures("classification", "en"):
        text = one.svg.decode()

        assert not re.search(r"(href|src)=\"(?!#)", text)
        assert "<!DOCTYPE" not in text
        assert not re.search(r"\d{4}-\d\d-\d\dT", text)


def test_a_matrix_of_too_many_classes_is_left_out() -> None:
    manifest, _ = model()
    names = [str(i) for i in range(30)]
    metrics = {"confusion": {"classes": names, "counts": np.eye(30).tolist(), "right": 30, "rows": 30}}

    assert draw(metrics, schema=manifest.schema, language="en") == ()


DIGEST = """
from tests.building.test_card import digest
print(digest())
"""


def digest() -> str:
    manifest, _ = model()
    made = card(manifest, language="fr", pictures=pictures("classification", "fr"))
    return hashlib.sha256(made.html.encode()).hexdigest()


def test_another_process_makes_the_same_bytes() -> None:
    process = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert process.stdout.strip() == digest()

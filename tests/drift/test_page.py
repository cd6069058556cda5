"""The page of a report: in both languages, whatever a name holds, running and fetching nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from dasier import drift
from dasier.words import LANGUAGES
from dasier.words.drift import REPORT
from tests.building.test_card import HOSTILE
from tests.drift.test_monitor import leaves
from tests.drift.traffic import START, Callers

if TYPE_CHECKING:
    from dasier.drift import Report


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: dict[str, set[str]] = {}
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def shifted() -> Report:
    """Give the report on two days as in training and two on which a column stands still."""
    callers = Callers("leaves")
    callers.days(2, 120, leaves)
    callers.days(2, 120, lambda day: leaves(day) | {"lobes": 0.5}, first=2)
    report = drift.survey(callers.shop.registry, "leaves", since=START, until=START + timedelta(days=4))
    assert report is not None
    return report


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Drifted: lobes.", "How far each column has moved", "2026-10-03", "spread (Kolmogorov-Smirnov)")),
        ("fr", ("Dérive\u00a0: lobes.", "De combien chaque colonne", "2026-10-03", "répartition (Kolmogorov-Smirnov)")),
    ],
)  # fmt: skip
def test_a_page_tells_what_has_drifted_and_since_when(
    shifted: Report, language: Any, words: tuple[str, ...]
) -> None:
    page = Page(drift.page(shifted, language))

    for one in words:
        assert one in page.text
    assert page.attributes["lang"] == {language}
    assert page.names.count("svg") == 1 + 4 + 1
    estimate = "Estimated from the probabilities" if language == "en" else "Estimation d’après"
    assert estimate in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_runs_and_fetches_nothing(shifted: Report, language: Any) -> None:
    written = drift.page(shifted, language)

    page = Page(written)

    assert not {"script", "img", "link", "iframe", "a", "form"} & set(page.names)
    assert not {"src", "href", "style"} & set(page.attributes)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert b"url(" not in written
    assert b"width=device-width" in written


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_words_on_the_page(shifted: Report, text: str, language: Any) -> None:
    plain = Page(drift.page(shifted, language))
    document = shifted.document | {
        "name": text,
        "findings": [one | {"name": text} for one in shifted.document["findings"]],
        "not_watched": {"personal": [text], "no_baseline": [text]},
    }

    page = Page(drift.page(replace(shifted, document=document), language))

    assert set(page.names) == set(plain.names)
    assert set(page.attributes) == set(plain.attributes)


def test_an_endless_name_is_cut(shifted: Report) -> None:
    endless = "<b>" + "é" * 5_000
    document = shifted.document | {
        "findings": [one | {"name": endless} for one in shifted.document["findings"]],
        "not_watched": {"personal": [endless], "no_baseline": []},
    }

    page = Page(drift.page(replace(shifted, document=document), "fr"))

    assert endless[:100] in page.text
    assert endless[:200] not in page.text
    assert max(map(len, page.attributes["aria-label"])) < 200


def test_a_report_on_a_version_without_a_baseline_has_a_page(shifted: Report) -> None:
    bare = shifted.document | {"findings": [], "alarmed": [], "days": []}

    page = Page(drift.page(replace(shifted, document=bare, watched=None, days={}), "en"))

    assert "Nothing has drifted." in page.text
    assert "svg" not in page.names


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_measured_is_told_in_the_language_of_the_page(shifted: Report, language: Any) -> None:
    why = "accuracy is not defined on what is known."
    quality = shifted.document["quality"] | {"rows": 40, "enough": True, "value": None, "why": why}

    page = Page(drift.page(replace(shifted, document=shifted.document | {"quality": quality}), language))

    told = "is not defined on it" if language == "en" else "n’y est pas défini"
    assert told in page.text
    assert why not in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_row_is_told_as_one(shifted: Report, language: Any) -> None:
    counts = shifted.document["counts"] | {"rows": 1, "requests": 1, "asked": 1}
    quality = shifted.document["quality"] | {"rows": 1}
    document = shifted.document | {"counts": counts, "quality": quality, "others": {"7": 1}}

    page = Page(drift.page(replace(shifted, document=document), language))

    assert not re.search(r"\b1 (rows|requests|lignes|requêtes)", page.text)


def test_both_languages_say_the_same_things() -> None:
    english, french = REPORT["en"], REPORT["fr"]

    assert english.keys() == french.keys()
    for key, words in english.items():
        assert set(re.findall(r"{\w+}", words)) == set(re.findall(r"{\w+}", french[key])), key

"""Every number of a card stands in the manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dasier.building.card import card
from dasier.words import LANGUAGES
from tests import models
from tests.building.tracing import Words, untraced, untraced_text

if TYPE_CHECKING:
    from dasier.words import Language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", models.FITTED)
def test_every_number_of_a_card_is_the_manifests(name: str, language: Language) -> None:
    built = models.built(name)

    markdown = built.blobs[f"card.{language}.md"].decode()
    words = " ".join(Words(built.blobs[f"card.{language}.html"].decode()).said)

    assert untraced(markdown, built.manifest, language) == []
    assert untraced_text(words, built.manifest, language) == []


def altered(held: Any) -> Any:
    """Give metrics with every figure a little off."""
    if isinstance(held, dict):
        return {key: altered(value) for key, value in held.items()}
    if isinstance(held, list):
        return [altered(value) for value in held]
    return held * 1.0137 if isinstance(held, float) else held


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["gulls", "sheds", "pipes", "leaves"])
def test_a_figure_that_is_a_little_off_is_found(name: str, language: Language) -> None:
    manifest = models.built(name).manifest
    right = card(manifest, language=language).markdown
    wrong = card(replace(manifest, metrics=altered(dict(manifest.metrics))), language=language).markdown

    changed = sum(a != b for a, b in zip(right.split(), wrong.split(), strict=True))
    found = untraced(wrong, manifest, language)

    assert untraced(right, manifest, language) == []
    assert changed > 10
    assert len(found) >= 0.8 * changed


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_that_the_template_made_up_is_found(language: Language) -> None:
    manifest = models.built("gulls").manifest
    markdown = card(manifest, language=language).markdown

    assert untraced(markdown + "\n\n4321 rows.\n", manifest, language) == ["4321"]

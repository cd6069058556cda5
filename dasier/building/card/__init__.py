"""A model's readable description: Markdown and a page of HTML, in English or in French.

One document a language, so that a reader sees one only. The Markdown is the text, below the metadata that
Hugging Face's tools read; the page is the same text, with the pictures in it and nothing to fetch. Both are
made of the manifest and of nothing else, so every number can be traced. Every value is escaped for Markdown, and
HTML in Markdown is off, so that a name or a category can hold anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.building.card import rendering
from dasier.building.card.described import described
from dasier.building.card.measured import measured
from dasier.building.card.metadata import front_matter
from dasier.building.card.missing import Missing, missing
from dasier.words import in_words
from dasier.words.markdown import Verbatim, escaped, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dasier.building.plots import Picture
    from dasier.manifest import Manifest
    from dasier.words import Language

PICTURES = ("confusion", "calibration", "residuals", "importance", "projection")
"""Those that there is a place for, by name."""

__all__ = ["Card", "Missing", "card", "missing"]


@dataclass(frozen=True, slots=True)
class Card:
    """A card in one language.

    Attributes
    ----------
    markdown : str
        Begins with the metadata; pictures are there by what they show, in words.
    html : str
        A whole page that fetches nothing.
    """

    markdown: str
    html: str


def card(manifest: Manifest, *, language: Language, pictures: Sequence[Picture] = ()) -> Card:
    """Give a model's card in a language.

    Parameters
    ----------
    manifest
        Of the version, as far as it is known when it is built: without the cards' own blobs.
    """
    values = described(manifest, language) | measured(manifest, language)
    none = dict.fromkeys(PICTURES)
    told = none | {one.name: {"image": one.alt} for one in pictures}
    shown = none | {
        one.name: {"image": Verbatim(f"![{escaped(one.alt)}](#picture-{one.name})")} for one in pictures
    }
    text = rendering.markdown(values | {"pictures": told}, language)
    page = rendering.page(
        rendering.markdown(values | {"pictures": shown}, language),
        title=one_line(in_words(manifest.title, language, manifest.name)),
        language=language,
        pictures=pictures,
    )
    return Card(markdown=front_matter(manifest, language) + text, html=page)

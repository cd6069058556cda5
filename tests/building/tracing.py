"""Where the numbers of a card come from: each is looked for in the manifest, formatted as cards format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import yaml

from dasier.words import MEANINGS, MEASURES, number, percent, whole

if TYPE_CHECKING:
    from dasier.manifest import Manifest
    from dasier.words import Language

CONSTANTS = (
    r"95.?% interval", r"Intervalle à 95.%", r"95 (times|fois) (in|sur) 100", r"95 of 100 cases", r"dans 95 cas sur 100",
    r"\(1927\)", r"Efron 1979", r"Breiman 2001", r"SHA-256", r"below 0 is flagged", r"sous 0, elle est signalée",
)  # fmt: skip
"""Numbers that the template itself says, in their words: years of papers, the level of every interval."""

_TOKEN = re.compile(r"[+−-]?\d(?:[\d.,\u202f]*\d)?(?:e-?\d+)?(?:\u00a0?%)?")


def untraced(markdown: str, manifest: Manifest, language: Language) -> list[str]:
    """Give the numbers of a card that are not the manifest's."""
    head, _, body = markdown.partition("\n---\n")
    held = set(_numbers(_told(manifest)))
    metadata = [str(one) for one in _numbers(yaml.safe_load(head.removeprefix("---"))) if one not in held]
    return metadata + untraced_text(re.sub(r"\\([^\w\s])", r"\1", body), manifest, language)


def untraced_text(text: str, manifest: Manifest, language: Language) -> list[str]:
    """Give the numbers of a text that are not the manifest's; what it says as the manifest says it is left out first."""
    for said in sorted({*_strings(_told(manifest)), *_fixed()}, key=len, reverse=True):
        text = re.sub(re.escape(said), " ", text, flags=re.IGNORECASE)
    text = re.sub("|".join(CONSTANTS), " ", text)
    known = {form for one in _numbers(_told(manifest)) for form in _forms(one, language)}
    return [token for token in _TOKEN.findall(text) if token not in known]


class Words(HTMLParser):
    """The words of a page: its text and what its pictures show."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag not in ("style", "title")
        self.said += [str(value) for name, value in attrs if name == "alt"]

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.said.append(data)


def _told(manifest: Manifest) -> dict[str, Any]:
    """Give the manifest without the figures that a card never shows, which would let a wrong one pass by chance."""
    document = manifest.to_document()
    columns = [{k: v for k, v in one.items() if k != "quantiles"} for one in document["schema"]["columns"]]
    document["schema"] = document["schema"] | {"columns": columns}
    unshown = ("golden", "gate", "format", "version")
    document["runtime"] = {k: v for k, v in document["runtime"].items() if k not in ("costs", "memory_bytes")}
    document["blobs"] = {role: blob["sha256"] for role, blob in document["blobs"].items()}
    return {key: value for key, value in document.items() if key not in unshown}


def _walk(held: Any) -> Iterator[Any]:
    if isinstance(held, Mapping):
        for key, value in held.items():
            yield key
            yield from _walk(value)
    elif isinstance(held, list | tuple):
        for value in held:
            yield from _walk(value)
    else:
        yield held


def _numbers(held: Any) -> Iterator[float]:
    for one in _walk(held):
        if isinstance(one, int | float) and not isinstance(one, bool):
            yield one
        elif isinstance(one, str) and re.fullmatch(r"-?\d+", one):  # a class that is a number
            yield int(one)


def _strings(held: Any) -> Iterator[str]:
    for one in _walk(held):
        if not isinstance(one, str) or not re.search(r"\d", one):
            continue
        # Words, a library's version, or an array's shape.
        if re.search(r"[^\W\d]", one) or re.fullmatch(r"\d+(\.\d+){2,}|\d+( \u00d7 \d+)+", one):
            yield one


def _fixed() -> Iterator[str]:
    for phrases in (*MEANINGS.values(), *MEASURES.values()):
        yield from (phrase for phrase in phrases.values() if re.search(r"\d", phrase))


def _forms(value: float, language: Language) -> Iterator[str]:
    yield from (number(value, language), percent(value, language), f"{value:.1g}", str(value))
    yield "+" + number(value, language)
    if float(value).is_integer():
        yield whole(value, language)

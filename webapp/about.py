"""What a model is for, how good it is, its card and pictures, and how to call it."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, render_template

from dasier.errors import DasierError
from dasier.words import IN_UNIT, MEANINGS, MEASURES, SHARES
from webapp.api import api
from webapp.calls import calls
from webapp.descriptions import descriptions
from webapp.labels import with_unit
from webapp.languages import current, words
from webapp.numbers import exact_percent, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.client import Metric, ModelDescription

blueprint = Blueprint("about", __name__, url_prefix="/models/<name>")

CARD_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""A card is a page that others wrote: it runs nothing, fetches nothing, and is of no origin."""
PICTURES = ("data:image/svg+xml;base64,", "data:image/png;base64,")
MAX_PICTURES = 8


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure on held-out rows, for somebody who never met its name."""

    label: str
    value: str
    between: tuple[str, str] | None
    meaning: str


@blueprint.get("/about")
def show(name: str) -> str:
    """Show what a model is, how good it is, and how to call it."""
    described = descriptions().now(name)
    config = current_app.config
    return render_template(
        "models/about.html",
        model=described,
        measures=list(_measures(described)),
        pictures=_pictures(name),
        calls=calls(described, config["PUBLIC_API_URL"], key=config["API_WANTS_KEY"]),
    )


@blueprint.get("/card")
def card(name: str) -> Response:
    """Show the card as it was written with the version."""
    page = api().card(name, media_type="text/html", language=current())
    headers = {"Content-Security-Policy": CARD_POLICY}
    return Response(page, content_type="text/html; charset=utf-8", headers=headers)


def _measures(described: ModelDescription) -> Iterator[Measure]:
    document = described.document.get("metrics") or {}
    primary = document.get("primary")
    for name, metric in sorted(described.metrics.items(), key=lambda it: it[0] != primary):
        both = metric.low is not None and metric.high is not None
        yield Measure(
            label=words(MEASURES.get(name), name),
            value=_figure(described, name, metric.value),
            between=_between(described, name, metric) if both else None,
            meaning=words(MEANINGS.get(name)).replace("{of}", _of(described)),
        )


def _between(described: ModelDescription, name: str, metric: Metric) -> tuple[str, str]:
    return _figure(described, name, metric.low or 0.0), _figure(described, name, metric.high or 0.0)


def _figure(described: ModelDescription, name: str, value: float) -> str:
    if name in SHARES:
        return exact_percent(value)
    return with_unit(readable(value), described.schema.output.unit if name in IN_UNIT else None)


def _of(described: ModelDescription) -> str:
    """Give the class that precision and recall are of."""
    positive = (described.document.get("metrics") or {}).get("positive")
    labels = described.schema.output.class_labels
    return words(labels.get(str(positive)), "" if positive is None else str(positive))


def _pictures(name: str) -> list[tuple[str, str]]:
    """Give the pictures of the card, each with what it shows; none if there is no card."""
    try:
        page = api().card(name, media_type="text/html", language=current())
    except DasierError:
        current_app.logger.warning("card unavailable", exc_info=True)
        return []
    reader = _Pictures()
    reader.feed(page)
    return reader.found[:MAX_PICTURES]


class _Pictures(HTMLParser):
    """Collects the pictures that a page holds in itself; those that would be fetched are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an ``img`` of data."""
        values = dict(attrs)
        source = values.get("src") or ""
        if tag == "img" and source.startswith(PICTURES):
            self.found.append((source, values.get("alt") or ""))

"""A model's card, in the language and form that the caller prefers.

The card was written when its version was built. What happened since, its verdict and the release log, is added
when it is asked for: at the end of the Markdown, and of the page's ``main``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.errors import MalformedBody, PathNotFound, Violation
from dasier.serving import blocks
from dasier.serving.card_history import section
from dasier.serving.catalog import serving
from dasier.serving.exchange import Response
from dasier.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.serving.blocks import Block
    from dasier.serving.exchange import Request
    from dasier.serving.service import Service
    from dasier.words import Language

_FORMS = {"text/markdown": "md", "text/html": "html"}

# A card is one page with its pictures and styles in it: nothing may run, and nothing is fetched.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def card(service: Service, request: Request) -> Response:
    """Give the card of the version that serves: HTML if that is preferred, else Markdown.

    Raises
    ------
    ModelNotFound, ModelUnavailable, Untrusted
    MalformedBody
        If ``lang`` is not a language that cards are written in.
    PathNotFound
        If the version has no card.
    """
    now = serving(service, request.path["name"])
    manifest = now.manifest
    language, form = _language(request), preferred_form(request.headers.get("accept", ""))
    # The last two names are what a version has whose card is in one language only.
    candidates = [(f"card.{one}.{form}", one) for one in (language, *LANGUAGES)]
    found = next(
        ((r, one) for r, one in [*candidates, (f"card.{form}", LANGUAGES[0])] if r in manifest.blobs), None
    )
    if found is None:
        raise PathNotFound
    role, spoken = found
    told = section(service, manifest.name, now.release, spoken)
    media_type = next(media for media, ending in _FORMS.items() if ending == form)
    return Response(
        body=_WITH[form](service.registry.blob(manifest, role), told),
        content_type=f"{media_type}; charset=utf-8",
        headers={
            "content-language": spoken,
            "content-security-policy": _POLICY,
            "referrer-policy": "no-referrer",
            "vary": "accept, accept-language",
            "x-content-type-options": "nosniff",
            "x-model-version": str(manifest.version),
        },
    )


def _markdown(card: bytes, told: Sequence[Block]) -> bytes:
    return card.rstrip() + b"\n\n" + blocks.markdown(told).encode()


def _page(card: bytes, told: Sequence[Block]) -> bytes:
    """Put what is told where the card's own text ends; a page that was written otherwise may have no ``main``."""
    written = blocks.html(told).encode()
    for end in (b"</main>", b"</body>"):
        before, found, after = card.rpartition(end)
        if found:
            return before + written + b"\n" + found + after
    return card + written


_WITH = {"md": _markdown, "html": _page}


def preferred_form(accept: str) -> str:
    """Give the ending of the form that an Accept header prefers; Markdown where it does not matter.

    >>> preferred_form("text/html,application/xml;q=0.9,*/*;q=0.8"), preferred_form("*/*")
    ('html', 'md')
    >>> preferred_form("text/html;q=0.2, text/markdown")
    'md'
    """
    qualities = _qualities(accept)
    explicit = [media for media in _FORMS if media in qualities]
    # Of two that are as good, the one that is named; Markdown, which both people and programs read, if none is.
    best = max(_FORMS, key=lambda media: (_quality(qualities, media), media in explicit))
    return _FORMS[best]


def _quality(qualities: Mapping[str, float], media: str) -> float:
    """Give the quality of the most specific range that holds a media type (RFC 9110 §12.5.1)."""
    ranges = (media, media.partition("/")[0] + "/*", "*/*")
    return next((qualities[one] for one in ranges if one in qualities), 0.0)


def _language(request: Request) -> Language:
    asked = request.query.get("lang")
    if asked is not None:
        if asked not in LANGUAGES:
            why = f"Cards are written in {' and '.join(LANGUAGES)}."
            raise MalformedBody("The option lang is no language of a card.", [_violation(why)])
        return asked
    qualities: dict[str, float] = {}
    for language, quality in _qualities(request.headers.get("accept-language", "")).items():
        short = language.partition("-")[0]
        qualities[short] = max(quality, qualities.get(short, 0.0))
    return max(LANGUAGES, key=lambda one: qualities.get(one, 0.0))


def _violation(why: str) -> Violation:
    return Violation("?lang", "unknown_language", why)


def _qualities(header: str) -> dict[str, float]:
    """Give what a header names, with how much it is wanted; what cannot be read is left out."""
    found: dict[str, float] = {}
    for part in header[:2_000].split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            quality = float(weight)
        except ValueError:
            continue
        if name and 0 <= quality <= 1:
            found[name] = quality
    return found

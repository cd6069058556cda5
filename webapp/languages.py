"""Which language a visitor reads, and the words in it.

Translations are read from the `.po` files that are in the repository, into memory, when they are first
needed (about 10 ms). No `.mo` file is made: a clean clone works at once, a read-only file system works, and
a compiled catalogue can never be older than its source.

After a change of wording::

    pybabel extract -F webapp/babel.cfg -k _l --no-location --sort-output -o build/messages.pot webapp
    pybabel update -l fr -i build/messages.pot -d webapp/translations --no-fuzzy-matching
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import request, session
from flask_babel import Babel, Domain, get_locale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

LANGUAGES = {"en": "English", "fr": "Français"}
"""Each by the name that its readers give it."""
DEFAULT = "en"
CATALOGUES = Path(__file__).parent / "translations"


class PoDomain(Domain):  # type: ignore[misc]
    """Translations read from `.po` files."""

    def get_translations(self) -> Any:
        """Give the catalogue of the language that this request is answered in."""
        language = current()
        if language not in self.cache:
            self.cache[language] = catalogue(language)
        return self.cache[language]


def catalogue(language: str) -> NullTranslations:
    """Give the translations into a language; English is the source and has none."""
    source = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if not source.exists():
        return NullTranslations()
    with source.open("rb") as stream:
        compiled = BytesIO()
        write_mo(compiled, read_po(stream, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def select() -> str:
    """Give the language that the visitor chose, else the one that the browser asks for."""
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, DEFAULT)


def current() -> str:
    """Give the language of this request's answer."""
    locale = get_locale()
    return str(locale.language) if locale else DEFAULT


def words(text: Mapping[str, str] | None, fallback: str = "") -> str:
    """Give a model's own words in the visitor's language, else in any that it has.

    Parameters
    ----------
    text : mapping from language to str, or None
    fallback : str
        When the model has none.
    """
    known = text or {}
    return known.get(current()) or known.get(DEFAULT) or next((it for it in known.values() if it), fallback)


def register(app: Flask) -> None:
    """Make the site speak the visitor's language."""
    babel = Babel(app, locale_selector=select)
    babel.domain_instance = PoDomain()
    app.context_processor(lambda: {"language": current(), "languages": LANGUAGES, "words": words})

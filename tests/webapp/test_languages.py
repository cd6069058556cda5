"""Both languages are complete, and French is written as French."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from webapp import languages

SITE = Path(languages.__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
KEYWORDS = {
    "_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2),
}  # fmt: skip


def extracted() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(SITE, METHODS, keywords=KEYWORDS)
    return {message for _file, _line, message, _comments, _context in found}


def french() -> dict[str | tuple[str, ...], tuple[str, ...]]:
    with (languages.CATALOGUES / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        catalogue = read_po(stream)
    return {
        message.id: message.string if isinstance(message.string, tuple) else (message.string,)
        for message in catalogue
        if message.id and not message.fuzzy
    }


def test_everything_that_the_site_says_is_translated() -> None:
    translated = {key for key, forms in french().items() if all(forms)}

    assert extracted() - translated == set()


def test_nothing_is_translated_that_the_site_no_longer_says() -> None:
    assert set(french()) - extracted() == set()


def test_translations_keep_the_facts_that_are_put_in() -> None:
    for key, forms in french().items():
        source = key if isinstance(key, str) else key[-1]
        for form in forms[-1:]:
            assert set(re.findall(r"%\(\w+\)s", form)) == set(re.findall(r"%\(\w+\)s", source)), form


def test_french_puts_unbreakable_spaces_where_french_does() -> None:
    for forms in french().values():
        for form in forms:
            assert not re.search(r"(?<![\u00a0\u202f])[;!?»]|[^\u00a0]:|«(?!\u00a0)|'|\.\.\.", form), form


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("fr-CA,fr;q=0.8", "fr"), ("de,fr;q=0.5", "fr"), ("de", "en"), ("", "en"), ("en;q=0.2,fr;q=0.9", "fr")],
)
def test_the_browser_chooses_the_language_at_first(site: object, accepted: str, language: str) -> None:
    with site.test_request_context(headers={"Accept-Language": accepted}):  # type: ignore[attr-defined]
        assert languages.select() == language


def test_no_compiled_catalogue_is_needed() -> None:
    assert languages.catalogue("fr").gettext("All models") == "Tous les modèles"
    assert list(SITE.rglob("*.mo")) == []

"""A card's templates as Markdown, and that Markdown as a page with its pictures in it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from dasier.words.markdown import Verbatim, escaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markdown_it.token import Token

    from dasier.building.plots import Picture
    from dasier.words import Language


def markdown(values: Mapping[str, Any], language: Language) -> str:
    """Give the text; every value that is not `Verbatim` is escaped."""
    rendered = _MARKDOWN.get_template(f"card.{language}.md.j2").render(values)
    return re.sub(r"\n{3,}", "\n\n", rendered).strip() + "\n"


def page(text: str, *, title: str, language: Language, pictures: Sequence[Picture]) -> str:
    """Give a whole page of HTML that fetches nothing and runs nothing."""
    body = Markup(_body(text, pictures))  # noqa: S704 - made by markdown-it with HTML off
    return _PAGE.get_template("card.html.j2").render(language=language, title=title, body=body)


def linked(address: str) -> str:
    """Give a web address as a link, and anything else as it is."""
    return Verbatim(f"<{address}>") if _WEB_ADDRESS.fullmatch(address) else address


_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9./:_~%?=&,;+-]+")


def _finalised(value: object) -> object:
    return value if isinstance(value, Verbatim) else escaped(value)


def _body(text: str, pictures: Sequence[Picture]) -> str:
    sources = {
        f"#picture-{one.name}": "data:image/svg+xml;base64," + base64.b64encode(one.svg).decode()
        for one in pictures
    }
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", lambda *_: '<div class="scroll" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(text)
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

"""A few blocks of a document, as Markdown and as HTML: what a card says that its blob cannot.

A block holds plain text, and each writer escapes all of it: whatever a name or a reason holds, it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from dasier.words.markdown import escaped, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below their columns' titles."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Table


def markdown(blocks: Iterable[Block]) -> str:
    r"""Write blocks as Markdown.

    >>> markdown([Heading("Why?"), Table(("a",), (("x|y",),))])
    '## Why?\n\n| a |\n|---|\n| x\\|y |\n'
    """
    return "\n".join(_markdown(block) for block in blocks)


def _markdown(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {escaped(text)}\n"
        case Paragraph(text):
            return f"{escaped(text)}\n"
        case Table(columns, rows):
            lines = [_line(columns), "|" + "---|" * len(columns), *map(_line, rows)]
            return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"


def html(blocks: Iterable[Block]) -> str:
    """Write blocks as HTML.

    >>> html([Paragraph("a < b")])
    '<p>a &lt; b</p>'
    """
    return "\n".join(_html(block) for block in blocks)


def _html(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{_shown(text)}</h2>"
        case Paragraph(text):
            return f"<p>{_shown(text)}</p>"
        case Table(columns, rows):
            head = "".join(f"<th>{_shown(cell)}</th>" for cell in columns)
            body = "\n".join("<tr>" + "".join(f"<td>{_shown(c)}</td>" for c in row) + "</tr>" for row in rows)
            # As the card's own tables: one that is too wide scrolls in its frame, by keyboard too.
            return (
                f'<div class="scroll" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
                f"<tbody>\n{body}\n</tbody>\n</table></div>"
            )


def _shown(text: str) -> str:
    return escape(one_line(text))

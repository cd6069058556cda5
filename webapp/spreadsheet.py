"""A model asked about many rows at once: a file or a paste, a preview, the answers, and a CSV of them.

Nothing is stored. The preview carries the text back for the next step; the page of answers holds them as a download.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from webapp import sheets, visitor
from webapp.api import is_late
from webapp.asking import ask
from webapp.converting import plain
from webapp.descriptions import descriptions
from webapp.downloads import TYPE, address, written
from webapp.sheet_answers import answered, fit_on_a_page
from webapp.sheets import MAX_BYTES, PASSED_ON_BYTES, SheetRefused
from webapp.tables import Row, Table, table, template
from webapp.wording import sheet_refused

if TYPE_CHECKING:
    Page = tuple[str, HTTPStatus]

blueprint = Blueprint("spreadsheet", __name__, url_prefix="/models/<name>/spreadsheet")

PREVIEWED = 20
"""Rows of a preview; those in which something is wrong or unusual come first."""


@blueprint.url_value_preprocessor
def allow_more(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a table be longer than a form, and no longer than its page can be: before the form's token is looked at."""
    request.max_content_length = MAX_BYTES
    request.max_form_memory_size = MAX_BYTES


@blueprint.get("")
def show(name: str) -> Page:
    """Show where a table goes in, and what it looks like."""
    return page(name)


@blueprint.get("/template.csv")
def blank(name: str) -> Response:
    """Give a CSV with the columns' names and an example, to fill in; a plain one as the API reads it, whoever asks."""
    described = descriptions().lately(name)
    text = plain(described) if request.args.get("plain") else written(template(described))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, content_type=TYPE, headers=headers)


@blueprint.post("")
def send(name: str) -> Page:
    """Show how a table is read, or answer its rows, or say why it cannot be read."""
    try:
        text = _text()
        described = descriptions().lately(name)
        found = table(described, sheets.read(text))
        if not fit_on_a_page(described, len(found.rows), len(text)):
            raise SheetRefused("too_long")  # noqa: TRY301 (as if the sheet itself were too long)
    except SheetRefused as error:
        return page(name, HTTPStatus.UNPROCESSABLE_ENTITY, refusal=sheet_refused(error))
    if request.form.get("step") != "ask" or not found.good:
        return page(name, table=found, shown=_shown(found), text=text)
    outcomes = ask(visitor.client(), described, [row.values for row in found.good], is_late=is_late)
    results = answered(described, found, outcomes)
    return page(name, results=results, download=address(written(results.download)))


def _text() -> str:
    content = b"".join(file.read() for file in request.files.values())
    text = sheets.decoded(content) if content else request.form.get("text", "")
    if not text.strip():
        raise SheetRefused("empty")
    return text


def _shown(found: Table) -> list[Row]:
    usual = [row for row in found.good if not row.cautions]
    return [*found.bad, *found.odd, *usual][:PREVIEWED]


def page(name: str, status: HTTPStatus = HTTPStatus.OK, **more: object) -> Page:
    """Give the page where tables go in, with whatever came of one."""
    described = descriptions().lately(name)
    sizes = {"most": PASSED_ON_BYTES, "at_once": MAX_BYTES}
    return render_template("models/spreadsheet.html", model=described, name=name, **sizes, **more), status

"""A table too large for a page, answered in the background: handed in, watched, and its results fetched.

The site keeps nothing: a job is the API's, and its page has an address that can be opened again, by whoever knows it. Rows go from
the browser straight to where jobs are kept, by a link that is good for that one upload; small ones the site passes on.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from dasier.client.jobs import JOB_ID
from dasier.errors import InvalidRequest, NotFound
from webapp import sheets, spreadsheet, visitor
from webapp.converting import converted
from webapp.descriptions import descriptions
from webapp.security import let_connect
from webapp.sheets import PASSED_ON_BYTES, SheetRefused
from webapp.standing import HEADLINES, Standing, address, downloads, standing
from webapp.wording import by_script, sheet_refused

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Anywhere

    from dasier.client import Job

    Page = tuple[str, HTTPStatus]

log = logging.getLogger(__name__)

blueprint = Blueprint("jobs", __name__, url_prefix="/models/<name>/jobs")

_FORM_BYTES = 64 * 1024


@blueprint.url_value_preprocessor
def allow_more(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let a table be as long as a request can be, before the form's token is looked at."""
    request.max_content_length = PASSED_ON_BYTES + _FORM_BYTES
    request.max_form_memory_size = PASSED_ON_BYTES + _FORM_BYTES


@blueprint.get("")
def start(name: str) -> Anywhere:
    """Lead those who reload the address that tables are sent to."""
    descriptions().lately(name)
    return redirect(url_for("spreadsheet.show", name=name), code=303)


@blueprint.post("")
def begin(name: str) -> Page | Anywhere:
    """Make a job: of the table that came, or one that waits for its table."""
    described = descriptions().lately(name)
    try:
        text = _content()
        rows = converted(described, text) if text.strip() else None
        job = visitor.client().submit(name, rows)
    except (SheetRefused, InvalidRequest) as error:
        why = error if isinstance(error, SheetRefused) else SheetRefused("not_accepted")
        return spreadsheet.page(name, HTTPStatus.UNPROCESSABLE_ENTITY, refusal=sheet_refused(why))
    return _to(name, job)


@blueprint.get("/<job>")
def show(name: str, job: str) -> Page:
    """Show where a job stands."""
    try:
        return _page(name, _job(name, job))
    except NotFound:
        return _unknown(name)


@blueprint.get("/<job>/state")
def state(name: str, job: str) -> Response | tuple[Response, HTTPStatus]:
    """Give where a job stands, for the script of its page."""
    try:
        return jsonify(standing(_job(name, job)).document)
    except NotFound:
        return jsonify({"state": "unknown", "moves": False}), HTTPStatus.NOT_FOUND


@blueprint.post("/<job>")
def hand_in(name: str, job: str) -> Page | Anywhere:
    """Pass on the rows of a job that waits for them."""
    described = descriptions().lately(name)
    found = _job(name, job)
    try:
        visitor.client().upload(found, converted(described, _content()))
    except SheetRefused as error:
        return _page(name, found, HTTPStatus.UNPROCESSABLE_ENTITY, refusal=sheet_refused(error))
    except InvalidRequest as error:
        if _job(name, job).upload is not None:
            raise
        log.info("rows were there already", exc_info=error)
    return _to(name, found)


@blueprint.post("/<job>/stop")
def stop(name: str, job: str) -> Anywhere:
    """End a job that has not ended."""
    found = _job(name, job)
    if not found.ended:
        visitor.client().cancel(found.id)
    return _to(name, found)


def _content() -> str:
    content = b"".join(file.read() for file in request.files.values())
    return sheets.decoded(content) if content else request.form.get("text", "")


def _job(name: str, id_: str) -> Job:
    """Give a job of this model.

    Raises
    ------
    NotFound
    """
    if not JOB_ID.fullmatch(id_):
        raise NotFound(id_)
    found = visitor.client().job(id_)
    if found.document.get("model") != name:
        raise NotFound(id_)
    return found


def _to(name: str, job: Job) -> Anywhere:
    return redirect(url_for("jobs.show", name=name, job=job.id), code=303)


def _page(name: str, job: Job, status: HTTPStatus = HTTPStatus.OK, **more: object) -> Page:
    upload = dict(job.upload or {})
    if upload:
        upload["url"] = address(str(upload.get("url", "")))
        let_connect(upload["url"])
    return _shown(name, standing(job), status, job=job, upload=upload, links=downloads(job), **more)


def _unknown(name: str) -> Page:
    descriptions().lately(name)  # a model that is not known has no such page at all
    nothing = Standing("unknown", str(HEADLINES["unknown"]), "", "", 0.0, moves=False)
    return _shown(name, nothing, HTTPStatus.NOT_FOUND, job=None)


def _shown(name: str, told: Standing, status: HTTPStatus, **more: object) -> Page:
    described = descriptions().lately(name)
    page = render_template(
        "models/job.html",
        model=described,
        name=name,
        standing=told,
        most=PASSED_ON_BYTES,
        refusals=by_script(),
        **more,
    )
    return page, status

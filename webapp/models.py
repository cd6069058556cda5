"""The models: a list, and for each a page where it is asked and answers."""

from __future__ import annotations

import unicodedata
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _

from dasier.client import Answer
from dasier.errors import InvalidRequest, Unavailable
from webapp import forms, preferences, visitor
from webapp.api import api
from webapp.descriptions import descriptions
from webapp.fields import PREFIX
from webapp.history import title
from webapp.kept import Kept, opened
from webapp.languages import current
from webapp.records import link, record
from webapp.results import result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from dasier.client import ModelDescription, ModelEntry, ReleaseEntry
    from webapp.forms import Form

    Page = tuple[str, HTTPStatus]

blueprint = Blueprint("models", __name__)

RECENT = 3
"""So many releases stand on a model's page; its history has them all."""


@blueprint.get("/")
def index() -> str:
    """Show the models that answer, or those that have every word that is looked for."""
    asked = request.args.get("q", "")[:100].strip()
    found = [
        one for one in api().models(paused=True) if all(word in _said(one) for word in _plain(asked).split())
    ]
    return render_template("models/index.html", models=found, asked=asked)


def _said(model: ModelEntry) -> str:
    return _plain(" ".join([model.name, *model.title.values(), *model.summary.values()]))


def _plain(text: str) -> str:
    """Give a text without case and accents: what is looked for is typed in a hurry."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


@blueprint.get("/models")
def all_models() -> Response:
    """Lead those who shorten an address to the list."""
    return redirect(url_for("models.index"), code=301)


@blueprint.get("/models/<name>")
def show(name: str) -> Page:
    """Show one model and its form, with an example in it when that is asked for, and what served lately."""
    log = _log(name)
    if log is not None and (not log or log[0].serving is None):
        return _idle(name, log, HTTPStatus.OK)
    described = descriptions().now(name)
    fill = forms.example if request.args.get("example") else forms.blank
    return _page(described, fill(described), log=log)


@blueprint.post("/models/<name>")
def predict(name: str) -> Page:
    """Answer what was filled in, or say beside each field what to mend."""
    described = None
    try:
        described = descriptions().lately(name)
        form = forms.filled(described, request.form, request.form.get("written"))
        if request.form.get("fill"):
            return _page(described, forms.completed(form), completed=True)
        return _answer(described, form)
    except Unavailable:
        log = _log(name)
        if log and log[0].serving is None:  # it was paused while somebody filled in its form
            return _idle(name, log, HTTPStatus.SERVICE_UNAVAILABLE)
        if described is None:
            raise
        current_app.logger.warning("prediction unavailable", exc_info=True)
        notice = _(
            "The model cannot answer at the moment. What you filled in is kept: try again in a minute."
        )
        return _page(described, form, HTTPStatus.SERVICE_UNAVAILABLE, notice=notice)


def _answer(described: ModelDescription, form: Form) -> Page:
    form, row = form.read()
    if row is None:
        return _page(described, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        answer = visitor.client().predict(described.name, [row], explain=True)
    except InvalidRequest as error:
        described = descriptions().now(described.name)  # what was remembered may be what it does not fit
        form, placed = forms.holding(described, row).with_errors(error.violations)
        placed = placed and bool(form.errors)
        notice = "" if placed else _("The model could not answer these values. Check them, and try again.")
        return _page(described, form, HTTPStatus.UNPROCESSABLE_ENTITY, notice=notice)
    return _answered(descriptions().of(described, answer.version), form, row, answer)


@blueprint.get("/models/<name>/again")
def start(name: str) -> Response:
    """Lead those who reload the address of `again` to an empty form."""
    return redirect(url_for("models.show", name=name), code=303)


@blueprint.post("/models/<name>/again")
def again(name: str) -> Page | Response:
    """Show the same page in the language or theme that was just chosen: what was typed, and the answer to it."""
    preferences.choose(request.form)
    kept = opened(request.form.get("kept", ""), name)
    typed = {key: value for key, value in request.form.items() if key.startswith(PREFIX)}
    if kept is None and not any(value.strip() for value in typed.values()):
        return redirect(url_for("models.show", name=name), code=303)
    described = descriptions().lately(name)
    before = forms.filled(described, kept.typed, kept.written) if kept else forms.blank(described)
    form = forms.filled(described, typed, request.form.get("written")) if typed else before
    if kept is None or form != before:  # what is in the form now has no answer yet
        return _page(described, form)
    form, row = form.read()
    if row is None or kept.answer is None:
        return _page(described, form)
    return _answered(described, form, row, Answer.read(kept.answer))


def _answered(described: ModelDescription, form: Form, row: Mapping[str, Any], answer: Answer) -> Page:
    shown = result(described, form, row, answer)
    kept = record(described, form, row, answer, shown)
    return _page(
        described, form, answer=answer.document, result=shown, link=link(described.name, row), record=kept
    )


def _page(
    described: ModelDescription,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    answer: Mapping[str, Any] | None = None,
    **more: Any,
) -> Page:
    """Render a model's page, and seal into it what it says, if it says anything."""
    said = answer is not None or form.errors
    typed = {field.name: field.typed for field in form.fields}
    kept = Kept(name=described.name, typed=typed, written=current(), answer=answer).sealed() if said else ""
    again = {"action": url_for("models.again", name=described.name), "kept": kept}
    return render_template("models/show.html", model=described, form=form, again=again, **more), status


def _log(name: str) -> tuple[ReleaseEntry, ...] | None:
    """Give the newest releases; None if they cannot be read, which is no reason not to answer."""
    try:
        return api().releases(name, limit=RECENT)
    except Unavailable:
        current_app.logger.warning("release log unavailable", exc_info=True)
        return None


def _idle(name: str, log: Sequence[ReleaseEntry], status: HTTPStatus) -> Page:
    """Say that a model is there and answers nobody for now, since when, and why."""
    client = api()
    called = title(client, name, client.versions(name, limit=1))
    return render_template("models/idle.html", name=name, title=called, log=log), status

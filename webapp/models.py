"""The models: a list, and for each a page where it is asked and answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _

from dasier.errors import InvalidRequest, Unavailable
from webapp import forms
from webapp.history import title
from webapp.results import Result, result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from dasier.client import Client, ModelDescription, ReleaseEntry
    from webapp.forms import Form

    Page = tuple[str, HTTPStatus]

blueprint = Blueprint("models", __name__)

RECENT = 3
"""So many releases stand on a model's page; its history has them all."""


@blueprint.get("/")
def index() -> str:
    """Show the models that answer."""
    return render_template("models/index.html", models=_client().models())


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
    described = _client().describe(name)
    fill = forms.example if request.args.get("example") else forms.blank
    return render_template("models/show.html", model=described, form=fill(described), log=log), HTTPStatus.OK


@blueprint.post("/models/<name>")
def predict(name: str) -> Page:
    """Answer what was filled in, or say beside each field what to mend."""
    try:
        described = _client().describe(name)
    except Unavailable:
        log = _log(name)
        if log and log[0].serving is None:  # it was paused while somebody filled in its form
            return _idle(name, log, HTTPStatus.SERVICE_UNAVAILABLE)
        raise
    form, row = forms.filled(described, request.form).read()
    if row is None:
        return _page(described, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        answer = _client().predict(name, [row], explain=True)
        return _page(described, form, result=result(described, form, row, answer))
    except InvalidRequest as error:
        form, placed = form.with_errors(error.violations)
        notice = (
            ""
            if placed and form.errors
            else _("The model could not answer these values. Check them, and try again.")
        )
        return _page(described, form, HTTPStatus.UNPROCESSABLE_ENTITY, notice=notice)
    except Unavailable:
        current_app.logger.warning("prediction unavailable", exc_info=True)
        notice = _(
            "The model cannot answer at the moment. What you filled in is kept: try again in a minute."
        )
        return _page(described, form, HTTPStatus.SERVICE_UNAVAILABLE, notice=notice)


def _page(
    described: ModelDescription,
    form: Form,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    result: Result | None = None,
    notice: str = "",
) -> Page:
    page = render_template("models/show.html", model=described, form=form, result=result, notice=notice)
    return page, status


def _log(name: str) -> tuple[ReleaseEntry, ...] | None:
    """Give the newest releases; None if they cannot be read, which is no reason not to answer."""
    try:
        return _client().releases(name, limit=RECENT)
    except Unavailable:
        current_app.logger.warning("release log unavailable", exc_info=True)
        return None


def _idle(name: str, log: Sequence[ReleaseEntry], status: HTTPStatus) -> Page:
    """Say that a model is there and answers nobody for now, since when, and why."""
    client = _client()
    called = title(client, name, client.versions(name, limit=1))
    return render_template("models/idle.html", name=name, title=called, log=log), status


def _client() -> Client:
    client: Client = current_app.extensions["dasier-client"]
    return client

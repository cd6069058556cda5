"""The models: a list, and for each a page where it is asked and answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _

from dasier.errors import InvalidRequest, Unavailable
from webapp import forms
from webapp.results import Result, result

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from dasier.client import Client, ModelDescription
    from webapp.forms import Form

    Page = tuple[str, HTTPStatus]

blueprint = Blueprint("models", __name__)


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
    """Show one model and its form, with an example in it when that is asked for."""
    described = _client().describe(name)
    fill = forms.example if request.args.get("example") else forms.blank
    return _page(described, fill(described))


@blueprint.post("/models/<name>")
def predict(name: str) -> Page:
    """Answer what was filled in, or say beside each field what to mend."""
    described = _client().describe(name)
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


def _client() -> Client:
    client: Client = current_app.extensions["dasier-client"]
    return client

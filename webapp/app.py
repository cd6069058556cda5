"""The one place where the site is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from dasier.client import Client, Patience
from webapp import (
    about,
    descriptions,
    errors,
    history,
    jobs,
    languages,
    mine,
    models,
    operations,
    person,
    preferences,
    security,
    sign_in,
    spreadsheet,
    static,
    status,
    visitor,
    wording,
)

if TYPE_CHECKING:
    from webapp.settings import Settings

MAX_REQUEST_BYTES = 512 * 1024
"""A form of a few hundred fields is a few kilobytes; batches do not come through here."""


def create_app(settings: Settings, client: Client | None = None) -> Flask:
    """Give the site, ready to be served.

    Parameters
    ----------
    settings : Settings
    client : Client, optional
        By default one for ``settings.api_url``.
    """
    app = Flask("webapp")
    app.config.from_mapping(
        SECRET_KEY=settings.secret,
        TRUSTED_HOSTS=list(settings.hosts),
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_REQUEST_BYTES,
        SESSION_COOKIE_NAME="dasier",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not settings.plain_http,
        PREFERRED_URL_SCHEME="http" if settings.plain_http else "https",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open over lunch still works
        BOOTSTRAP_SERVE_LOCAL=True,
        PUBLIC_API_URL=settings.public_api_url or settings.api_url,
        API_WANTS_KEY=settings.api_key is not None,
        SIGN_IN=settings.provider,
        PAGE_S=settings.page_s,
    )
    app.extensions["dasier-client"] = client or Client(
        settings.api_url,
        settings.api_key,
        timeout_s=settings.timeout_s,
        patience=Patience(attempts=4, longest_s=5.0, total_s=settings.patience_s),
    )
    Bootstrap5(app)
    CSRFProtect(app)
    for part in (descriptions, languages, security, static, errors, wording, person, visitor):
        part.register(app)
    for noun in (models, spreadsheet, jobs, about, history, mine, preferences, status):
        app.register_blueprint(noun.blueprint)
    if settings.provider is not None:
        for noun in (sign_in, operations):
            app.register_blueprint(noun.blueprint)
    return app

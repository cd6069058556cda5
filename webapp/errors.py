"""Pages for what goes wrong: designed, in the visitor's language, and without a detail that is not theirs to read.

The only table of statuses in the site. An error is logged here, once.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, SecurityError

from dasier.errors import DasierError, Forbidden, NotFound, Unavailable, trace
from webapp.sheets import SheetRefused
from webapp.wording import sheet_refused

if TYPE_CHECKING:
    from flask import Flask

    Page = tuple[str, int, dict[str, str]]

log = logging.getLogger(__name__)

TABLES = {"spreadsheet": "too_long", "jobs": "too_heavy"}
"""Where tables come in, and what is said of one that is too large there."""
RETRY_AFTER_S = 10
"""What a browser or a crawler is asked to wait when the API does not answer."""


def register(app: Flask) -> None:
    """Give every failure its page."""
    app.register_error_handler(SecurityError, foreign_host)
    app.register_error_handler(CSRFError, expired)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(NotFound, not_found)
    app.register_error_handler(Unavailable, unavailable)
    app.register_error_handler(Forbidden, forbidden)
    app.register_error_handler(DasierError, failed)
    app.register_error_handler(Exception, failed)


def foreign_host(_error: SecurityError) -> Response:
    """Refuse a request for another host in one plain line: no page of ours belongs to that name."""
    return Response("This site does not answer to that name.\n", status=400, mimetype="text/plain")


def expired(_error: CSRFError) -> Page:
    """Say that the form is too old, or came from elsewhere."""
    return _page(
        400,
        _("This form has expired"),
        _(
            "For your safety it must be sent from this site, in the same visit. Go back, reload the page and try again."
        ),
    )


def refused(error: HTTPException) -> Any:
    """Say what is wrong with the address or the request."""
    status = error.code or 500
    if status < 400:
        return error
    if status == 404:
        return not_found(error)
    if status == 413:
        code = TABLES.get(request.blueprint or "")
        advice = (
            sheet_refused(SheetRefused(code)) if code else _("Shorten what you filled in, and try again.")
        )
        return _page(status, _("That is too much at once"), advice)
    if status >= 500:
        return failed(error)
    allowed = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return _page(
        status, _("This request cannot be answered"), _("Start again from the list of models."), headers
    )


def not_found(_error: Exception) -> Page:
    """Say that there is no such page or model."""
    return _page(404, _("Page not found"), _("Check the address, or choose a model in the list."))


def unavailable(error: Unavailable) -> Page:
    """Say that the models do not answer now."""
    log.warning("api unavailable", exc_info=error)
    return _page(
        503,
        _("The models do not answer at the moment"),
        _("It is not your fault, and it usually passes quickly. Try again in a minute."),
        {"Retry-After": str(RETRY_AFTER_S)},
    )


def forbidden(_error: Forbidden) -> Page:
    """Say that whoever is signed in may not see or do this."""
    return _page(
        403,
        _("Your account may not do this"),
        _("Whoever runs this site says who may. If it should be you, ask them; or sign in as somebody else."),
    )


def failed(error: Exception) -> Page:
    """Say that it is our fault."""
    told = {"method": request.method, "endpoint": request.endpoint, "trace": trace(error)}
    log.error("request failed", extra=told)
    return _page(
        500, _("Something went wrong on our side"), _("Nothing you did caused it. Try again in a minute.")
    )


def _page(status: int, title: str, advice: str, headers: dict[str, str] | None = None) -> Page:
    return render_template("error.html", title=title, advice=advice, status=status), status, headers or {}

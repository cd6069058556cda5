"""Sign in by OpenID Connect (code flow, with state, nonce and PKCE), and out.

Authlib speaks to the provider; it is imported with the first sign-in, not with the site. What it remembers meanwhile is in
the visitor's session, so an answer that comes back to another browser, or twice, is refused.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from webapp import person
from webapp.preferences import own_page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from webapp.settings import Provider

    Page = tuple[str, HTTPStatus]

log = logging.getLogger(__name__)

blueprint = Blueprint("sign_in", __name__)

TIMEOUT_S = 5
NEXT = "sign-in-next"


class ProviderWrong(Exception):
    """The provider's description is not of the provider that the settings name."""


@blueprint.get("/sign-in")
def start() -> Response | Page:
    """Lead to the provider, and from there back to the page that was asked for."""
    from requests import RequestException  # noqa: PLC0415

    for key in [key for key in session if key.startswith("_state_")]:
        session.pop(key)  # one sign-in at a time: a cookie holds no more
    session[NEXT] = request.args.get("next", "")[:500]
    try:
        answer: Response = _client().authorize_redirect(url_for("sign_in.back", _external=True))
    except (RequestException, ProviderWrong, ValueError, RuntimeError, KeyError) as error:
        return _away(error)
    return answer


@blueprint.get("/sign-in/back")
def back() -> Response | Page:
    """Take what the provider says, if it is the answer to what this browser asked."""
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415

    wanted = own_page(session.get(NEXT, "") or url_for("operations.overview"))
    try:
        told = _client().authorize_access_token()
        told["userinfo"]["sub"]  # what Authlib has verified: signature, issuer, audience, nonce, times
        somebody = person.Person.of(told["id_token"])
    except (RequestException, ProviderWrong, RuntimeError) as error:
        return _away(error)
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, IndexError) as error:
        # Also who pressed "back", or said no. What the provider said is for the log alone, and not all of it.
        log.warning("sign-in refused", extra={"error": type(error).__name__})
        advice = _("The sign-in was not finished, took too long, or was begun in another window. Try again.")
        return _page(_("You are not signed in"), advice, HTTPStatus.BAD_REQUEST)
    response = redirect(wanted, code=HTTPStatus.SEE_OTHER)
    kept = person.preferences() | _pending(somebody)
    try:
        person.begin(response, somebody, keep=kept)
    except person.TokenTooLarge:
        log.error("sign-in impossible", extra={"token_bytes": len(somebody.token)})  # noqa: TRY400
        advice = _(
            "What the provider says of you is too long to be kept. Whoever runs this site can shorten it."
        )
        return _page(_("You are not signed in"), advice, HTTPStatus.INTERNAL_SERVER_ERROR)
    log.info("signed in")
    return response


@blueprint.post("/sign-out")
def out() -> Response:
    """Sign out of this site."""
    response = redirect(url_for("sign_in.gone"), code=HTTPStatus.SEE_OTHER)
    person.end(response, keep=person.preferences())
    return response


@blueprint.get("/signed-out")
def gone() -> str:
    """Say so, and lead to the provider's own sign-out, where one may still be signed in."""
    return render_template("signed_out.html", provider=_sign_out_there())


def _sign_out_there() -> str | None:
    """Give where one signs out of the provider; None if it says no such address, or nothing at all."""
    try:
        there = _client().load_server_metadata().get("end_session_endpoint")
    except Exception:  # noqa: BLE001 (whatever it is, there is no link, and one is signed out here all the same)
        log.warning("provider unavailable")
        return None
    if not isinstance(there, str) or not there.startswith(("https://", "http://127.0.0.1")):
        return None
    home = url_for("models.index", _external=True)
    asked = {"client_id": _provider().client_id, "post_logout_redirect_uri": home, "logout_uri": home}
    return f"{there}?{urlencode(asked)}"  # `logout_uri` is Cognito's name for it


def _pending(somebody: person.Person) -> dict[str, Any]:
    """Give what was being typed when the token ended, to the one who typed it and to nobody else."""
    pending = session.get("pending")
    return {"pending": pending} if isinstance(pending, dict) and pending.get("by") == somebody.subject else {}


def _away(error: Exception) -> Page:
    log.error("provider unavailable", exc_info=error)
    advice = _("The service that signs people in does not answer. Try again in a minute.")
    return _page(_("You cannot sign in at the moment"), advice, HTTPStatus.SERVICE_UNAVAILABLE)


def _page(title: str, advice: str, status: HTTPStatus) -> Page:
    return render_template("error.html", title=title, advice=advice, status=status.value, again=None), status


def _provider() -> Provider:
    provider: Provider = current_app.config["SIGN_IN"]
    return provider


def _client() -> Any:
    """Give what speaks to the provider, made with the first sign-in.

    Raises
    ------
    ProviderWrong
    requests.RequestException
    """
    if "dasier-provider" not in current_app.extensions:
        from authlib.integrations.flask_client import OAuth  # noqa: PLC0415

        provider = _provider()
        told: dict[str, Any] = {
            "scope": provider.scope,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_S,
        }
        if provider.client_secret is None:
            told["token_endpoint_auth_method"] = "none"  # noqa: S105 (a way, not a secret)
        made = OAuth(current_app).register(
            "provider",
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            server_metadata_url=provider.issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs=told,
        )
        if made.load_server_metadata().get("issuer") != provider.issuer:
            raise ProviderWrong
        current_app.extensions["dasier-provider"] = made
    return current_app.extensions["dasier-provider"]

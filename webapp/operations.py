"""Operations, for those who are signed in: what serves and how it does, and what serves next.

Each page asks the API in the name of the person, and the API decides what they may see and do. A decision takes two steps:
what is filled in is told back in words, and done when that is confirmed, if what serves is still what was seen.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from dasier.errors import Conflict, NotSignedIn, ReleaseRefused
from webapp import decisions, person, preferences
from webapp.api import api
from webapp.decisions import Wish

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from dasier.client import Operator
    from webapp.person import Person

    Page = tuple[str, HTTPStatus]

blueprint = Blueprint("operations", __name__, url_prefix="/operations")

VERSIONS, RELEASES = 20, 10
"""So many are shown, and can be chosen; the history has them all."""

FEW = 20
"""With fewer requests the gate compares nothing either."""


@blueprint.before_request
def somebody() -> Response | Page | None:
    """Ask whoever is not signed in to do so; what they were about to say is kept for them."""
    if person.current() is not None:
        return None
    return _sign_in_first()


@blueprint.errorhandler(NotSignedIn)
def not_any_more(_error: NotSignedIn) -> Response | Page:
    """Ask whoever the API does not believe (any more) to sign in again."""
    return _sign_in_first()


def _sign_in_first() -> Response | Page:
    name = (request.view_args or {}).get("name")
    back = url_for("operations.show", name=name) if name else url_for("operations.overview")
    back = back.removeprefix(request.script_root)
    if request.method != "POST":
        return redirect(url_for("sign_in.start", next=back), code=HTTPStatus.SEE_OTHER)
    known = person.known()
    wish = _typed(name, known) if name and known else None
    if wish is not None and known is not None:
        session["pending"] = {"by": known.subject, "name": name, "wish": _as_typed(wish)}
    return render_template("sign_in_again.html", back=back, kept=wish is not None), HTTPStatus.UNAUTHORIZED


def _typed(name: str, known: Person) -> Wish | None:
    sealed = request.form.get("kept")
    return decisions.opened(sealed, name, known) if sealed else Wish.typed(request.form)


def _as_typed(wish: Wish) -> dict[str, Any]:
    return {
        "choice": wish.choice[:40],
        "share": wish.share[:4],
        "automatic": wish.automatic,
        "reason": wish.reason[:500],
    }


@blueprint.get("")
def overview() -> str:
    """Show every model in a line."""
    seen = _operator().overview(after=request.args.get("after", "")[:63])
    return render_template("operations/index.html", seen=seen)


@blueprint.get("/<name>")
def show(name: str) -> Page:
    """Show one model, and what can be decided of it."""
    pending, wish = session.get("pending"), None
    if isinstance(pending, dict) and pending.get("name") == name:
        session.pop("pending")
        wish = Wish(**pending["wish"])
    return _page(name, wish, done=session.pop("done", None) == name, kept=wish is not None)


@blueprint.get("/<name>/review")
@blueprint.get("/<name>/releases")
def start(name: str) -> Response:
    """Lead those who reload the address of a form to where it begins."""
    return redirect(url_for("operations.show", name=name), code=HTTPStatus.SEE_OTHER)


@blueprint.post("/<name>/review")
def review(name: str) -> Page | Response:
    """Tell back in words what was filled in, before anything is done."""
    me = _me()
    if request.form.get("kept"):  # the same page, in the language or theme that was just chosen
        preferences.choose(request.form)
        wish = decisions.opened(request.form["kept"], name, me)
        if wish is None:
            return start(name)
    else:
        wish = Wish.typed(request.form)
    seen, client = _operator().model(name), api()
    versions, releases = client.versions(name, limit=VERSIONS), client.releases(name, limit=RELEASES)
    problems = wish.problems(decisions.choices(seen.release, releases, versions))
    if seen.number != wish.on:
        return _meanwhile(name, wish)
    if problems:
        return _page(name, wish, HTTPStatus.UNPROCESSABLE_ENTITY, problems=problems)
    sealed = wish.sealed(name, me)
    return render_template(
        "operations/review.html",
        seen=seen,
        wish=wish,
        after=wish.after(seen.release),
        consequences=decisions.consequences(wish),
        sealed=sealed,
        again={"action": url_for("operations.review", name=name), "kept": sealed},
    ), HTTPStatus.OK


@blueprint.post("/<name>/releases")
def decide(name: str) -> Page | Response:
    """Do what was reviewed, if what serves is still what was seen."""
    wish = decisions.opened(request.form.get("kept", ""), name, _me())
    if wish is None:
        return _page(name, None, HTTPStatus.BAD_REQUEST, notice=_("This review is too old. Start again."))
    try:
        _operator().decide(name, wish.action, **wish.asked())
    except Conflict:
        return _meanwhile(name, wish)
    except ReleaseRefused as error:
        current_app.logger.warning("decision refused", extra={"error": str(error)})
        notice = _("This cannot be done: it would change nothing, or the version has not passed the gate.")
        return _page(name, wish, HTTPStatus.CONFLICT, notice=notice)
    session["done"] = name
    return redirect(url_for("operations.show", name=name), code=HTTPStatus.SEE_OTHER)


def _meanwhile(name: str, wish: Wish) -> Page:
    notice = _(
        "Nothing was done: somebody else decided meanwhile. Look at what serves now, then decide again."
    )
    return _page(name, wish, HTTPStatus.CONFLICT, notice=notice)


def _page(name: str, wish: Wish | None, status: HTTPStatus = HTTPStatus.OK, **more: Any) -> Page:
    """Render a model's page; what was filled in stays, on top of what serves now."""
    seen, client = _operator().model(name), api()
    versions, releases = client.versions(name, limit=VERSIONS), client.releases(name, limit=RELEASES)
    return render_template(
        "operations/show.html",
        seen=seen,
        wish=wish or Wish(),
        versions=versions,
        releases=releases,
        choices=decisions.choices(seen.release, releases, versions) if seen.you.may_decide else {},
        problems=more.pop("problems", {}),
        few=FEW,
        **more,
    ), status


def _me() -> Person:
    found = person.current()
    if found is None:
        raise NotSignedIn
    return found


def _operator() -> Operator:
    return api().operator(_me().token)

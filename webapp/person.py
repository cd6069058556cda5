"""Whoever is signed in: their ID token, sealed in a cookie of its own that only this site can open.

The site stores nothing and Lambda remembers nothing, so the browser keeps the token, encrypted (AES-256-GCM) with a key made
of the site's secret. It is brought to the API with each question, which decides what the person may do; the site believes
it for nothing but a name to show. A cookie alone is nobody: it names the session that it was made for, which only the
session's own cookie proves, so neither can be planted without the other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import current_app, g, request, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from werkzeug.wrappers import Response

COOKIE = "dasier-person"
MOST_BYTES = 3_800
"""Browsers keep cookies of 4,096 bytes, name and attributes included."""
SOON_S = 5
"""A token that ends within this time does not outlast the question that it goes with."""


class TokenTooLarge(Exception):
    """The provider's token does not fit into a cookie: it says too much of the person, often every group."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in.

    Attributes
    ----------
    subject : str
        Who they are to the provider.
    name : str
        What to call them on a page.
    token : str
    ends : float
        When the token does, in seconds since 1970.
    """

    subject: str
    name: str
    token: str = field(repr=False)
    ends: float

    @property
    def is_late(self) -> bool:
        """Whether they have to sign in again."""
        return time.time() + SOON_S >= self.ends

    @classmethod
    def of(cls, token: str) -> Person:
        """Read a token that was verified when it came."""
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        names = (claims.get(key) for key in ("email", "name", "preferred_username", "sub"))
        name = next(one for one in names if isinstance(one, str) and one)
        return cls(str(claims["sub"]), name[:80], token, float(claims["exp"]))


def known() -> Person | None:
    """Give who signed in, though their token may have ended since; None if nobody did."""
    if "person" not in g:
        g.person = _opened(request.cookies.get(COOKIE, ""))
    found: Person | None = g.person
    return found


def current() -> Person | None:
    """Give who is signed in; None if nobody is, or not any more."""
    found = known()
    return None if found is None or found.is_late else found


def begin(response: Response, person: Person, *, keep: Mapping[str, Any]) -> None:
    """Sign somebody in: a new session, in which nothing of the one before counts but what is kept.

    Raises
    ------
    TokenTooLarge
    """
    session.clear()
    session.update(keep)
    session["person"] = secrets.token_urlsafe(16)
    sealed = _sealed({"session": session["person"], "token": person.token})
    if len(sealed) > MOST_BYTES:
        session.pop("person")
        raise TokenTooLarge
    response.set_cookie(COOKIE, sealed, **_attributes())
    g.person = person


def end(response: Response, *, keep: Mapping[str, Any]) -> None:
    """Sign whoever is signed in out of this site."""
    session.clear()
    session.update(keep)
    response.delete_cookie(COOKIE, **_attributes())
    g.person = None


def preferences() -> dict[str, Any]:
    """Give what of a session is the browser's, not the person's: language and theme."""
    return {key: session[key] for key in ("language", "theme") if key in session}


def _attributes() -> dict[str, Any]:
    # As long as the browser is open: how long somebody is signed in is the token's to say.
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    return {"httponly": True, "secure": secure, "samesite": "Lax", "path": "/"}


def _opened(sealed: str) -> Person | None:
    if not sealed or "person" not in session:
        return None
    from joserfc import jwe  # noqa: PLC0415 (visitors who are not signed in do not wait for it)
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        opened = jwe.decrypt_compact(sealed, _key(), algorithms=["dir", "A256GCM", "DEF"]).plaintext
        content = json.loads(opened or b"")
        if not secrets.compare_digest(content["session"], session["person"]):
            return None
        return Person.of(content["token"])
    except (JoseError, ValueError, KeyError, TypeError, IndexError, StopIteration):
        return None


def _sealed(content: Mapping[str, str]) -> str:
    from joserfc import jwe  # noqa: PLC0415

    header = {"alg": "dir", "enc": "A256GCM", "zip": "DEF"}  # a token is base64, of which a quarter is air
    text = json.dumps(content).encode()
    return jwe.encrypt_compact(header, text, _key(), algorithms=["dir", "A256GCM", "DEF"])


def _key() -> Any:
    from joserfc.jwk import OctKey  # noqa: PLC0415

    digest = hashlib.sha256(b"dasier person cookie\0" + str(current_app.secret_key).encode()).digest()
    return OctKey.import_key(digest)


def register(app: Flask) -> None:
    """Let every page know who is signed in, where somebody can be."""
    app.context_processor(
        lambda: {"person": current() if app.config["SIGN_IN"] else None, "sign_in": app.config["SIGN_IN"]}
    )

"""Verify an ID token (OpenID Connect Core 1.0, section 3.1.3.7), and give the person that it is about.

The ID token, not the access token: its form, audience and life are the same at every provider, and it says the e-mail
address that the release log keeps. An access token is opaque at many, and at Cognito it names no audience.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from dasier.errors import NotSignedIn
from dasier.people import Person
from dasier.people.keys import Keys
from dasier.people.provider import Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""With public keys alone: neither ``none``, nor a MAC that whoever knows the public key could make."""
MOST_CHARACTERS = 8_192
LEEWAY_S = 60
"""By so much a provider's clock may be ahead of ours."""
LONGEST = 200


def verifier(environment: Mapping[str, str]) -> Callable[[str], Person]:
    """Give what verifies tokens of the provider that an environment names.

    Raises
    ------
    NotSignedIn
        If it names none: nobody is believed.
    SettingsInvalid
    """
    provider = Provider.read(environment)
    if provider is None:
        raise NotSignedIn("no provider of sign-ins is configured")
    keys = Keys(provider.issuer)
    return lambda token: verified(token, provider, keys)


def verified(token: str, provider: Provider, keys: Keys, *, now: Callable[[], float] = time.time) -> Person:
    """Give the person that a token is about.

    Raises
    ------
    NotSignedIn
        If it does not hold. Why is for the log; it says nothing of what the token holds.
    ProviderUnavailable
        If the provider's keys cannot be had.
    """
    if len(token) > MOST_CHARACTERS or not token.isascii():
        raise NotSignedIn("the token is none")
    try:
        key = keys.get(_key_id(token))
        if key is None:
            raise NotSignedIn("the token is signed by a key that the provider does not have")
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise NotSignedIn("the token is none, or was changed") from error
    _hold(claims, provider, now())
    return Person(claims["sub"], _name(claims), provider.role(_groups(claims.get(provider.groups_claim))))


def _key_id(token: str) -> str:
    """Give the id of the key that a token says it is signed by, before anything that it says is believed."""
    header = jws.extract_compact(token.encode()).headers()
    if header.get("alg") not in ALGORITHMS or header.get("typ", "JWT") not in {"JWT", "jwt"}:
        raise NotSignedIn("the token is of another kind")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise NotSignedIn("the token does not say by which key it is signed")
    return key_id


def _hold(claims: dict[str, Any], provider: Provider, now: float) -> None:
    """Return if the token is of this provider, for this site, and of this time."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != provider.issuer:
        raise NotSignedIn("the token is of another provider")
    if provider.audience not in audiences or claims.get("azp", provider.audience) != provider.audience:
        raise NotSignedIn("the token is for somebody else")
    if len(audiences) > 1 and "azp" not in claims:
        raise NotSignedIn("the token is for several")
    if claims.get("token_use", "id") != "id":  # Cognito's name for its kinds
        raise NotSignedIn("the token is no ID token")
    ends, made, begins = (claims.get(name) for name in ("exp", "iat", "nbf"))
    if not _is_time(ends) or not _is_time(made) or not (begins is None or _is_time(begins)):
        raise NotSignedIn("the token has no times")
    if now >= ends:  # type: ignore[operator]  # a number, as was just seen
        raise NotSignedIn("the token has expired")
    if max(made, begins or 0) > now + LEEWAY_S:  # type: ignore[type-var, operator]  # as above
        raise NotSignedIn("the token is not valid yet")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST or not subject.isprintable():
        raise NotSignedIn("the token is about nobody")


def _is_time(value: object) -> bool:
    # NaN, which Python reads in JSON, is never before now.
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _name(claims: dict[str, Any]) -> str:
    """Give what the release log calls somebody.

    An address that nobody verified may be somebody else's. A subject says that it is one, or a person could be called as
    the gate is.
    """
    email = claims.get("email")
    known = isinstance(email, str) and "@" in email and len(email) <= LONGEST and email.isprintable()
    return (
        str(email) if known and claims.get("email_verified") in (True, "true") else f"subject {claims['sub']}"
    )


def _groups(claim: object) -> list[str]:
    return (
        [claim]
        if isinstance(claim, str)
        else [one for one in claim if isinstance(one, str)]
        if isinstance(claim, list)
        else []
    )

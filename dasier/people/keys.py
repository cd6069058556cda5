"""The provider's public keys, asked for where its settings say, when a token first needs them.

Nothing that a token says is an address here: not its ``iss``, ``jku`` or ``x5u``. The provider's own description, at its
issuer's address, says where its keys are, and they must be on the same host.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from dasier.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    Fetch = Callable[[str], bytes]
    Key = RSAKey | ECKey

log = logging.getLogger("dasier")

KEPT_S = 3600.0
"""So long a key is believed without asking again: a key that the provider withdraws is refused after that."""
AGAIN_S = 60.0
"""Tokens that name keys which there are not make us ask once in this time at most."""
SILENT_S = 5.0
"""So long a provider that did not answer is not asked again: whoever sends tokens does not wait for it one after the other."""
TIMEOUT_S = 5.0
MOST_BYTES = 256 * 1024


class ProviderUnavailable(Unavailable):
    """The provider does not say what its keys are."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The provider of sign-ins does not say what its keys are: {why}.")


class Keys:
    """The keys of one provider, by id; safe to share between threads.

    Parameters
    ----------
    issuer : str
    fetch
        Gives what is at an address; tests pass in their own.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, issuer: str, *, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch or over_http, clock
        self._keys: dict[str, Key] = {}
        self._read_s = self._asked_s = float("-inf")
        self._silence: ProviderUnavailable | None = None
        self._guard = threading.Lock()

    def get(self, key_id: str) -> Key | None:
        """Give a key; None if the provider has none of this id.

        Raises
        ------
        ProviderUnavailable
        """
        with self._guard:
            now_s = self._clock()
            is_new = self._silence is not None or now_s - self._asked_s > AGAIN_S
            if now_s - self._read_s > KEPT_S or (key_id not in self._keys and is_new):
                self._ask(now_s)
            return self._keys.get(key_id)

    def _ask(self, now_s: float) -> None:
        if self._silence is not None and now_s - self._asked_s <= SILENT_S:
            raise ProviderUnavailable("it did not just now") from self._silence
        self._asked_s = now_s
        try:
            self._keys = self._read()
        except ProviderUnavailable as error:
            self._silence, self._asked_s = error, self._clock()
            raise
        self._read_s, self._silence = now_s, None

    def _read(self) -> dict[str, Key]:
        described = self._document(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        where = described.get("jwks_uri")
        if described.get("issuer") != self._issuer or not isinstance(where, str):
            raise ProviderUnavailable("it is another than its settings name")
        if _origin(where) != _origin(self._issuer):
            raise ProviderUnavailable("its keys are on another host")
        return dict(_usable(self._document(where).get("keys")))

    def _document(self, url: str) -> dict[str, Any]:
        try:
            document = json.loads(self._fetch(url))
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable("what it answers is no JSON") from error
        if not isinstance(document, dict):
            raise ProviderUnavailable("what it answers is no object")
        return document


def _usable(listed: object) -> list[tuple[str, Key]]:
    """Give the keys that sign and that we can verify with; any others are none of ours."""
    kinds: dict[object, type[Key]] = {"RSA": RSAKey, "EC": ECKey}
    found = []
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("kid"), str) or one.get("use", "sig") != "sig":
            continue
        kind = kinds.get(one.get("kty"))
        try:
            if kind is not None:
                found.append((one["kid"], kind.import_key(one)))
        except (JoseError, ValueError, TypeError, KeyError):
            log.warning("a key of the provider cannot be read")
    return found


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def over_http(url: str) -> bytes:
    """Give what is at an address of the provider; a redirect is not followed.

    Raises
    ------
    ProviderUnavailable
    """
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "GET", urlunsplit(("", "", parts.path, parts.query, "")), headers={"accept": "application/json"}
        )
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES + 1)
    except (OSError, HTTPException) as error:
        raise ProviderUnavailable("it does not answer") from error
    finally:
        connection.close()
    if answer.status != 200 or len(body) > MOST_BYTES:
        raise ProviderUnavailable(f"it answers {answer.status}, {len(body)} bytes")
    return body

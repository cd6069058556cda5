"""Links to a job's files: signed by S3's scheme for a bucket, else by our own for the local gateway.

A link lets whoever has it do one thing to one file for an hour, without a key: a browser puts its rows, or keeps its results,
without passing through a function, whose requests and answers are bounded. Where the store is a folder, the gateway
takes and gives files itself (`dasier.local.files`); the link is then a path below the address of the API.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from dasier import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.store import Store

    Method = Literal["GET", "PUT"]

PREFIX = "/files/"
VALID_S = 3_600


class Links:
    """Makes links and, where there is no bucket, believes them.

    Parameters
    ----------
    store : Store
    clock
        Seconds since 1970.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    def link(self, method: Method, key: str) -> str:
        """Give an address for one file, which is good for an hour."""
        signed = self._store.signed(method, key, valid_s=VALID_S)
        if signed is not None:
            return signed
        until = str(int(self._clock()) + VALID_S)
        query = urlencode({"until": until, "signature": self._signature(method, key, until)})
        return f"{PREFIX}{key}?{query}"

    def allows(self, method: str, key: str, query: Mapping[str, str]) -> bool:
        """Say whether a link of ours lets somebody do this now."""
        until, signature = query.get("until", ""), query.get("signature", "")
        if not (until.isascii() and until.isdecimal() and len(until) <= 12 and signature.isascii()):
            return False
        good = hmac.compare_digest(signature, self._signature(method, key, until))
        return good and self._clock() < int(until)

    def _signature(self, method: str, key: str, until: str) -> str:
        return hmac.new(self._secret(), f"{method}\n{key}\n{until}".encode(), hashlib.sha256).hexdigest()

    def _secret(self) -> bytes:
        """Give what signs; whoever needs it first makes it, for all processes at this store."""
        known = self._store.get(layout.LINKS_SECRET)
        if known is None:
            self._store.create(layout.LINKS_SECRET, os.urandom(32))
            known = self._store.get(layout.LINKS_SECRET)
        return known or os.urandom(32)

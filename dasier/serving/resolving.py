"""Which version serves: the newest release of each model, known to within a few seconds."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dasier.errors import DocumentInvalid, ModelNotFound, ModelUnavailable, Unavailable, Untrusted
from dasier.layout import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.registry import Registry
    from dasier.releases import Release

log = logging.getLogger("dasier")

_MOST_NAMES = 10_000
"""Names that were asked for and do not exist are forgotten beyond this many."""

_PATIENCE = 9
"""How many times as long as a refresh that failed took is waited before the next."""


@dataclass(slots=True)
class _Known:
    """What the store said of a name, and when it was asked."""

    release: Release | None
    published: bool
    asked_s: float


@dataclass
class Releases:
    """The newest release of each model.

    A name that was never asked for costs one listing; from then on the next release is asked
    for by its number, one small request, at most every `refresh_s`. When the store does not
    answer, what was known goes on serving.
    """

    registry: Registry
    refresh_s: float
    clock: Callable[[], float]
    _known: dict[str, _Known] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _asking: dict[str, threading.Lock] = field(default_factory=dict)

    def current(self, name: str) -> Release:
        """Give the newest release of a model.

        Raises
        ------
        ModelNotFound
            If nothing of that name was published.
        ModelUnavailable
            If it was, but nothing was released yet.
        """
        known = self._known.get(checked_name(name))
        now = self.clock()
        if known is None or now - known.asked_s >= self.refresh_s:
            known = self._ask(name)
        if known.release is None:
            if known.published:
                raise ModelUnavailable(name, "no version has passed the gate yet")
            raise ModelNotFound
        return known.release

    def known(self, name: str, *, spare_s: float = 0.0) -> Release | None:
        """Give the newest release if the store need not be asked for it now, nor in a while."""
        known = self._known.get(name)
        if known is None or self.clock() + spare_s - known.asked_s >= self.refresh_s:
            return None
        return known.release

    def _ask(self, name: str) -> _Known:
        with self._guard:
            lock = self._asking.setdefault(name, threading.Lock())
        known = self._known.get(name)
        if known is None:
            lock.acquire()
        elif not lock.acquire(blocking=False):
            return known  # somebody is asking; what is known is good enough meanwhile
        try:
            known = self._known.get(name)
            if known is not None and self.clock() - known.asked_s < self.refresh_s:
                return known
            return self._refresh(name, known)
        finally:
            lock.release()

    def _refresh(self, name: str, known: _Known | None) -> _Known:
        asked_s = self.clock()
        published = True
        try:
            if known is None or known.release is None:
                newest = self.registry.head(name)
                published = newest is not None or self.registry.has_versions(name)
            else:
                newest = self._newest_after(name, known.release)
        except (Unavailable, Untrusted) as error:
            if known is None or known.release is None:
                raise
            log.warning("release log not read", extra={"model": name, "error": type(error).__name__})
            newest = known.release
            # Waiting for a store that does not answer may take a tenth of the time, not all of it.
            now_s = self.clock()
            asked_s = now_s + _PATIENCE * (now_s - asked_s)
        with self._guard:
            if newest is None and len(self._known) > _MOST_NAMES:
                self._known = {n: k for n, k in self._known.items() if k.release is not None}
                self._asking = {name: self._asking[name]}
            self._known[name] = _Known(newest, published, asked_s)
            return self._known[name]

    def _newest_after(self, name: str, newest: Release) -> Release:
        """Give the newest release, going on from one that is known."""
        try:
            while (following := self.registry.release(name, newest.number + 1)) is not None:
                newest = following
        except DocumentInvalid:  # somebody may have passed over what is none
            return self.registry.head(name) or newest
        return newest


def chosen_version(release: Release, name: str, client: str | None) -> int:
    """Give the version that answers a client: what serves, or the canary for its share.

    The same client always gets the same version of a canary; a caller who cannot be told apart
    gets one by chance.

    Raises
    ------
    ModelUnavailable
        If the model is paused.
    """
    if release.canary is not None:
        who = client if client is not None else secrets.token_hex(8)
        digest = hashlib.blake2b(f"{name}\0{release.canary.version}\0{who}".encode(), digest_size=8).digest()
        if int.from_bytes(digest) % 100 < release.canary.share:
            return release.canary.version
    if release.serving is None:
        raise ModelUnavailable(name, "it is paused")
    return release.serving

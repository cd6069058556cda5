"""The service: what a process knows of models, and the one place where it is put together."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.errors import DasierError, ModelUnavailable, NotFound, Untrusted
from dasier.layout import checked_name
from dasier.registry import Registry
from dasier.serving.cache import LoadedVersions
from dasier.serving.loading import Loaded, load
from dasier.serving.manifests import Manifests
from dasier.serving.metrics import load_line
from dasier.serving.prediction_log import Lines, prediction_log
from dasier.serving.resolving import Releases, chosen_version
from dasier.signing import TrustedKeys
from dasier.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.manifest import Manifest
    from dasier.releases import Release
    from dasier.serving.counting import Counts
    from dasier.serving.manifests import Summary
    from dasier.serving.prediction_log import PredictionLog
    from dasier.serving.settings import Settings

log = logging.getLogger("dasier")

_SHARE = 4
"""Manifests of what is not loaded may take this part of what loaded models may, beside them."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version that answers a caller, and how it was chosen.

    Attributes
    ----------
    loaded : Loaded
    release : int or None
        The release that chose it; None if the caller named it.
    instead_of : int or None
        The version that was meant for this caller and cannot be loaded.
    """

    loaded: Loaded
    release: int | None = None
    instead_of: int | None = None


class Service:
    """Resolves and loads versions for one process; safe to share between threads."""

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        prediction_log: PredictionLog | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.registry = registry
        self.settings = settings
        self.prediction_log = prediction_log
        self.counts = counts
        self.releases = Releases(registry, settings.refresh_s, clock)
        self.loaded = LoadedVersions(settings.model_budget_bytes, self._load, clock)
        self._manifests = Manifests(settings.model_budget_bytes // _SHARE, registry.manifest)
        self.under_way: dict[str, Callable[[], None]] = {}
        """What writes down, for the id of each request that is being answered, that its time is over."""
        self._last_good: dict[str, int] = {}
        self._cold = True
        self._guard = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Service:
        """Put a service together of its settings."""
        store = open_store(settings.registry, seen_at=settings.links_endpoint)
        registry = Registry(store, TrustedKeys.parse(settings.trusted_keys))
        counts = None
        if settings.metrics_folder is not None:
            from dasier.serving.counting import Counts  # noqa: PLC0415 (a server's alone)

            counts = Counts.within(settings.metrics_folder)
        written = prediction_log(settings.prediction_log, registry.store)
        return cls(registry, settings, prediction_log=written, counts=counts)

    def manifest(self, name: str, version: int) -> Manifest:
        """Give a version's verified manifest.

        Raises
        ------
        VersionNotFound, Untrusted
        """
        return self._manifests.get(checked_name(name), version)

    def summary(self, name: str, version: int) -> Summary:
        """Give what a list tells of a version whose manifest was verified.

        Raises
        ------
        VersionNotFound, Untrusted
        """
        return self._manifests.summary(checked_name(name), version)

    def serving(self, name: str, client: str | None = None) -> Loaded:
        """Give the version that answers a client now; `chosen` says how it came to be that one."""
        return self.chosen(name, client).loaded

    def chosen(self, name: str, client: str | None = None) -> Chosen:
        """Give the version that answers a client now, and the release that says so.

        When that version cannot be loaded, the last one that did goes on serving, and an
        error is logged.

        Raises
        ------
        ModelNotFound
        ModelUnavailable
            If no version can be loaded.
        """
        release = self.releases.current(name)
        version = chosen_version(release, name, client)
        try:
            loaded = self.loaded.get(name, version)
        except DasierError as error:
            log.error(  # noqa: TRY400 (the error is named; its traceback tells nothing more)
                "version not loaded",
                extra={"model": name, "version": version, "error": f"{type(error).__name__}: {error}"},
            )
            loaded = self._instead(name, version, release)
        answers = loaded.manifest.version
        if answers == release.serving or name not in self._last_good:
            self._last_good[name] = answers
        return Chosen(loaded, release.number, None if answers == version else version)

    def is_warm(self, name: str, version: str | None) -> bool:
        """Say whether the version that a path names, or whatever serves, answers without the store or loading."""
        return bool(self.warm(name, version))

    def warm(self, name: str, version: str | None, *, spare_s: float = 0.0) -> tuple[Loaded, ...]:
        """Give what may answer, if all of it does without the store or loading, now and for a while; else nothing."""
        if version is not None:
            wanted = [int(version)] if version.isdecimal() else []
        else:
            release = self.releases.known(name, spare_s=spare_s)
            if release is None or release.serving is None:
                return ()
            wanted = (
                [release.serving] if release.canary is None else [release.serving, release.canary.version]
            )
        held = tuple(one for number in wanted if (one := self.loaded.held(name, number)) is not None)
        return held if len(held) == len(wanted) else ()

    def _instead(self, name: str, version: int, release: Release) -> Loaded:
        """Give what serves while a version cannot be loaded: for a canary what it is held against, else the last good."""
        canary = release.canary is not None and release.canary.version == version
        for other in (release.serving if canary else None, self._last_good.get(name)):
            if other is None or other == version:
                continue
            try:
                return self.loaded.get(name, other)
            except DasierError:
                log.warning("last good version not loaded", extra={"model": name, "version": other})
        raise ModelUnavailable(name, f"version {version} cannot be loaded")

    def version(self, name: str, version: int) -> Loaded:
        """Give one version, whatever serves.

        Raises
        ------
        ModelNotFound, VersionNotFound
        ModelUnavailable
            If it cannot be loaded.
        """
        try:
            return self.loaded.get(checked_name(name), version)
        except NotFound:
            self.registry.versions(name)
            raise
        except Untrusted as error:
            log.error(  # noqa: TRY400 (as above)
                "version not loaded",
                extra={"model": name, "version": version, "error": f"{type(error).__name__}: {error}"},
            )
            raise ModelUnavailable(name, f"version {version} cannot be loaded") from error

    def _load(self, name: str, version: int) -> Loaded:
        began_s = time.perf_counter()
        try:
            loaded = load(self.registry, self.manifest(name, version))
        except NotFound:  # a caller may name any number: it is no version's fault
            raise
        except DasierError as error:
            self._count_load(name, version, began_s, type(error).__name__)
            raise
        self._count_load(name, version, began_s, None)
        return loaded

    def _count_load(self, name: str, version: int, began_s: float, error: str | None) -> None:
        took_s = time.perf_counter() - began_s
        with self._guard:
            cold, self._cold = self._cold, False
        if self.counts is not None:
            self.counts.load(name, str(version), outcome=error or "loaded", took_s=took_s, cold=cold)
        if isinstance(self.prediction_log, Lines):  # where CloudWatch reads what is printed
            told = load_line(
                name,
                version,
                took_s=took_s,
                error=error,
                cold=cold,
                namespace=self.settings.metrics_namespace,
            )
            self.prediction_log.write(told)

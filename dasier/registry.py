"""Models, versions, verdicts and releases over a store.

Blobs go first, by digest; then the signed manifest, which is the commit point. A crash at any
place leaves at most unreferenced blobs. Numbers are allocated by creating the next key: of
several writers exactly one wins each.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dasier import layout
from dasier.errors import (
    BlobMissing,
    DigestMismatch,
    DocumentInvalid,
    ModelNotFound,
    ReleaseTaken,
    Unavailable,
    VersionNotFound,
    VersionTaken,
)
from dasier.manifest import Manifest, canonical, signed, verified
from dasier.releases import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from dasier.built import Built
    from dasier.releases import Release
    from dasier.signing import Signer, TrustedKeys
    from dasier.store import Store

log = logging.getLogger("dasier")

_ATTEMPTS = 64
"""How many numbers a publisher tries before it gives up: more than can race in earnest."""

_UPLOADS = 8

_MOST_RELEASES = 10_000
"""Releases that are remembered: a gate that looks at every model each minute then reads none of them again."""

_DIGEST = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Contents:
    """Which documents there are of one model.

    Attributes
    ----------
    versions, verdicts, releases : frozenset of int
        Numbers.
    """

    versions: frozenset[int]
    verdicts: frozenset[int]
    releases: frozenset[int]


class Registry:
    """All that is known of models, in one store.

    Parameters
    ----------
    store : Store
    trusted : TrustedKeys
        The keys whose manifests are believed.
    """

    def __init__(self, store: Store, trusted: TrustedKeys) -> None:
        self.store = store
        self.trusted = trusted
        self._releases: dict[tuple[str, int], Release] = {}

    def names(self) -> list[str]:
        """Give every model's name, sorted."""
        return [name for name in self.store.folders(layout.MODELS) if layout.NAME.fullmatch(name)]

    def contents(self, name: str | None = None) -> dict[str, Contents]:
        """Give which documents there are of one model, or of every model, by name: one listing for all of them."""
        found: defaultdict[str, dict[str, set[int]]] = defaultdict(
            lambda: {field.name: set() for field in fields(Contents)}
        )
        for key in self.store.keys(layout.MODELS if name is None else layout.model(name)):
            document = layout.document(key)
            if document is not None:
                found[document.model][document.kind].add(document.number)
        return {
            model: Contents(**{kind: frozenset(numbers) for kind, numbers in kinds.items()})
            for model, kinds in sorted(found.items())
        }

    def versions(self, name: str) -> list[int]:
        """Give a model's version numbers, ascending.

        Raises
        ------
        ModelNotFound
            If it has none.
        """
        numbers = self._numbers(layout.versions(name))
        if not numbers:
            raise ModelNotFound
        return numbers

    def has_versions(self, name: str) -> bool:
        """Say whether anything was published under a name."""
        return self.store.first(layout.versions(name), wanted=layout.number) is not None

    def publish(
        self, built: Built, signer: Signer, *, done: Callable[[int], None] = lambda _: None
    ) -> Manifest:
        """Commit a build as the next version of its model; give its manifest, bound to that version.

        Parameters
        ----------
        built : Built
        signer : Signer
        done
            Told the size in bytes of each blob that is in the store.

        Raises
        ------
        VersionTaken
            If others took every number that was tried.
        """

        def upload(role: str) -> None:
            blob = built.manifest.blobs[role]
            if not self.store.create(layout.blob(blob.sha256), built.blobs[role]):
                raise DigestMismatch(role, expected=blob.sha256, found="other bytes")
            done(blob.size_bytes)

        def restore(role: str) -> None:
            # A killed publisher had left it, and `unreferenced` told it before there was a manifest.
            key = layout.blob(built.manifest.blobs[role].sha256)
            if not self.store.exists(key):
                self.store.create(key, built.blobs[role])

        with ThreadPoolExecutor(_UPLOADS) as pool:
            list(pool.map(upload, built.manifest.blobs))
            manifest = self._commit(built, signer)
            with suppress(Unavailable):  # it is published, and this was a second look
                list(pool.map(restore, built.manifest.blobs))
        return manifest

    def _commit(self, built: Built, signer: Signer) -> Manifest:
        """Write the signed manifest under the next number that is free."""
        name = built.manifest.name
        publication = uuid4().hex
        version = max(self._numbers(layout.versions(name)), default=0)
        for _ in range(_ATTEMPTS):
            version += 1
            manifest = built.manifest.bound_to(version, publication=publication)
            if self.store.create(layout.manifest(name, version), signed(manifest, signer)):
                return manifest
            # Somebody was first. Others may be far ahead by now: going up one by one might never catch up.
            version = max(version, *self._numbers(layout.versions(name)))
        raise VersionTaken(name, attempts=_ATTEMPTS)

    def manifest(self, name: str, version: int) -> Manifest:
        """Give a version's manifest, its signature and binding checked.

        Raises
        ------
        VersionNotFound, Untrusted
        """
        content = self.store.get(layout.manifest(name, version))
        if content is None:
            raise VersionNotFound(version)
        return verified(content, name=name, version=version, trusted=self.trusted)

    def blob(self, manifest: Manifest, role: str) -> bytes:
        """Give a blob of a version, its size and digest checked.

        Raises
        ------
        BlobMissing
            If the blob is gone.
        DigestMismatch
            If its bytes are not those that were published.
        """
        expected = manifest.blobs[role]
        content = self.store.get_sized(layout.blob(expected.sha256), expected.size_bytes)
        if content is None:
            raise BlobMissing(role, sha256=expected.sha256)
        if isinstance(content, int):
            sizes = f"of {expected.size_bytes} bytes", f"of {content} bytes"
            raise DigestMismatch(role, expected=f"{expected.sha256} {sizes[0]}", found=f"other {sizes[1]}")
        found = hashlib.sha256(content).hexdigest()
        if found != expected.sha256:
            raise DigestMismatch(role, expected=expected.sha256, found=found)
        return content

    def head(self, name: str) -> Release | None:
        """Give the newest release, which says what serves; None if there is none.

        Raises
        ------
        DocumentInvalid
            If something else stands in its place: an earlier one may let serve what it took back.
        """
        # Others leave files of their own: a file manager's .DS_Store sorts before every release.
        key = self.store.first(layout.releases(name), wanted=layout.number)
        number = layout.number(key) if key else None
        return self.release(name, number) if number else None

    def readable(self, name: str, number: int) -> Release | None:
        """Give one release of those that led to the newest; None if it is gone or is none, which is logged."""
        try:
            return self.release(name, number)
        except DocumentInvalid as error:
            about = {"model": name, "error": str(error)}
            log.warning("a release cannot be read and is passed over", extra=about)
            return None

    def release(self, name: str, number: int) -> Release | None:
        """Give one release; None if there is no such number (yet). It never changes, so it is read once.

        Raises
        ------
        DocumentInvalid
            If something else stands in its place.
        """
        known = self._releases.get((name, number))
        if known is not None:
            return known
        content = self.store.get(layout.release(name, number))
        if content is None:
            return None
        found = read(content, name=name, number=number)
        if len(self._releases) >= _MOST_RELEASES:
            self._releases.clear()
        self._releases[name, number] = found
        return found

    def history(self, name: str, head: Release) -> Iterator[Release]:
        """Give a release and those before it that can be read, newest first, each read when it is asked for."""
        yield head
        for number in range(head.number - 1, 0, -1):
            release = self.readable(name, number)
            if release is not None:
                yield release

    def releases(self, name: str) -> list[Release]:
        """Give all of the release log that can be read, newest first."""
        numbers = reversed(self._numbers(layout.releases(name)))
        with ThreadPoolExecutor(_UPLOADS) as pool:
            found = pool.map(lambda number: self.readable(name, number), numbers)
            return [release for release in found if release is not None]

    def append(self, name: str, release: Release) -> Release:
        """Log a release whose number follows the one that its author saw, and give it.

        What has that number and is no release is passed over, and the next is taken: of several writers who do so exactly
        one wins, for what lies between the entry that they saw and that number never changes.

        Raises
        ------
        ReleaseTaken
            If another release has this number: somebody else was first.
        """
        while not self.store.create(layout.release(name, release.number), canonical(release.to_document())):
            try:
                winner = self.release(name, release.number) or replace(release, who="somebody", serving=None)
            except DocumentInvalid:
                release = replace(release, number=release.number + 1)
            else:
                raise ReleaseTaken(
                    name, number=release.number, who=winner.who, action=winner.action, version=winner.serving
                )
        return release

    def is_last(self, name: str, release: Release) -> bool:
        """Say whether nothing stands after a release."""
        return not self.store.exists(layout.release(name, release.number + 1))

    def verdict(self, name: str, version: int) -> dict[str, Any] | None:
        """Give the gate's verdict on a version; None if it has not been judged."""
        content = self.store.get(layout.verdict(name, version))
        if content is None:
            return None
        try:
            verdict: dict[str, Any] = dict(json.loads(content))
            verdict["passed"] = verdict["passed"] is True
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DocumentInvalid(f"verdict on version {version} of {name}") from error
        return verdict

    def record_verdict(self, name: str, version: int, verdict: Mapping[str, Any]) -> bool:
        """Write a verdict once, and say whether this one is it (another may have been first)."""
        return self.store.create(layout.verdict(name, version), canonical(verdict))

    def unreferenced(self, *, written_before: datetime | None = None) -> list[str]:
        """Give the keys of blobs that no manifest names: what a killed publisher left behind.

        A manifest whose signature does not hold, or that cannot be read at all, still keeps its
        blobs: removing is for what nothing names.

        Parameters
        ----------
        written_before
            Leaves out what was written since: somebody may be publishing it, manifest last.
        """
        blobs = set(self.store.keys(layout.BLOBS, written_before=written_before))
        for name in self.names():
            for version in self._numbers(layout.versions(name)):
                content = self.store.get(layout.manifest(name, version)) or b""
                blobs -= {layout.blob(digest.decode()) for digest in _DIGEST.findall(content)}
        return sorted(blobs)

    def _numbers(self, prefix: str) -> list[int]:
        found = (layout.number(key) for key in self.store.keys(prefix))
        return sorted(number for number in found if number is not None)

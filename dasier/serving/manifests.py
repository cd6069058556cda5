"""Manifests that were read: each verified once, and never more of them than a bound holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.manifest import Manifest

Key = tuple[str, int]

_TIMES = 4
"""What a manifest takes of memory, in times of its JSON: 3.5 with 30 columns of numbers, 4.4 with 7 mixed ones."""

_MOST_SUMMARIES = 10_000


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list tells of a version."""

    title: Mapping[str, str]
    summary: Mapping[str, str]
    task: str
    runtime: str

    @classmethod
    def of(cls, manifest: Manifest) -> Summary:
        """Give that of a manifest."""
        return cls(manifest.title, manifest.summary, manifest.schema.output.task, manifest.runtime.name)


@dataclass
class Manifests:
    """The least recently used go first; of those that went, what a list tells is still known.

    Attributes
    ----------
    budget_bytes : int
        What they may take together, `size_bytes` each; one that is larger is held alone.
    read : callable
        Reads one, and checks its signature and binding.
    """

    budget_bytes: int
    read: Callable[[str, int], Manifest]
    _held: OrderedDict[Key, tuple[Manifest, int]] = field(default_factory=OrderedDict)
    _summaries: dict[Key, Summary] = field(default_factory=dict)
    _bytes: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str, version: int) -> Manifest:
        """Give one; it never changes, so it is read again only if it had to go.

        Raises
        ------
        VersionNotFound, Untrusted
        """
        key = name, version
        with self._guard:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key][0]
        manifest = self.read(name, version)
        taken = size_bytes(manifest)
        with self._guard:
            if key not in self._held:
                while self._held and self._bytes + taken > self.budget_bytes:
                    self._bytes -= self._held.popitem(last=False)[1][1]
                self._held[key] = manifest, taken
                self._bytes += taken
        return manifest

    def summary(self, name: str, version: int) -> Summary:
        """Give what a list tells of one.

        Raises
        ------
        VersionNotFound, Untrusted
        """
        key = name, version
        known = self._summaries.get(key)
        if known is None:
            known = Summary.of(self.get(name, version))
            with self._guard:
                if len(self._summaries) >= _MOST_SUMMARIES:
                    self._summaries.clear()
                self._summaries[key] = known
        return known


def size_bytes(manifest: Manifest) -> int:
    """Give about what a manifest takes of memory."""
    return _TIMES * len(orjson.dumps(manifest.to_document()))

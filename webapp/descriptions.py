"""What models are, remembered for a moment, so that an answer costs one call of the API instead of two.

A description belongs to a version, and an answer names its version: whoever sees another one than was remembered
asks again (`Descriptions.of`). That holds without a clock; the time limit is for what no answer tells, a new title say.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import current_app

from webapp.api import api

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from dasier.client import Client, ModelDescription

REMEMBERED_S = 30.0
MOST = 64
"""Descriptions that are held at a time: one of a thousand columns is about a megabyte."""


@dataclass(slots=True)
class Descriptions:
    """Descriptions by model, the newest that were seen."""

    api: Callable[[], Client]
    monotonic: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[float, ModelDescription]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self, name: str) -> ModelDescription:
        """Give what the API says at this moment.

        Raises
        ------
        NotFound, Unavailable
        """
        described = self.api().describe(name)
        with self._lock:
            self._seen.pop(name, None)
            while len(self._seen) >= MOST:
                del self._seen[next(iter(self._seen))]
            self._seen[name] = self.monotonic(), described
        return described

    def lately(self, name: str) -> ModelDescription:
        """Give what the API said at most `REMEMBERED_S` ago.

        Raises
        ------
        NotFound, Unavailable
        """
        at, described = self._seen.get(name, (0.0, None))
        if described is None or self.monotonic() - at > REMEMBERED_S:
            return self.now(name)
        return described

    def of(self, described: ModelDescription, version: int) -> ModelDescription:
        """Give the description for an answer: asked for again when another version than was remembered gave it.

        Raises
        ------
        NotFound, Unavailable
        """
        return described if described.version == version else self.now(described.name)


def register(app: Flask) -> None:
    """Let each process remember what it saw."""
    app.extensions["dasier-descriptions"] = Descriptions(api)


def descriptions() -> Descriptions:
    """Give what this process remembers."""
    found: Descriptions = current_app.extensions["dasier-descriptions"]
    return found

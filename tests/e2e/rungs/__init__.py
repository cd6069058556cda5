"""The ladder: every way in which DASIER runs, from functions in this process to a deployment.

A rung says what this machine lacks for it, and gives a service over models that were published
before. `tests/e2e/test_black_box.py` holds every service to the same promises. Another rung is a class
of this form, in a module of its own, and its name in `ladder`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dasier.registry import Registry
from dasier.signing import TrustedKeys
from dasier.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dasier.local.events import Reply
    from dasier.signing import LocalSigner


@dataclass(frozen=True)
class Prepared:
    """A store with models that serve, and the key that signed them.

    Attributes
    ----------
    folder : Path
        The store, to be read only; `copy` gives one to write in.
    signer : LocalSigner
    """

    folder: Path
    signer: LocalSigner

    @property
    def url(self) -> str:
        """What `DASIER_REGISTRY` is set to."""
        return f"file://{self.folder}"

    @property
    def trusted(self) -> str:
        """What `DASIER_TRUSTED_KEYS` is set to."""
        return self.signer.public_key()

    def copy(self, folder: Path) -> Prepared:
        """Give the same models in another folder."""
        shutil.copytree(self.folder, folder)
        return Prepared(folder, self.signer)

    def registry(self, url: str | None = None, environment: Mapping[str, str] | None = None) -> Registry:
        """Give the registry here, or at another place, for those who publish to it."""
        store = open_store(url or self.url, environment=dict(environment or {}))
        return Registry(store, TrustedKeys.parse([self.trusted]))

    def upload(self, registry: Registry) -> None:
        """Write these models to another registry, manifests last, as publishing does."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        for path in sorted(files, key=lambda path: path.relative_to(self.folder).parts[0]):
            registry.store.create(path.relative_to(self.folder).as_posix(), path.read_bytes())


class Service(Protocol):
    """What answers on a rung."""

    registry: Registry
    """What it serves from; who writes to it publishes."""

    signer: LocalSigner
    """Signs what it believes."""

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Give the answer to a request; the target is the path with its query, percent-encoded."""
        ...

    def published(self, key: str) -> None:
        """Do what the store's event would do on a rung that has none; where it has, do nothing."""
        ...


class Rung(Protocol):
    """A way in which DASIER runs."""

    name: str
    group: str
    """Rungs of one group are not tested at the same time."""

    def missing(self) -> str | None:
        """Say what this machine lacks for it; None if nothing."""
        ...

    def serving(self, prepared: Prepared, work: Path) -> AbstractContextManager[Service]:
        """Give a service over these models, which ends with the context; `work` is a folder of its own."""
        ...

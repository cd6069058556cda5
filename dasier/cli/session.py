"""The registry that a command works on, and the keys that go with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dasier.errors import SettingsInvalid
from dasier.local.home import DEFAULT
from dasier.registry import Registry
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Session:
    """A registry by its URL.

    Attributes
    ----------
    url : str
    environment : mapping
        ``DASIER_TRUSTED_KEYS``: the keys that are believed; by default the one that signs here.
        ``DASIER_SIGNING_KEY``: the file with the private key; by default ``keys/signing.pem``
        beside the registry's folder, or in ``.dasier`` for a registry that is not a folder.
    """

    url: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, url: str | None, environment: Mapping[str, str] = os.environ) -> Session:
        """Give the session of an option's value, or of the default folder."""
        return cls(url or f"file://{(Path.cwd() / DEFAULT).resolve()}/store", environment)

    @property
    def key_file(self) -> Path:
        """Where the private key is."""
        named = self.environment.get("DASIER_SIGNING_KEY")
        if named:
            return Path(named)
        folder = self.folder
        home = folder.parent if folder else Path.cwd() / DEFAULT
        return home / "keys" / "signing.pem"

    @property
    def folder(self) -> Path | None:
        """The registry's folder; None if it is not one."""
        return Path(self.url.removeprefix("file://")) if self.url.startswith("file:///") else None

    @cached_property
    def trusted_keys(self) -> tuple[str, ...]:
        """The public keys that are believed."""
        named = self.environment.get("DASIER_TRUSTED_KEYS", "")
        keys = tuple(key.strip() for key in named.split(",") if key.strip())
        if keys or not self.key_file.exists():
            return keys
        return (self.signer().public_key(),)

    def signer(self) -> LocalSigner:
        """Give the signer, its key pair made on first use."""
        return LocalSigner.from_file(self.key_file)

    def registry(self, *, make: bool = False) -> Registry:
        """Give the registry.

        Raises
        ------
        SettingsInvalid
            If it is a folder that is not there, and is not to be made.
        """
        if not make and self.folder and not self.folder.is_dir():
            raise SettingsInvalid(
                [f"there is no registry in {self.folder}: `dasier up` makes one, --registry names another"]
            )
        return Registry(open_store(self.url), TrustedKeys.parse(self.trusted_keys))

    def name_in(self, environment: dict[str, str] | os._Environ[str]) -> None:
        """Tell functions that run in this process, or in one that it starts, which registry and keys these are."""
        environment["DASIER_REGISTRY"] = self.url
        environment["DASIER_TRUSTED_KEYS"] = ",".join(self.trusted_keys)

"""The registry that a command works on, and the keys that go with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dasier.aws import kms
from dasier.aws.account import Account
from dasier.aws.stack import read_stack, stack_named
from dasier.errors import SettingsInvalid
from dasier.local.home import DEFAULT
from dasier.registry import Registry
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.signing import Signer


@dataclass(frozen=True)
class Session:
    """A registry by its URL.

    Attributes
    ----------
    url : str
    environment : mapping
        ``DASIER_TRUSTED_KEYS``: the keys that are believed; by default the one that signs here.
        ``DASIER_SIGNING_KEY``: the file with the private key, or a key in AWS KMS
        (``kms:alias/dasier-prod``, or its ARN); by default ``keys/signing.pem`` beside the
        registry's folder, or in ``.dasier`` for a registry that is not a folder.
    """

    url: str
    environment: Mapping[str, str]

    @classmethod
    def of(cls, url: str | None, environment: Mapping[str, str] = os.environ) -> Session:
        """Give the session of an option's value, or of the default folder.

        ``stack:NAME`` stands for the registry of a stack in AWS and the keys that go with it.
        """
        stack = stack_named(url)
        if stack is not None:
            given = read_stack(stack, Account(environment)).settings()
            chosen = {name: value for name, value in environment.items() if value}
            return cls(given["DASIER_REGISTRY"], given | chosen)
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
        if keys or not (self.kms_key or self.key_file.exists()):
            return keys
        return (self.signer().public_key(),)

    @property
    def kms_key(self) -> str | None:
        """The key in AWS KMS that signs; None if one in a file does."""
        return kms.named(self.environment.get("DASIER_SIGNING_KEY", ""))

    def signer(self) -> Signer:
        """Give the signer; a key pair in a file is made on first use."""
        if self.kms_key is not None:
            return kms.KmsSigner(self.kms_key, Account(self.environment))
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
        return Registry(
            open_store(self.url, environment=self._reaching), TrustedKeys.parse(self.trusted_keys)
        )

    @cached_property
    def _reaching(self) -> dict[str, str]:
        """The environment, with what boto3 finds where a store in S3 would find no credentials."""
        found = dict(self.environment)
        if self.url.startswith("s3://") and not found.get("AWS_ACCESS_KEY_ID") and find_spec("boto3"):
            found |= Account(self.environment).store_environment()
        return found

    def name_in(self, environment: dict[str, str] | os._Environ[str]) -> None:
        """Tell functions that run in this process, or in one that it starts, which registry and keys these are."""
        environment["DASIER_REGISTRY"] = self.url
        environment["DASIER_TRUSTED_KEYS"] = ",".join(self.trusted_keys)
        environment |= {name: value for name, value in self._reaching.items() if name.startswith("AWS_")}

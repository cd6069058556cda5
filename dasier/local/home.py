"""The folder that holds what one machine keeps between runs.

::

    .dasier/
      store/              the registry
      keys/signing.pem    the key that signs what is published here
      keys/site-secret    signs the site's cookies
      build.log           what the libraries said while models were built
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from dasier.errors import StoreDenied
from dasier.signing import LocalSigner

DEFAULT = Path(".dasier")


@dataclass(frozen=True, slots=True)
class Home:
    """Where the registry and the keys of one machine are."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Home:
        """Give the home in a folder, made if it is not there.

        Raises
        ------
        StoreDenied
            If it cannot be written.
        """
        absolute = folder.absolute()
        try:
            absolute.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreDenied(f"to keep data in {folder}", error.strerror or "no permission") from error
        return cls(absolute)

    @property
    def store(self) -> Path:
        """The registry's folder."""
        return self.folder / "store"

    @property
    def registry(self) -> str:
        """The registry as `DASIER_REGISTRY` names it."""
        return f"file://{self.store}"

    @property
    def signing_key(self) -> Path:
        """The private key's file."""
        return self.folder / "keys" / "signing.pem"

    @property
    def build_log(self) -> Path:
        """Where builders write what is not for the terminal."""
        return self.folder / "build.log"

    def signer(self) -> LocalSigner:
        """Give the signer, its key pair made on first use."""
        return LocalSigner.from_file(self.signing_key)

    def site_secret(self) -> str:
        """Give the site's secret, made on first use and kept, so that open forms outlive a restart."""
        path = self.folder / "keys" / "site-secret"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text("ascii")
        secret = secrets.token_urlsafe(32)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secret)
        return secret

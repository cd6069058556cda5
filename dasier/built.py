"""A built model: a folder with an unsigned manifest and its blobs, ready to publish.

::

    manifest.json            version 0: not published yet
    blobs/<sha256>
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.errors import DataInvalid, DigestMismatch, DocumentInvalid
from dasier.manifest import Manifest, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Built:
    """What a build gives.

    Attributes
    ----------
    manifest : Manifest
        With version 0, unsigned.
    blobs : mapping of role to bytes
        Exactly the roles that the manifest names.
    """

    manifest: Manifest
    blobs: Mapping[str, bytes]

    def write(self, folder: Path) -> None:
        """Write the folder; the manifest comes last, so that a folder with one is whole."""
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)
        for role, content in self.blobs.items():
            (folder / "blobs" / self.manifest.blobs[role].sha256).write_bytes(content)
        (folder / "manifest.json").write_bytes(canonical(self.manifest.to_document()))

    @classmethod
    def read(cls, folder: Path) -> Built:
        """Read a folder, checking each blob's digest.

        Raises
        ------
        DataInvalid
            If the folder holds no whole build.
        DigestMismatch
            If a blob was changed since.
        """
        try:
            manifest = Manifest.from_document(json.loads((folder / "manifest.json").read_bytes()))
            blobs = {
                role: (folder / "blobs" / blob.sha256).read_bytes() for role, blob in manifest.blobs.items()
            }
        except (OSError, ValueError, AttributeError, RecursionError, DocumentInvalid) as error:
            raise DataInvalid(f"{folder} holds no whole build; run `dasier build` again") from error
        for role, content in blobs.items():
            found = hashlib.sha256(content).hexdigest()
            if found != manifest.blobs[role].sha256:
                raise DigestMismatch(role, expected=manifest.blobs[role].sha256, found=found)
        return cls(manifest, blobs)

"""Sign and verify.

A signature is asymmetric: who serves holds public keys only, on a list of their own. Ed25519
is used where the private key is a file, ECDSA on P-256 with SHA-256 where AWS KMS holds it
(`dasier.aws.kms`). No list of keys ever comes from what is verified.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from dasier.errors import SettingsInvalid, SignatureInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

_ED25519 = bytes.fromhex("302a300506032b6570032100")
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
"""How a public key of each kind begins in DER (RFC 8410 §4, RFC 5480 §2): what follows is the key itself."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature, and which key made it."""

    key_id: str
    algorithm: str
    value: str

    def to_dict(self) -> dict[str, str]:
        """Give the form that a manifest holds."""
        return {"key_id": self.key_id, "algorithm": self.algorithm, "value": self.value}


class Signer(Protocol):
    """Whoever holds a private key."""

    def sign(self, content: bytes) -> Signature:
        """Sign bytes."""
        ...

    def public_key(self) -> str:
        """Give the public key as `TrustedKeys.parse` reads it."""
        ...


class TrustedKeys:
    """The public keys whose signatures are believed.

    Parameters
    ----------
    keys
        Public keys by their id, which is the start of the SHA-256 of their DER form.
    """

    def __init__(self, keys: Mapping[str, PublicKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> TrustedKeys:
        """Read keys given as base64 of their DER form (SubjectPublicKeyInfo).

        Raises
        ------
        SettingsInvalid
            Naming each that is not such a key.
        """
        keys: dict[str, PublicKey] = {}
        problems: list[str] = []
        for position, text in enumerate(texts, start=1):
            try:
                der = base64.b64decode(text, validate=True)
                key = _public_key(der)
            except (ValueError, UnsupportedAlgorithm):
                problems.append(f"trusted key {position} is not base64 of a DER public key")
                continue
            if not isinstance(key, (Ed25519PublicKey, EllipticCurvePublicKey)):
                problems.append(f"trusted key {position} is neither Ed25519 nor an elliptic curve's")
                continue
            keys[key_id(der)] = key
        if problems:
            raise SettingsInvalid(problems)
        return cls(keys)

    def verify(self, content: bytes, signature: Mapping[str, object]) -> None:
        """Believe bytes that one of these keys signed.

        Raises
        ------
        SignatureInvalid
            If the key is not on the list, or the signature is not of these bytes.
        """
        identity = signature.get("key_id")
        key = self._keys.get(identity) if isinstance(identity, str) else None
        if key is None:
            raise SignatureInvalid("its key is not on the list of trusted keys")
        try:
            value = base64.b64decode(str(signature.get("value")), validate=True)
            # One spelling only: base64 ignores the last bits, and nothing else may ride along unsigned.
            algorithm = "Ed25519" if isinstance(key, Ed25519PublicKey) else "ECDSA_SHA_256"
            if signature != Signature(str(identity), algorithm, base64.b64encode(value).decode()).to_dict():
                raise SignatureInvalid("it is not written as signatures are")
            if isinstance(key, Ed25519PublicKey):
                key.verify(value, content)
            else:
                key.verify(value, content, ECDSA(SHA256()))
        except (InvalidSignature, ValueError, binascii.Error) as error:
            raise SignatureInvalid("it is not of these bytes") from error


class LocalSigner:
    """Signs with an Ed25519 key held in a file."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_file(cls, path: Path) -> LocalSigner:
        """Read a key pair from a PEM file, making it on first use (readable by its owner only).

        Raises
        ------
        SettingsInvalid
            If the file holds no Ed25519 private key.
        """
        if not path.exists():
            _make(path)
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except TypeError as error:
            raise SettingsInvalid([f"{path} holds a private key that a password protects"]) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SettingsInvalid(
                [f"{path} holds no private key; move it away and a new pair is made"]
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise SettingsInvalid([f"{path} holds a private key that is not Ed25519"])
        return cls(key)

    def sign(self, content: bytes) -> Signature:
        """Sign bytes."""
        der = self._der()
        return Signature(key_id(der), "Ed25519", base64.b64encode(self._key.sign(content)).decode())

    def public_key(self) -> str:
        """Give the public key as `TrustedKeys.parse` reads it."""
        return base64.b64encode(self._der()).decode()

    def _der(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _make(path: Path) -> None:
    """Write a new key pair, whole or not at all; if another process is first, its pair stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        Path(draft).unlink()


def _public_key(der: bytes) -> object:
    """Read a public key: the two kinds that DASIER makes without what reads any, a tenth of the start of a function.

    Raises
    ------
    ValueError
        If it is none.
    """
    if der.startswith(_ED25519):
        return Ed25519PublicKey.from_public_bytes(der[len(_ED25519) :])
    if der.startswith(_P256):
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), der[len(_P256) :])
    return load_der_public_key(der)


def key_id(der: bytes) -> str:
    """Give the id of a public key in DER form: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(der).hexdigest()[:16]

"""Sign with a key that AWS KMS holds and nobody can copy.

What is signed here is verified offline, by `dasier.signing.TrustedKeys`, like any other signature.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from dasier.aws.account import Account, refusals
from dasier.errors import SettingsInvalid
from dasier.signing import Signature, key_id

_SPEC = "ECC_NIST_P256"
_ALGORITHM = "ECDSA_SHA_256"
_SCHEME = "kms:"


def named(text: str) -> str | None:
    """Give the key that a ``DASIER_SIGNING_KEY`` names; None if it names a file.

    >>> named("kms:alias/dasier-prod")
    'alias/dasier-prod'
    >>> named("arn:aws:kms:eu-west-3:123456789012:alias/dasier-prod")
    'arn:aws:kms:eu-west-3:123456789012:alias/dasier-prod'
    >>> named("keys/signing.pem")
    """
    if text.startswith(_SCHEME):
        return text.removeprefix(_SCHEME)
    parts = text.split(":")
    return text if parts[0] == "arn" and parts[2:3] == ["kms"] else None


class KmsSigner:
    """Signs with a key in KMS.

    Parameters
    ----------
    key : str
        Its id, ARN or alias (``alias/dasier-prod``).
    account : Account
    """

    def __init__(self, key: str, account: Account | None = None) -> None:
        self.key = key
        self._client: Any = (account or Account()).client("kms")

    def sign(self, content: bytes) -> Signature:
        """Sign bytes, however many: KMS is sent their digest alone.

        Raises
        ------
        AwsRefused
            If KMS does not sign: there is no such key, it is disabled, or it is not ours to use.
        SettingsInvalid
            If the key is of another kind.
        """
        identity = key_id(self._der)
        with refusals(f"signing with {self.key}"):
            answer = self._client.sign(
                KeyId=self.key,
                Message=hashlib.sha256(content).digest(),
                MessageType="DIGEST",
                SigningAlgorithm=_ALGORITHM,
            )
        return Signature(identity, _ALGORITHM, base64.b64encode(answer["Signature"]).decode())

    def public_key(self) -> str:
        """Give the public key as `TrustedKeys.parse` reads it."""
        return base64.b64encode(self._der).decode()

    @cached_property
    def _der(self) -> bytes:
        with refusals(f"the public key of {self.key}"):
            answer = self._client.get_public_key(KeyId=self.key)
        der = bytes(answer["PublicKey"])
        key = load_der_public_key(der)
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise SettingsInvalid([f"{self.key} is no key of kind {_SPEC}, with which DASIER signs"])
        return der

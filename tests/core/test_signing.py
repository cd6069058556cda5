from __future__ import annotations

import base64
import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dasier.errors import SettingsInvalid, SignatureInvalid
from dasier.signing import LocalSigner, Signature, TrustedKeys, key_id
from tests.models import SIGNER, TRUSTED

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"to be believed"


def der(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def test_signature_of_a_trusted_key_is_believed() -> None:
    TRUSTED.verify(CONTENT, SIGNER.sign(CONTENT).to_dict())


def test_signature_of_other_bytes_is_refused() -> None:
    with pytest.raises(SignatureInvalid, match="not of these bytes"):
        TRUSTED.verify(CONTENT + b".", SIGNER.sign(CONTENT).to_dict())


def test_signature_by_a_key_that_is_not_on_the_list_is_refused() -> None:
    stranger = LocalSigner(Ed25519PrivateKey.generate())

    with pytest.raises(SignatureInvalid, match="not on the list"):
        TRUSTED.verify(CONTENT, stranger.sign(CONTENT).to_dict())


def test_stranger_who_names_a_trusted_key_is_refused() -> None:
    forged = LocalSigner(Ed25519PrivateKey.generate()).sign(CONTENT).to_dict()

    with pytest.raises(SignatureInvalid):
        TRUSTED.verify(CONTENT, forged | {"key_id": SIGNER.sign(b"").key_id})


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "none"},
        {"extra": "passenger"},
        {"value": 3},
        {"value": "?"},
        {"value": ""},
        {"key_id": None},
        {"key_id": ["a"]},
    ],
    ids=str,
)
def test_signature_in_another_spelling_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(SignatureInvalid):
        TRUSTED.verify(CONTENT, SIGNER.sign(CONTENT).to_dict() | change)


def test_spare_bits_of_base64_are_not_free_to_change() -> None:
    signature = SIGNER.sign(CONTENT).to_dict()
    value = signature["value"]
    twin = value[:-3] + chr(ord(value[-3]) + 1) + "=="
    assert base64.b64decode(twin) == base64.b64decode(value)

    with pytest.raises(SignatureInvalid):
        TRUSTED.verify(CONTENT, signature | {"value": twin})


def test_elliptic_curve_key_is_believed_as_kms_signs_with_it() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    value = base64.b64encode(key.sign(CONTENT, ec.ECDSA(SHA256()))).decode()
    trusted = TrustedKeys.parse([base64.b64encode(der(key)).decode()])

    trusted.verify(CONTENT, Signature(key_id(der(key)), "ECDSA_SHA_256", value).to_dict())


def test_every_key_that_is_none_is_named() -> None:
    unsuitable = base64.b64encode(der(rsa.generate_private_key(65537, 2048))).decode()

    with pytest.raises(SettingsInvalid) as caught:
        TrustedKeys.parse(["?", SIGNER.public_key(), base64.b64encode(b"no").decode(), unsuitable])

    assert [problem[:13] for problem in caught.value.problems] == [
        "trusted key 1",
        "trusted key 3",
        "trusted key 4",
    ]


def test_key_pair_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"

    made = LocalSigner.from_file(path)

    assert LocalSigner.from_file(path).public_key() == made.public_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["signing.pem"]


def test_first_uses_at_once_get_one_key_pair(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"

    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: LocalSigner.from_file(path).public_key(), range(64)))

    assert len(set(keys)) == 1


def test_file_that_holds_no_key_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    path.write_text("mine")

    with pytest.raises(SettingsInvalid, match="move it away"):
        LocalSigner.from_file(path)

    assert path.read_text() == "mine"


def test_key_that_a_password_protects_is_refused_in_words(tmp_path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (tmp_path / "key.pem").write_bytes(pem)

    with pytest.raises(SettingsInvalid, match=r"key\.pem holds a private key that a password protects"):
        LocalSigner.from_file(tmp_path / "key.pem")


def test_file_with_a_key_of_another_kind_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(SettingsInvalid) as caught:
        LocalSigner.from_file(path)

    assert caught.value.problems == (f"{path} holds a private key that is not Ed25519",)


def test_key_is_named_by_the_start_of_its_digest() -> None:
    key = Ed25519PrivateKey.generate()

    signature = LocalSigner(key).sign(CONTENT)

    assert signature.key_id == key_id(der(key)) == hashlib.sha256(der(key)).hexdigest()[:16]
    assert base64.b64decode(LocalSigner(key).public_key()) == der(key)


def test_curve_that_is_not_p256_is_believed_too_if_it_is_on_the_list() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    value = base64.b64encode(key.sign(CONTENT, ec.ECDSA(SHA256()))).decode()
    trusted = TrustedKeys.parse([base64.b64encode(der(key)).decode()])

    trusted.verify(CONTENT, Signature(key_id(der(key)), "ECDSA_SHA_256", value).to_dict())


def test_trusted_key_with_characters_that_are_no_base64_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="trusted key 1 is not base64"):
        TrustedKeys.parse([SIGNER.public_key() + "!"])


def test_problems_of_trusted_keys_say_which_and_why() -> None:
    unsuitable = base64.b64encode(der(rsa.generate_private_key(65537, 2048))).decode()

    with pytest.raises(SettingsInvalid) as caught:
        TrustedKeys.parse([unsuitable])

    assert caught.value.problems == ("trusted key 1 is neither Ed25519 nor an elliptic curve's",)


def test_folders_of_a_new_key_pair_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "signing.pem"

    LocalSigner.from_file(path)

    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")

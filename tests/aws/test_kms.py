from __future__ import annotations

import base64
import hashlib

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_der_public_key

from dasier.aws.kms import KmsSigner, named
from dasier.errors import AwsRefused, SettingsInvalid, SignatureInvalid
from dasier.manifest import signed, verified
from dasier.signing import TrustedKeys
from tests import models
from tests.cloud.account import OURS, client

KEY = "alias/dasier-prod"


@pytest.fixture
def key(moto):
    made = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName=KEY, TargetKeyId=made)
    return made


def test_what_kms_signs_is_verified_offline(key):
    signer = KmsSigner(KEY, OURS)
    trusted = TrustedKeys.parse([signer.public_key()])

    signature = signer.sign(b"a manifest")

    trusted.verify(b"a manifest", signature.to_dict())
    with pytest.raises(SignatureInvalid):
        trusted.verify(b"another manifest", signature.to_dict())


def test_content_of_any_size_is_signed_by_its_digest(key):
    signer = KmsSigner(KEY, OURS)
    content = b"x" * 10_000  # KMS itself takes 4,096 bytes

    signature = signer.sign(content)

    TrustedKeys.parse([signer.public_key()]).verify(content, signature.to_dict())


def test_a_manifest_that_kms_signed_is_believed_by_who_serves(key):
    built = models.constant()
    manifest = built.manifest.bound_to(7, publication="p")

    content = signed(manifest, KmsSigner(KEY, OURS))

    trusted = TrustedKeys.parse([KmsSigner(KEY, OURS).public_key()])
    assert verified(content, name=manifest.name, version=7, trusted=trusted).version == 7


def test_the_public_key_is_what_the_aws_command_gives(key):
    given = client("kms").get_public_key(KeyId=key)["PublicKey"]

    assert KmsSigner(KEY, OURS).public_key() == base64.b64encode(given).decode()
    assert load_der_public_key(given)


def test_a_key_that_is_not_there_is_said_so(moto):
    with pytest.raises(AwsRefused, match="alias/nowhere"):
        KmsSigner("alias/nowhere", OURS).sign(b"")


def test_kms_is_sent_a_digest_and_never_the_content(key):
    signer, asked = KmsSigner(KEY, OURS), []
    signer._client.meta.events.register(
        "provide-client-params.kms.Sign", lambda params, **_: asked.append(params)
    )

    signer.sign(b"what is in a manifest")

    assert asked == [
        {
            "KeyId": KEY,
            "Message": hashlib.sha256(b"what is in a manifest").digest(),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        }
    ]


@pytest.mark.parametrize("code", ["DisabledException", "AccessDeniedException", "KMSInvalidStateException"])
def test_what_kms_refuses_is_told_with_its_reason(key, code):
    signer = KmsSigner(KEY, OURS)
    error = ClientError({"Error": {"Code": code, "Message": "not now"}}, "Sign")
    signer._client.meta.events.register("before-call.kms.Sign", lambda **_: _raise(error))

    with pytest.raises(AwsRefused, match="not now") as refused:
        signer.sign(b"")

    assert refused.value.code == code


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("spec", "usage"),
    [("ECC_NIST_P384", "SIGN_VERIFY"), ("RSA_2048", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT")],
)
def test_a_key_of_another_kind_is_refused_before_it_signs(moto, spec, usage):
    made = client("kms").create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]

    with pytest.raises(SettingsInvalid, match="ECC_NIST_P256"):
        KmsSigner(made, OURS).sign(b"")


def test_a_key_in_kms_is_told_from_a_file():
    assert named("kms:alias/a") == "alias/a"
    assert named("arn:aws:kms:eu-west-3:123456789012:key/1") == "arn:aws:kms:eu-west-3:123456789012:key/1"
    assert named("arn:aws:s3:::bucket") is None
    assert named("keys/signing.pem") is None
    assert named("") is None

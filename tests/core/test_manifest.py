from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier.errors import BindingInvalid, DocumentInvalid, FormatUnknown, SignatureInvalid
from dasier.manifest import FORMAT, Blob, Manifest, canonical, signed, verified
from tests import models
from tests.core.strategies import JSON, schemas
from tests.models import SIGNER, TRUSTED

MANIFEST = models.constant("leaves").manifest.bound_to(3, publication="abc")
CONTENT = signed(MANIFEST, SIGNER)


def read(content: bytes, *, name: str = "leaves", version: int = 3) -> Manifest:
    return verified(content, name=name, version=version, trusted=TRUSTED)


def resigned(**changes: object) -> bytes:
    """Give the bytes of a manifest that a trusted key signed, whatever it says."""
    document = MANIFEST.to_document() | changes
    document = {key: value for key, value in document.items() if value is not ...}
    return canonical(document | {"signature": SIGNER.sign(canonical(document)).to_dict()})


@given(JSON)
def test_canonical_form_is_the_same_for_the_same_document(document: object) -> None:
    once = canonical({"a": document})

    assert canonical(json.loads(once)) == once
    assert json.loads(once) == {"a": document}


def test_canonical_form_holds_no_number_that_is_not_finite() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"a": math.nan})


@given(schemas())
def test_manifest_comes_back_as_it_was_signed(schema: object) -> None:
    manifest = replace(MANIFEST, schema=schema)  # type: ignore[arg-type]

    assert read(signed(manifest, SIGNER)) == manifest


def test_one_flipped_byte_anywhere_is_refused() -> None:
    accepted = []
    for place in range(len(CONTENT)):
        changed = bytearray(CONTENT)
        changed[place] ^= 1
        try:
            read(bytes(changed))
        except SignatureInvalid:
            continue
        accepted.append(place)

    assert accepted == []


@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_any_flip_of_any_byte_is_refused(place: int, flip: int) -> None:
    changed = bytearray(CONTENT)
    changed[place] ^= flip

    with pytest.raises(SignatureInvalid):
        read(bytes(changed))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        CONTENT + b"\n",
        CONTENT.replace(b'":', b'": ', 1),
        b"\xef\xbb\xbf" + CONTENT,
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"signature":{},"n":' + b"9" * 5_000 + b"}",
        CONTENT.replace(b'"version":3', b'"version":3,"version":3'),
        b'{"signature":{"key_id":1}}',
        b'{"a":"\\ud800","signature":{}}',
    ],
    ids=range(13),
)
def test_anything_that_is_not_a_signed_document_is_refused(content: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        read(content)


def test_manifest_of_another_model_or_version_is_refused() -> None:
    with pytest.raises(BindingInvalid, match="leaves version 3, not of oaks version 3"):
        read(CONTENT, name="oaks")
    with pytest.raises(BindingInvalid):
        read(CONTENT, version=4)


@pytest.mark.parametrize("number", [0, FORMAT + 1, "1", None, True, 1.0])
def test_unknown_format_is_refused(number: object) -> None:
    with pytest.raises(FormatUnknown):
        read(resigned(format=number))


@pytest.mark.parametrize("key", ["golden", "runtime", "schema", "blobs", "title"])
@pytest.mark.parametrize("value", [..., None, 3])
def test_signed_document_that_is_no_manifest_is_refused(key: str, value: object) -> None:
    if key in {"golden", "title"} and value is not ...:
        pytest.skip("its content is read where it is used")

    with pytest.raises(DocumentInvalid):
        read(resigned(**{key: value}))


def test_keys_that_a_later_release_adds_are_ignored() -> None:
    document = MANIFEST.to_document()
    for part in (document["runtime"], document["schema"]["output"], *document["blobs"].values()):
        part["colour"] = "red"

    assert read(resigned(**{**document, "colour": "red"})) == MANIFEST


def test_blob_says_what_its_bytes_are() -> None:
    blob = Blob.of(b"abc", "text/plain")

    assert blob.size_bytes == 3
    assert blob.sha256.startswith("ba7816bf")

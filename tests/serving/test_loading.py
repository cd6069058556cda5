from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dasier import layout, runtimes
from dasier.errors import (
    BlobMissing,
    DigestMismatch,
    DocumentInvalid,
    GoldenMismatch,
    LibraryMismatch,
    LoadingFailed,
)
from dasier.serving.loading import BESIDE_BYTES, load
from dasier.serving.manifests import size_bytes
from tests import models
from tests.models import Shop


def loaded(build: Any, spoil: Any = None) -> Any:
    shop = Shop()
    manifest = shop.registry.manifest(build.manifest.name, shop.publish(build))
    if spoil:
        spoil(shop, manifest)
    return load(shop.registry, manifest)


def test_version_that_answers_its_golden_records_may_serve() -> None:
    assert loaded(models.constant()).manifest.version == 1


def test_size_is_what_was_measured_and_at_least_the_blob_with_what_is_held_beside() -> None:
    build = models.constant()
    measured = replace(
        build, manifest=replace(build.manifest, runtime=replace(build.manifest.runtime, memory_bytes=5_000))
    )

    small, large = loaded(build), loaded(measured)
    assert small.size_bytes == len(build.blobs["model"]) + BESIDE_BYTES + size_bytes(small.manifest)
    assert large.size_bytes == 5_000 + BESIDE_BYTES + size_bytes(large.manifest)


def without_model() -> Any:
    build = models.constant()
    blobs = {"card.en.md": build.manifest.blobs["card.en.md"]}
    return replace(build, manifest=replace(build.manifest, blobs=blobs))


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (lambda: models.raw("m", b"not a pickle", models.sklearn.requirements()), LoadingFailed),
        (
            lambda: models.raw("m", b"not a graph", models.onnx.requirements(), runtime_name="onnx"),
            LoadingFailed,
        ),
        (lambda: models.constant(golden={"inputs": {"x": [1.0]}}), LoadingFailed),
        (
            lambda: models.constant(golden={"inputs": {"x": [1.0]}, "outputs": {"predictions": [2.0]}}),
            GoldenMismatch,
        ),
        (lambda: models.raw("m", b"", {"scikit-learn": "0.1"}), LibraryMismatch),
        (without_model, DocumentInvalid),
    ],
    ids=["no pickle", "no graph", "no outputs", "other answers", "libraries", "no model"],
)
def test_version_that_cannot_serve_is_refused_by_name(build: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        loaded(build())


def _gone(shop: Shop, manifest: Any) -> None:
    shop.store.delete(layout.blob(manifest.blobs["model"].sha256))


def _changed(shop: Shop, manifest: Any) -> None:
    _gone(shop, manifest)
    shop.store.create(layout.blob(manifest.blobs["model"].sha256), b"x" * manifest.blobs["model"].size_bytes)


@pytest.mark.parametrize(("spoil", "error"), [(_gone, BlobMissing), (_changed, DigestMismatch)])
def test_nothing_is_deserialised_before_the_digest_is_checked(
    spoil: Any, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(runtimes, "load", lambda *_: called.append("loader"))

    with pytest.raises(error):
        loaded(models.constant(), spoil)

    assert called == []


def test_libraries_are_compared_before_anything_is_read() -> None:
    shop = Shop()
    manifest = shop.registry.manifest("m", shop.publish(models.raw("m", b"", {"scikit-learn": "0.1"})))
    store = models.Counting(shop.store)

    with pytest.raises(LibraryMismatch, match=r"scikit-learn 0\.1, but "):
        load(Shop(store).registry, manifest)

    assert store.blobs_read == 0

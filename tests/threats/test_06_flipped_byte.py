"""One byte of a blob is flipped: refused before anything is deserialised, the last good version serves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from dasier import layout, runtimes
from dasier.errors import DigestMismatch, ModelUnavailable
from dasier.serving.loading import load
from tests import models
from tests.models import Shop
from tests.serving.test_prediction_log import Kept, ask

if TYPE_CHECKING:
    from dasier.store import Store

PLACES = 64


def flipped(content: bytes, place: int) -> bytes:
    at = place * len(content) // PLACES
    return content[:at] + bytes([content[at] ^ (1 << place % 8)]) + content[at + 1 :]


def test_flip_at_any_place_of_any_blob_is_refused_and_the_loader_is_not_called(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(store)
    manifest = shop.registry.manifest("leaves", shop.publish(models.built("leaves")))
    assert {"model", "holdout", "baseline", "card.en.html"} <= set(manifest.blobs)
    called: list[Any] = []
    monkeypatch.setattr(runtimes, "load", lambda *_: called.append(1))
    for role, blob in manifest.blobs.items():
        key = layout.blob(blob.sha256)
        content = store.get(key)
        assert content is not None
        for place in range(PLACES):
            store.delete(key)
            store.create(key, flipped(content, place))

            with pytest.raises(DigestMismatch, match=role.replace(".", r"\.")):
                shop.registry.blob(manifest, role)
            if role == "model":
                with pytest.raises(DigestMismatch):
                    load(shop.registry, manifest)
        store.delete(key)
        store.create(key, content)

    assert called == []


def test_last_good_version_serves_and_log_and_metric_say_so(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(store)
    shop.publish(models.constant(number=1))
    service = shop.service()
    service.serving("constant")
    shop.publish(models.constant(number=2))
    key = layout.blob(models.constant(number=2).manifest.blobs["model"].sha256)
    content = store.get(key)
    assert content is not None
    store.delete(key)
    store.create(key, flipped(content, 7))
    shop.clock.passes(10)

    kept = Kept()
    service.prediction_log = kept

    with caplog.at_level(logging.ERROR):
        answer = ask(service, {"instances": [{"x": 0.5}]})

    assert (answer["statusCode"], answer["headers"]["x-model-version"]) == (200, "1")
    (record,) = kept.records
    assert (record["fallbacks"], record["instead_of"], record["version"]) == (1, 2, "1")
    (of_it,) = [
        sent["Dimensions"]
        for sent in record["_aws"]["CloudWatchMetrics"]
        if "fallbacks" in {metric["Name"] for metric in sent["Metrics"]}
    ]
    assert of_it == [["model", "version"], []]

    logged = [record for record in caplog.records if record.name == "dasier"]
    assert [(r.getMessage(), r.version) for r in logged] == [("version not loaded", 2)]  # type: ignore[attr-defined]
    with pytest.raises(ModelUnavailable):
        shop.service().serving("constant")

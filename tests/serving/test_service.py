from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from dasier import layout
from dasier.errors import ModelNotFound, ModelUnavailable, StoreUnavailable, VersionNotFound
from dasier.releases import Canary
from dasier.rows import from_records, pointer_in
from dasier.serving.loading import BESIDE_BYTES
from dasier.serving.predicting import predict
from tests import hostile, models
from tests.core.stores import s3_store
from tests.models import Counting, Shop

if TYPE_CHECKING:
    from pathlib import Path

    from dasier.serving.loading import Loaded
    from dasier.store import Store


def answer(loaded: Loaded) -> float:
    pointer = pointer_in("#")
    rows = from_records(loaded.manifest.schema, [{"x": 0.5}], pointer)
    return float(predict(loaded, rows, pointer).predictions[0])


def test_released_version_answers(store: Store) -> None:
    shop = Shop(store)
    shop.publish(models.constant(number=1))
    shop.publish(models.constant(number=2))

    assert answer(shop.service().serving("constant")) == 2
    assert answer(shop.service().version("constant", 1)) == 1


def test_model_or_version_that_there_is_not_is_not_found() -> None:
    shop = Shop()
    shop.publish(models.constant())
    service = shop.service()

    with pytest.raises(ModelNotFound):
        service.serving("none")
    with pytest.raises(ModelNotFound):
        service.version("none", 1)
    with pytest.raises(ModelNotFound):
        service.version("../none", 1)
    with pytest.raises(VersionNotFound):
        service.version("constant", 9)


def test_cold_prediction_on_s3_takes_four_requests_and_a_warm_one_none() -> None:
    shop = Shop(s3_store())
    shop.publish(models.constant())
    store = Counting(shop.store)
    service = shop.service(Shop(store).registry)

    answer(service.serving("constant"))
    assert len(store.asked) <= 4, store.asked

    store.asked.clear()
    for _ in range(20):
        answer(service.serving("constant"))
    assert store.asked == []

    shop.clock.passes(service.settings.refresh_s)
    for _ in range(20):
        answer(service.serving("constant"))
    assert len(store.asked) == 1


def test_hundred_models_fit_the_budget_and_only_those_asked_for_are_loaded() -> None:
    shop = Shop()
    for number in range(100):
        shop.publish(models.constant(f"m{number}", number, padding=10_000))
    store = Counting(shop.store)
    budget = 18 * (BESIDE_BYTES + 16_000)
    service = shop.service(Shop(store).registry, model_budget_bytes=budget)

    for number in [*range(0, 100, 2), *range(0, 100, 2)]:
        assert answer(service.serving(f"m{number}")) == number
        held = service.loaded
        assert held.size_bytes <= budget
        blobs = [one.manifest.blobs["model"].size_bytes for one in held._held.values()]
        assert held.size_bytes >= sum(blobs) + len(blobs) * BESIDE_BYTES

    asked_for = {what.split("/")[1] for what in store.asked if what.startswith("get models/")}
    assert asked_for == {f"m{number}" for number in range(0, 100, 2)}
    assert 10 < len(service.loaded) < 20


def test_warm_function_keeps_serving_when_the_store_goes_away() -> None:
    shop = Shop()
    shop.publish(models.constant(number=7))
    store = Counting(shop.store)
    service = shop.service(Shop(store).registry)
    service.serving("constant")
    store.broken = StoreUnavailable("reading", "it is away")

    shop.clock.passes(3_600)

    assert answer(service.serving("constant")) == 7


def test_version_that_cannot_be_loaded_leaves_the_last_good_one_serving(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = Shop()
    shop.publish(models.constant(number=1))
    service = shop.service()
    service.serving("constant")
    shop.publish(models.pickled("constant", hostile.Moody()))
    shop.clock.passes(10)

    with caplog.at_level(logging.ERROR):
        assert answer(service.serving("constant")) == 1

    assert [record.getMessage() for record in caplog.records] == ["version not loaded"]
    assert caplog.records[0].version == 2


@pytest.mark.parametrize("blob", [b"garbage", b""])
def test_whatever_a_runtime_raises_the_last_good_version_serves(blob: bytes) -> None:
    shop = Shop()
    shop.publish(models.constant(number=1))
    service = shop.service()
    service.serving("constant")
    shop.publish(models.raw("constant", blob, models.onnx.requirements(), runtime_name="onnx"))
    shop.clock.passes(10)

    assert answer(service.serving("constant")) == 1


def test_cold_function_says_that_no_version_can_be_loaded() -> None:
    shop = Shop()
    shop.publish(models.constant())
    shop.publish(models.raw("constant", b"garbage", models.onnx.requirements(), runtime_name="onnx"))

    with pytest.raises(ModelUnavailable, match="version 2 cannot be loaded"):
        shop.service().serving("constant")


def test_repaired_version_serves_once_it_loads() -> None:
    shop = Shop()
    manifest = shop.registry.manifest("constant", shop.publish(models.constant(number=3)))
    key = layout.blob(manifest.blobs["model"].sha256)
    content = shop.store.get(key)
    shop.store.delete(key)
    service = shop.service()
    with pytest.raises(ModelUnavailable):
        service.serving("constant")

    shop.store.create(key, content)
    shop.clock.passes(10)

    assert answer(service.serving("constant")) == 3


def test_canary_that_cannot_be_loaded_leaves_its_clients_with_what_serves() -> None:
    shop = Shop()
    shop.publish(models.constant(number=1))
    shop.publish(
        models.raw("constant", b"garbage", models.onnx.requirements(), runtime_name="onnx"), release=False
    )
    shop.release("constant", 1, canary=Canary(2, 99), action="canary")
    service = shop.service()

    assert {answer(service.serving("constant", f"client-{n}")) for n in range(20)} == {1}


def test_canary_never_becomes_the_last_good_version() -> None:
    shop = Shop()
    shop.publish(models.constant(number=1))
    shop.publish(models.constant(number=2), release=False)
    shop.release("constant", 1, canary=Canary(2, 50), action="canary")
    service = shop.service()
    for n in range(20):
        service.serving("constant", f"client-{n}")
    shop.release("constant", 9)
    shop.clock.passes(10)

    assert answer(service.serving("constant")) == 1


def test_paused_model_is_unavailable() -> None:
    shop = Shop()
    shop.publish(models.constant())
    shop.release("constant", None, action="pause")

    with pytest.raises(ModelUnavailable, match="paused"):
        shop.service().serving("constant")


CHILD = """
import json, sys
from functions import predict
event = json.loads(sys.argv[1])
answer = predict.handler(event, None)
heavy = {"sklearn", "pandas", "boto3", "botocore", "onnx", "skl2onnx", "matplotlib", "scipy", "jinja2"} & set(sys.modules)
print(json.dumps([answer["statusCode"], answer["body"], sorted(heavy)]))
"""


def test_answering_from_an_onnx_model_imports_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    shop = Shop(models.open_store(f"file://{tmp_path}/store"))
    shop.publish(models.constant(number=5))
    event: dict[str, Any] = {
        "resource": "/models/{name}/predict",
        "httpMethod": "POST",
        "pathParameters": {"name": "constant"},
        "body": json.dumps({"instances": [{"x": 0.5}]}),
    }
    environment = {
        "DASIER_REGISTRY": f"file://{tmp_path}/store",
        "DASIER_TRUSTED_KEYS": models.SIGNER.public_key(),
        "PYTHONPATH": str(models.ROOT),
        "PATH": os.environ["PATH"],
    }

    child = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(event)], env=environment, capture_output=True, check=True
    )

    status, body, heavy = json.loads(child.stdout)
    assert (status, json.loads(body)["predictions"]) == (200, [{"prediction": 5.0}])
    assert heavy == []

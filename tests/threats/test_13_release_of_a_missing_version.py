"""A release points at a version that is gone: warm the last good serves, cold it is a 503 with Retry-After."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dasier import layout
from dasier.serving.exchange import handler
from functions import predict
from tests import models
from tests.models import Shop

if TYPE_CHECKING:
    from dasier.serving.service import Service
    from dasier.store import Store


def ask(service: Service, resource: str = "/models/{name}/predict", method: str = "POST") -> Any:
    event = {
        "resource": resource,
        "httpMethod": method,
        "pathParameters": {"name": "constant"},
        "body": json.dumps({"instances": [{"x": 0.5}]}),
    }
    return handler(predict.ROUTES, serve=lambda: service)(event, None)


def test_warm_function_serves_the_last_good_version_and_names_it(store: Store) -> None:
    shop = Shop(store)
    shop.publish(models.constant(number=1))
    service = shop.service()
    ask(service)
    shop.publish(models.constant(number=2))
    store.delete(layout.manifest("constant", 2))
    shop.clock.passes(10)

    answer = ask(service)

    assert answer["statusCode"] == 200
    assert answer["headers"]["x-model-version"] == "1"
    assert json.loads(answer["body"])["version"] == 1


def test_cold_function_says_so_and_when_to_come_back(store: Store) -> None:
    shop = Shop(store)
    shop.publish(models.constant(number=1))
    shop.release("constant", 9)

    answer = ask(shop.service())

    assert answer["statusCode"] == 503
    assert int(answer["headers"]["retry-after"]) > 0
    assert "version 9 cannot be loaded" in json.loads(answer["body"])["detail"]


def test_model_is_not_ready(store: Store) -> None:
    shop = Shop(store)
    shop.publish(models.constant(number=1))
    shop.release("constant", 9)

    assert ask(shop.service(), "/v2/models/{name}/ready", "GET")["statusCode"] == 503

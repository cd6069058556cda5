"""The catalog function, asked as API Gateway asks it."""

from __future__ import annotations

import json

from functions import catalog
from tests.functions.events import call
from tests.published import MODELS


def test_models_are_listed(api):
    answer, body = call(api, catalog.ROUTES, "models")

    assert answer["statusCode"] == 200
    assert [one["name"] for one in json.loads(body)["models"]] == sorted(MODELS)


def test_a_model_is_described(api):
    _, body = call(api, catalog.ROUTES, "model")

    assert json.loads(body)["name"] == "birds"


def test_a_browser_in_france_gets_the_card_as_a_french_page(api):
    answer, body = call(api, catalog.ROUTES, "card")

    assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
    assert answer["headers"]["content-language"] == "fr"
    assert body.startswith(b"<!doctype html>")


def test_versions_are_listed(api):
    _, body = call(api, catalog.ROUTES, "versions")

    assert [one["version"] for one in json.loads(body)["versions"]] == [1]


def test_the_openapi_document_needs_no_key(api):
    answer, body = call(api, catalog.ROUTES, "openapi")

    assert answer["statusCode"] == 200
    assert json.loads(body)["openapi"] == "3.1.0"


def test_a_path_that_does_not_exist_is_told_as_its_prefix_promises(api):
    answer, body = call(api, catalog.ROUTES, "nothing")

    document = json.loads(body)
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert document["error"]
    assert document["instance"] == answer["headers"]["x-request-id"]

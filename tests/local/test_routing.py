from __future__ import annotations

import pytest

from dasier.local.routing import Router
from dasier.local.template import Function, Route

PATHS = [
    "/",
    "/models",
    "/models/{name}",
    "/models/{name}/predict",
    "/models/{name}/versions/{version}",
    "/v2",
    "/v2/health/live",
    "/{proxy+}",
]


@pytest.fixture(scope="module")
def router() -> Router:
    function = Function(name="F", handler="functions.f.handler")
    return Router(Route(method="ANY", path=path, function=function, key_required=True) for path in PATHS)


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/", "/", {}),
        ("/models", "/models", {}),
        ("/models/", "/models", {}),
        ("/v2/", "/v2", {}),
        ("/models/penguins", "/models/{name}", {"name": "penguins"}),
        ("/models/penguins/predict", "/models/{name}/predict", {"name": "penguins"}),
        ("/models/wine/versions/7", "/models/{name}/versions/{version}", {"name": "wine", "version": "7"}),
        ("/models/a%20b", "/models/{name}", {"name": "a b"}),
        ("/v2/health/live", "/v2/health/live", {}),
        ("/models/penguins/nothing", "/{proxy+}", {"proxy": "models/penguins/nothing"}),
        ("/favicon.ico", "/{proxy+}", {"proxy": "favicon.ico"}),
    ],
)
def test_the_most_literal_resource_answers(router, path, resource, parameters):
    match = router.match(path)

    assert match.route("GET").path == resource
    assert match.parameters == parameters


@pytest.mark.parametrize("sent", ["..%2f..%2fsecret", "%2e%2e%2fsecret", "%252e%252e", "a%00b", "%23", "%3F"])
def test_encoded_slashes_and_dots_stay_inside_one_parameter(router, sent):
    match = router.match(f"/models/{sent}")

    assert match.route("GET").path == "/models/{name}"
    assert set(match.parameters) == {"name"}


def test_a_percent_sign_is_decoded_once(router):
    assert router.match("/models/%252e").parameters == {"name": "%2e"}


def test_plain_dots_are_not_resolved(router):
    match = router.match("/models/../v2")

    assert match.route("GET").path == "/{proxy+}"


def test_an_empty_segment_is_no_parameter(router):
    assert router.match("/models//predict").route("GET").path == "/{proxy+}"


def test_a_method_of_its_own_is_preferred_to_any():
    function = Function(name="F", handler="functions.f.handler")
    any_method = Route(method="ANY", path="/a", function=function, key_required=True)
    post = Route(method="POST", path="/a", function=function, key_required=False)

    match = Router([any_method, post]).match("/a")

    assert match.route("POST") is post
    assert match.route("GET") is any_method


def test_without_a_route_that_catches_all_an_unknown_path_leads_nowhere():
    assert Router([]).match("/a") is None

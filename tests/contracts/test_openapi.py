"""The OpenAPI document is valid, complete, and true: what it says is what happens."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry as Resources
from referencing.jsonschema import DRAFT202012

from dasier.local.template import read_template
from dasier.serving import openapi
from dasier.serving.problems import STATUS
from functions import catalog, feedback, jobs, operations, predict
from tests.contracts.forms import TABLES, tensors
from tests.published import MODELS, TEMPLATE, Api, built, expected, frame

OURS = (predict.ROUTES, catalog.ROUTES, feedback.ROUTES, jobs.ROUTES, operations.ROUTES)


@pytest.fixture(scope="module")
def document(api):
    return api.json("GET", "/openapi.json")


def _validator(document, schema):
    resource = DRAFT202012.create_resource({"$id": "urn:doc", "components": document["components"]})
    resources = Resources().with_resource("urn:doc", resource)
    absolute = json.loads(json.dumps(schema).replace('"#/components', '"urn:doc#/components'))
    return Draft202012Validator(absolute, registry=resources)


def _schema(document, path, *, method="get", media="application/json", request=False):
    operation = document["paths"][path][method]
    said = operation["requestBody"] if request else operation["responses"]["200"]
    return said["content"][media]["schema"]


def test_the_document_is_valid(document):
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_route_is_documented_and_every_documented_route_is_one(document):
    routes = {(method.lower(), path) for table in OURS for method, path in table if method != "ANY"}
    written = {(method, path) for path, item in document["paths"].items() for method in item}

    generic = {(m, p) for m, p in written if not any(f"/models/{name}/" in p for name in MODELS)}
    assert generic == routes


def test_every_route_is_in_the_template_under_the_function_that_answers_it():
    declared = {(route.path, route.function.target[0]) for route in read_template(TEMPLATE).routes}

    answered = {
        (path, module.__name__)
        for module in (predict, catalog, feedback, jobs, operations)
        for _, path in module.ROUTES
    }
    assert answered <= declared


def test_what_needs_no_key_is_what_the_template_lets_through(document):
    free = {route.path for route in read_template(TEMPLATE).routes if not route.key_required}

    assert {
        p for p, item in document["paths"].items() for o in item.values() if o.get("security") == []
    } == free


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_paths_of_its_own(document, name):
    own = {path for path in document["paths"] if f"/models/{name}/" in path}

    assert own == {f"/models/{name}/predict", f"/models/{name}/invocations", f"/v2/models/{name}/infer"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("path", ["/models/{}/predict", "/models/{}/invocations"])
def test_every_example_works_and_is_answered_as_documented(api, document, name, path):
    path = path.format(name)
    content = document["paths"][path]["post"]["requestBody"]["content"]
    examples = [one["value"] for one in content["application/json"]["examples"].values()]
    requested = _validator(document, _schema(document, path, method="post", request=True))
    answered = _validator(document, _schema(document, path, method="post"))

    for example in examples:
        requested.validate(example)
        answered.validate(api.json("POST", path, example))
    sheet = content["text/csv"]["example"].encode()
    answered.validate(api.json("POST", path, sheet, content_type="text/csv"))


@pytest.mark.parametrize("name", MODELS)
def test_the_example_answer_is_the_answer_to_the_recorded_example(api, document, name):
    path = f"/models/{name}/predict"
    operation = document["paths"][path]["post"]
    asked = operation["requestBody"]["content"]["application/json"]["examples"]["recorded"]["value"]
    told = operation["responses"]["200"]["content"]["application/json"]["example"]

    answer = api.json("POST", path, asked)

    assert answer["predictions"][0]["prediction"] == pytest.approx(told["predictions"][0]["prediction"])
    assert set(answer["predictions"][0]) == set(told["predictions"][0])


@pytest.mark.parametrize("name", MODELS)
def test_the_example_of_infer_works(api, document, name):
    path = f"/v2/models/{name}/infer"
    asked = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]

    _validator(document, _schema(document, path, method="post", request=True)).validate(asked)
    _validator(document, _schema(document, path, method="post")).validate(api.json("POST", path, asked))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", [form for form in TABLES if not form.startswith("text")])
def test_every_form_of_a_table_fits_its_schema(document, name, form):
    body = TABLES[form](frame(name))

    _validator(document, _schema(document, f"/models/{name}/predict", method="post", request=True)).validate(
        body
    )
    _validator(document, _schema(document, "/models/{name}/predict", method="post", request=True)).validate(
        body
    )


@pytest.mark.parametrize("body", [{"instances": []}, {}, [], {"instances": [{"heat": "x", "noise": 1}]}])
def test_what_is_refused_does_not_fit_the_schema(api, document, body):
    schema = _schema(document, "/models/pumps/predict", method="post", request=True)

    assert not _validator(document, schema).is_valid(body)
    assert api.post("/models/pumps/predict", body).status in {400, 422}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/"),
        ("/healthz", "/healthz"),
        ("/models", "/models"),
        ("/models/{name}", "/models/houses"),
        ("/models/{name}/versions", "/models/birds/versions"),
        ("/models/{name}/versions/{version}", "/models/pumps/versions/1"),
        ("/models/{name}/releases", "/models/birds/releases"),
        ("/v2", "/v2"),
        ("/v2/health/live", "/v2/health/live"),
        ("/v2/health/ready", "/v2/health/ready"),
        ("/v2/models/{name}", "/v2/models/birds"),
        ("/v2/models/{name}/ready", "/v2/models/birds/ready"),
    ],
)
def test_every_get_answers_what_its_schema_says(api, document, path, target):
    _validator(document, _schema(document, path)).validate(api.json("GET", target))


def test_an_explanation_fits_its_schema(api, document):
    answer = api.json("POST", "/models/houses/predict?explain=true", TABLES["instances"](frame("houses")))

    _validator(document, _schema(document, "/models/houses/predict", method="post")).validate(answer)


@pytest.mark.parametrize(
    "target", ["/models/nobody/predict", "/models/nobody/invocations", "/v2/models/nobody/infer"]
)
def test_a_problem_fits_its_schema(api, document, target):
    problem = json.loads(api.post(target, {"inputs": tensors("cells", frame("cells"))}).body)

    _validator(document, {"$ref": "#/components/schemas/Problem"}).validate(problem)


def test_every_status_of_the_table_is_documented_where_rows_are_sent(document):
    said = set(document["paths"]["/models/birds/predict"]["post"]["responses"])

    # 409 is for those who publish; nobody does over HTTP.
    assert {str(status) for _, status, _ in STATUS} - {"409"} <= said
    assert {"401", "403", "429", "500"} <= said


def test_a_document_that_would_be_too_long_leaves_models_to_the_generic_paths():
    manifests = [built(name).manifest for name in sorted(MODELS)]

    short = openapi.document(manifests, limit_bytes=68_000)

    assert "left out" in short["info"]["description"]
    assert "/models/{name}/predict" in short["paths"]
    assert "/models/pumps/predict" not in short["paths"]
    assert len(json.dumps(short)) < 68_000


@pytest.mark.parametrize("name", ["version", "predict", "infer", "models", "jobs"])
def test_a_model_may_be_called_as_a_path_is(name):
    named = replace(built("cells").manifest, name=name, version=1)

    written = openapi.document([named], limit_bytes=4_000_000)

    ids = [operation["operationId"] for item in written["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))
    assert f"/models/{name}/predict" in written["paths"]


def test_a_model_that_begins_to_serve_appears(published):
    published.publish("cells")
    api = Api(published)
    before = api.json("GET", "/openapi.json")["paths"]

    published.publish("pumps")

    appeared = set(api.json("GET", "/openapi.json")["paths"]) - set(before)
    assert "/models/pumps/predict" in appeared


def test_the_wording_of_a_class_is_that_of_the_estimator(api):
    assert expected("birds", frame("birds"))[0] in api.json("GET", "/models/birds")["classes"]

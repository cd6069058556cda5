"""The table of errors: each status, its problem document, and nothing that nobody should know."""

from __future__ import annotations

import json

import pytest

from dasier.serving.cache import LoadedVersions
from tests.published import Api, frame, records

ROWS = {"instances": records(frame("pumps"))}
PREFIXES = {
    "/models/{}/predict": (),
    "/models/{}/invocations": ("error_code", "message"),
    "/v2/models/{}/infer": ("error",),
}
EVERY_FORMAT = pytest.mark.parametrize(("path", "extra"), PREFIXES.items(), ids=PREFIXES)


def _problem(answer, status, extra=()):
    document = json.loads(answer.body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert document["type"].startswith("urn:dasier:problem:")
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == answer.headers["x-request-id"]
    assert all(isinstance(document[key], str) for key in extra)
    return document


@EVERY_FORMAT
def test_a_body_that_is_no_json_is_400(api, path, extra):
    document = _problem(
        api.ask("POST", path.format("pumps"), b"{", content_type="application/json"), 400, extra
    )

    assert document["errors"]


@EVERY_FORMAT
def test_a_model_that_does_not_exist_is_404(api, path, extra):
    _problem(api.post(path.format("nobody"), ROWS), 404, extra)


@EVERY_FORMAT
def test_another_method_is_405_with_allow(api, path, extra):
    answer = api.get(path.format("pumps"))

    _problem(answer, 405, extra)
    assert answer.headers["allow"] == "POST"


@EVERY_FORMAT
def test_a_body_over_the_limit_is_413_and_names_the_jobs_endpoint(api, path, extra):
    body = b" " * 4_000_001

    document = _problem(
        api.ask("POST", path.format("pumps"), body, content_type="application/json"), 413, extra
    )

    assert "jobs" in document["detail"]


@EVERY_FORMAT
def test_another_content_type_is_415(api, path, extra):
    _problem(api.ask("POST", path.format("pumps"), b"x", content_type="application/xml"), 415, extra)


@EVERY_FORMAT
def test_rows_that_do_not_fit_are_422_with_pointers(api, path, extra):
    tensor = {"name": "x", "shape": [1, 2], "datatype": "BYTES", "data": ["a", "b"]}
    body = {"inputs": [tensor]} if "v2" in path else {"instances": [{"heat": "a", "noise": "b"}]}

    document = _problem(api.post(path.format("pumps"), body), 422, extra)

    assert all(set(one) == {"pointer", "code", "detail"} for one in document["errors"])


@EVERY_FORMAT
def test_a_model_that_is_not_released_yet_is_503_with_retry_after(published, path, extra):
    published.publish("pumps", release=False)

    answer = Api(published).post(path.format("pumps"), ROWS)

    _problem(answer, 503, extra)
    assert int(answer.headers["retry-after"]) > 0


@EVERY_FORMAT
def test_a_model_that_cannot_be_loaded_is_503_and_says_nothing_of_digests(published, path, extra):
    published.publish("pumps")
    digest = published.registry.manifest("pumps", 1).blobs["model"].sha256
    published.registry.store.delete(f"blobs/sha256/{digest}")

    answer = Api(published).post(path.format("pumps"), ROWS)

    _problem(answer, 503, extra)
    assert digest not in answer.body.decode()


@EVERY_FORMAT
def test_a_fault_of_ours_is_500_and_tells_the_id_alone(published, path, extra, caplog):
    def broken(_name, _version):
        message = "/secret/path is gone"
        raise RuntimeError(message)

    published.publish("pumps")
    published.service.loaded = LoadedVersions(1, broken, lambda: 0.0)

    answer = Api(published).post(path.format("pumps"), ROWS)

    document = _problem(answer, 500, extra)
    assert "secret" not in answer.body.decode()
    assert "errors" not in document
    assert [one.message for one in caplog.records] == ["request failed"]


@pytest.mark.parametrize("path", ["/models/pumps/versions/7/predict", "/v2/models/pumps/versions/7/infer"])
def test_a_version_that_does_not_exist_is_404(api, path):
    assert "7" in _problem(api.post(path, ROWS), 404)["detail"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/models/pumps/nowhere", "/v2/models", "/v2/health", "/models/pumps/predict/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_that_does_not_exist_is_404_by_any_method(api, method, path):
    document = _problem(api.ask(method, path), 404)

    assert ("error" in document) == path.startswith("/v2")


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/openapi.json", "/models", "/models/pumps", "/v2", "/v2/models/pumps/ready"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_path_that_is_read_is_405_by_any_other_method(api, method, path):
    answer = api.ask(method, path)

    _problem(answer, 405)
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("option", ["explain=maybe", "probabilities=2", "explain=None"])
def test_an_option_that_is_neither_true_nor_false_is_400(api, option):
    document = _problem(api.post(f"/models/pumps/predict?{option}", ROWS), 400)

    assert document["errors"][0]["pointer"] == "?" + option.partition("=")[0]


def test_options_that_are_not_ours_are_passed_over(api):
    assert api.post("/models/pumps/predict?utm_source=x&page=9", ROWS).status == 200


def test_every_answer_carries_a_request_id_of_its_own(api):
    found = [api.get("/healthz").headers["x-request-id"] for _ in range(3)]

    assert len(set(found)) == 3

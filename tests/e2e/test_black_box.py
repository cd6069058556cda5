"""What every rung promises, asked from outside: the same requests, the same answers, wherever it runs."""

from __future__ import annotations

import csv
import io
import json
import time
from uuid import uuid4

import numpy as np
import pytest

from dasier import layout
from tests.contracts.forms import TABLES, packed, tensors
from tests.e2e.rungs import over_http
from tests.published import built, expected, frame, records, trained

MODELS = ("birds", "cells", "houses", "pumps")
PATIENCE_S = 90


def ask(service, method, target, body=b"", **headers):
    """Give the status, headers and body of an answer; a body that is not bytes is sent as JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        named = {"content-type": "application/json", **named}
    answer = service.ask(method, target, named, body)
    told = {name.decode().lower(): value.decode("latin-1") for name, value in answer.headers}
    return answer.status, told, answer.body


def good(service, method, target, body=b"", **headers):
    """Give the document of an answer that must be a good one."""
    status, _, content = ask(service, method, target, body, **headers)
    assert status == 200, content
    return json.loads(content)


def problem(service, status, method, target, body=b"", **headers):
    """Give the problem document of a refusal, and its headers."""
    found, told, content = ask(service, method, target, body, **headers)
    document = json.loads(content)
    assert (found, document["status"]) == (status, status), content
    assert told["content-type"] == "application/problem+json"
    return document, told


def posted(rows):
    """Give the headers that go with a body."""
    return {"content_type": "text/csv; charset=utf-8"} if isinstance(rows, bytes) else {}


# --- what there is ----------------------------------------------------------------------------------


def test_it_is_healthy(service):
    assert good(service, "GET", "/healthz")["status"] == "ok"


@pytest.mark.parametrize("token", [None, "Bearer e30.e30.e30"])
def test_nobody_is_let_into_operations_where_no_provider_is_configured(service, token):
    headers = {} if token is None else {"authorization": token}
    decision = b'{"action": "pause", "reason": "none", "on": 1}'

    for method, path, body in (
        ("GET", "/operations", b""),
        ("GET", "/operations/birds", b""),
        ("POST", "/operations/birds/releases", decision),
    ):
        assert service.ask(method, path, headers, body).status in {401, 403}, path


def test_it_says_what_it_is(service):
    assert good(service, "GET", "/")["name"]


def test_it_lists_the_models_with_what_serves(service):
    found = {model["name"]: model for model in good(service, "GET", "/models")["models"]}

    assert set(found) == set(MODELS)
    assert found["birds"]["version"] == 1
    assert found["birds"]["title"]["fr"] == "Birds (fr)"


def test_it_describes_a_model_by_its_schema(service):
    described = good(service, "GET", "/models/birds")

    assert [column["name"] for column in described["schema"]["columns"]] == list(frame("birds").columns)
    assert described["classes"] == ["Adelie", "Chinstrap", "Gentoo"]


def test_it_shows_a_model_s_versions_and_one_of_them(service):
    versions = good(service, "GET", "/models/birds/versions")["versions"]

    one = good(service, "GET", "/models/birds/versions/1")

    assert [version["version"] for version in versions] == [1]
    assert one["version"] == 1


def test_it_tells_a_model_s_releases(service):
    log = good(service, "GET", "/models/birds/releases")["releases"]

    assert [entry["serving"] for entry in log] == [1]


def test_it_gives_the_card_in_the_form_that_is_asked_for(service):
    status, told, card = ask(service, "GET", "/models/birds/card", accept="text/markdown")

    assert status == 200
    assert told["content-type"].startswith("text/markdown")
    assert "Birds" in card.decode()


def test_its_openapi_document_has_the_paths_of_each_model(service):
    document = good(service, "GET", "/openapi.json")

    assert document["openapi"].startswith("3.1")
    assert {f"/models/{name}/predict" for name in MODELS} <= set(document["paths"])


# --- predictions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("name", MODELS)
def test_each_form_is_answered_as_the_fitted_estimator_answers(service, name, form):
    rows = frame(name, slice(0, 20))
    body = TABLES[form](rows)

    found = good(service, "POST", f"/models/{name}/predict", body, **posted(body))["predictions"]

    told = [one["prediction"] for one in found]
    if trained(name).task == "regression":
        np.testing.assert_allclose(told, expected(name, rows), rtol=1e-6)
    else:
        assert told == expected(name, rows)
    if "probabilities" in found[0]:
        shares = [list(one["probabilities"].values()) for one in found]
        np.testing.assert_allclose(shares, trained(name).estimator.predict_proba(rows), atol=1e-6)


def test_a_thousand_rows_are_answered_in_their_order(service):
    rows = frame("cells", slice(0, 60))
    many = records(rows) * 20

    found = good(service, "POST", "/models/cells/predict", {"instances": many})["predictions"]

    assert [one["prediction"] for one in found] == expected("cells", rows) * 20


def test_a_prediction_names_its_model_and_version_in_the_body_and_in_a_header(service):
    rows = {"instances": records(frame("birds"))}

    _, told, content = ask(service, "POST", "/models/birds/predict", rows)

    document = json.loads(content)
    assert (document["model"], document["version"], told["x-model-version"]) == ("birds", 1, "1")
    assert len(document["prediction_id"]) == 26
    assert told["x-request-id"]


def test_what_turned_out_to_be_true_is_taken_for_a_prediction(service):
    body = {"instances": records(frame("birds", slice(0, 1)))}
    id_ = good(service, "POST", "/models/birds/predict", body)["prediction_id"]
    told = {"prediction_id": id_, "actual": "Gentoo"}

    status, _, content = ask(service, "POST", "/models/birds/feedback", told)

    assert (status, json.loads(content)) == (202, {"accepted": 1})


def test_a_version_can_be_asked_for(service):
    rows = frame("birds")

    found = good(service, "POST", "/models/birds/versions/1/predict", {"instances": records(rows)})

    assert [one["prediction"] for one in found["predictions"]] == expected("birds", rows)


def test_a_prediction_is_explained_when_asked(service):
    body = {"instances": records(frame("birds", slice(0, 1)))}

    (found,) = good(service, "POST", "/models/birds/predict?explain=true", body)["predictions"]

    explanation = found["explanation"]
    assert explanation["of"] == found["prediction"]
    total = explanation["reference"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(max(found["probabilities"].values()))


def test_a_row_outside_the_training_range_comes_with_a_warning(service):
    body = {"instances": [{"heat": 900.0, "noise": 50.0}]}

    (warning,) = good(service, "POST", "/models/pumps/predict", body)["warnings"]

    assert (warning["row"], warning["column"]) == (0, "heat")
    assert warning["code"] == "outside_training_range"


@pytest.mark.parametrize("name", MODELS)
def test_an_invocation_is_answered_as_mlflow_s_server_does(service, name):
    rows = frame(name)
    body = TABLES["dataframe_split"](rows)

    answer = good(service, "POST", f"/models/{name}/invocations", body)

    assert list(answer) == ["predictions"]
    np.testing.assert_array_equal(np.ravel(answer["predictions"]), np.ravel(expected(name, rows)))


# --- Open Inference Protocol ------------------------------------------------------------------------


def test_the_inference_server_is_live_and_ready_and_says_what_a_model_takes(service):
    live = good(service, "GET", "/v2/health/live")
    ready = good(service, "GET", "/v2/health/ready")
    model = good(service, "GET", "/v2/models/birds")

    assert (live["live"], ready["ready"]) == (True, True)
    assert [one["name"] for one in model["inputs"]] == list(frame("birds").columns)
    assert good(service, "GET", "/v2/models/birds/ready")["ready"] is True


@pytest.mark.parametrize("nested", [False, True])
def test_tensors_are_answered_with_tensors(service, nested):
    rows = frame("birds", slice(0, 20))
    body = {"id": "mine", "inputs": tensors("birds", rows, nested=nested), "outputs": [{"name": "predict"}]}

    answer = good(service, "POST", "/v2/models/birds/infer", body)

    assert (answer["id"], answer["model_version"]) == ("mine", "1")
    assert answer["outputs"][0]["data"] == expected("birds", rows)


def test_binary_tensors_are_answered_with_binary_tensors(service):
    rows = frame("pumps", slice(0, 20))
    wanted = [{"name": "predict", "parameters": {"binary_data": True}}]
    body, headers = packed(tensors("pumps", rows), outputs=wanted)

    status, told, content = ask(service, "POST", "/v2/models/pumps/infer", body, **headers)

    length = int(told["inference-header-content-length"])
    assert status == 200
    assert json.loads(content[:length])["outputs"][0]["name"] == "predict"
    assert np.frombuffer(content[length:], "<i8").tolist() == expected("pumps", rows)


# --- batch jobs -------------------------------------------------------------------------------------


def submitted(service, name, body=b"", **headers):
    """Give what is told of a new job."""
    headers = {"content_type": "text/csv", **headers} if body else headers
    status, told, content = ask(service, "POST", f"/models/{name}/jobs", body, **headers)
    document = json.loads(content)
    assert (status, told.get("location")) == (202, f"/jobs/{document.get('id')}"), content
    return document


def done(service, id_):
    """Give what a job tells when it is done, which it must be soon."""
    service.published(layout.job_input(id_))
    end_s = time.monotonic() + PATIENCE_S
    while (told := good(service, "GET", f"/jobs/{id_}"))["state"] not in {"done", "failed"}:
        assert time.monotonic() < end_s, told
        time.sleep(0.2)
    assert told["state"] == "done", told
    return told


def at_link(service, method, link, body=b"", **headers):
    """Give the answer at a link of a job: a path here, or an address elsewhere, where no key is sent."""
    if link.startswith("/"):
        return ask(service, method, link, body, **headers)
    base, _, target = link.partition("://")[2].partition("/")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = over_http.ask(f"http://{base}", method, f"/{target}", named, body)
    return answer.status, {k.decode(): v.decode("latin-1") for k, v in answer.headers}, answer.body


def table_at(service, link):
    status, _, content = at_link(service, "GET", link)
    assert status == 200, content
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize("name", MODELS)
def test_a_job_answers_every_row_in_order_as_the_fitted_estimator_does(service, name):
    rows = frame(name, slice(0, 50))

    told = done(service, submitted(service, name, TABLES["text/csv"](rows))["id"])

    found = table_at(service, told["links"]["results"])
    assert (told["rows_done"], told["rows_refused"]) == (50, 0)
    assert [row["row"] for row in found] == [str(number) for number in range(50)]
    if trained(name).task == "regression":
        np.testing.assert_allclose([float(r["prediction"]) for r in found], expected(name, rows), rtol=1e-6)
    else:
        assert [row["prediction"] for row in found] == [str(label) for label in expected(name, rows)]


def test_a_job_s_rows_are_put_where_it_says_and_its_bad_rows_are_told(service):
    told = submitted(service, "pumps")
    body = b"heat,noise\n50.5,49\nwarm,50\n51,50\n"

    upload = told["upload"]
    headers = {name.replace("-", "_"): value for name, value in upload["headers"].items()}
    status, _, content = at_link(service, upload["method"], upload["url"], body, **headers)
    assert (told["state"], status) == ("waiting", 200), content
    ended = done(service, told["id"])

    assert (ended["rows_done"], ended["rows_refused"]) == (2, 1)
    assert [row["row"] for row in table_at(service, ended["links"]["results"])] == ["0", "2"]
    (refused,) = table_at(service, ended["links"]["refused"])
    assert (refused["row"], refused["column"], refused["code"]) == ("1", "heat", "wrong_type")


def test_the_same_idempotency_key_is_the_same_job(service):
    body, key = TABLES["text/csv"](frame("cells")), uuid4().hex

    first, again = (submitted(service, "cells", body, idempotency_key=key) for _ in range(2))

    assert first["id"] == again["id"]
    other = TABLES["text/csv"](frame("cells", slice(0, 2)))
    problem(service, 422, "POST", "/models/cells/jobs", other, content_type="text/csv", idempotency_key=key)


def test_who_does_not_want_to_wait_gets_a_job(service):
    body = {"instances": records(frame("birds"))}

    status, told, content = ask(service, "POST", "/models/birds/predict", body, prefer="respond-async")

    assert (status, told["preference-applied"]) == (202, "respond-async")
    assert done(service, json.loads(content)["id"])["rows_done"] == 8


def test_a_job_can_be_cancelled(service):
    id_ = submitted(service, "birds")["id"]

    assert good(service, "DELETE", f"/jobs/{id_}")["state"] == "cancelled"


def test_a_job_that_is_none_is_404(service):
    problem(service, 404, "GET", "/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV")
    problem(service, 404, "GET", "/jobs/..%2f..%2fmodels")


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["instances", "dataframe_records"])
def test_rows_that_do_not_fit_are_refused_with_a_pointer_to_each_fault(service, form):
    rows = [{"heat": 50.0, "noise": 50.0} for _ in range(4)]
    rows[1]["heat"] = "warm"
    del rows[2]["noise"]
    rows[3]["colour"] = "red"

    document, _ = problem(service, 422, "POST", "/models/pumps/predict", {form: rows})

    found = {error["pointer"] for error in document["errors"]}
    assert found == {f"#/{form}/1/heat", f"#/{form}/2/noise", f"#/{form}/3/colour"}
    assert "warm" not in json.dumps(document)


@pytest.mark.parametrize(
    "body", [b"{", b'{"instances": [{"heat": NaN}]}', b'{"instances": [{"heat": 1e999}]}', b"\xff\xfe"]
)
def test_a_body_that_is_no_json_is_400(service, body):
    problem(service, 400, "POST", "/models/pumps/predict", body, content_type="application/json")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/nothing"),
        ("GET", "/models/nobody"),
        ("GET", "/models/birds/versions/99"),
        ("GET", "/models/..%2f..%2fetc%2fpasswd"),
        ("GET", "/v2/models/nobody/ready"),
        ("POST", "/models/birds/versions/99/predict"),
    ],
)
def test_what_does_not_exist_is_404(service, method, target):
    body = {"instances": records(frame("birds", slice(0, 1)))} if method == "POST" else b""

    problem(service, 404, method, target, body)


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/models/pumps/predict"), ("DELETE", "/models/pumps")]
)
def test_another_method_is_405_and_told_which_there_are(service, method, target):
    _, told = problem(service, 405, method, target)

    assert told["allow"] == ("POST" if target.endswith("predict") else "GET")


def test_a_body_over_the_limit_is_413(service):
    problem(service, 413, "POST", "/models/pumps/predict", b" " * 4_000_001, content_type="application/json")


def test_a_content_type_that_is_not_read_is_415(service):
    problem(service, 415, "POST", "/models/pumps/predict", b"<x/>", content_type="application/xml")


# --- new versions -----------------------------------------------------------------------------------


def test_a_version_published_meanwhile_is_judged_and_serves_by_itself(service):
    body = {"instances": records(frame("houses"))}
    before = good(service, "POST", "/models/houses/predict", body)["version"]

    version = service.registry.publish(built("houses"), service.signer).version
    service.published(layout.manifest("houses", version))

    end_s = time.monotonic() + PATIENCE_S
    while (now := good(service, "POST", "/models/houses/predict", body))["version"] == before:
        assert time.monotonic() < end_s, "the new version does not serve"
        time.sleep(0.2)
    told = [one["prediction"] for one in now["predictions"]]
    assert now["version"] == version == before + 1
    np.testing.assert_allclose(told, expected("houses", frame("houses")), rtol=1e-6)
    verdict = good(service, "GET", f"/models/houses/versions/{version}")["verdict"]
    assert verdict["passed"] is True

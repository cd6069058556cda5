from __future__ import annotations

from dasier import errors
from dasier.errors import Violation
from dasier.serving.problems import problem

REFUSAL = errors.RowsRefused([Violation("#/instances/0/a", "missing", "This column is missing.")])


def test_problem_lists_every_violation_with_its_place() -> None:
    status, _, document = problem(REFUSAL, request_id="r1", resource="/models/{name}/predict")

    assert status == document["status"] == 422
    assert document["instance"] == "r1"
    assert document["errors"] == [
        {"pointer": "#/instances/0/a", "code": "missing", "detail": "This column is missing."}
    ]
    assert "error" not in document


def test_open_inference_clients_get_an_error_string() -> None:
    _, _, document = problem(REFUSAL, request_id="r1", resource="/v2/models/{name}/infer")

    assert "#/instances/0/a: This column is missing." in document["error"]


def test_mlflow_clients_get_a_code_and_a_message() -> None:
    _, _, document = problem(REFUSAL, request_id="r1", resource="/models/{name}/invocations")

    assert document["error_code"] == "INVALID_PARAMETER_VALUE"
    assert "missing" in document["message"]


def test_our_own_fault_tells_nothing_but_the_id() -> None:
    error = ZeroDivisionError("/secret/path with 3.14")

    status, _, document = problem(error, request_id="r1", resource="/models")

    assert status == 500
    assert "secret" not in str(document)
    assert document["instance"] == "r1"


def test_untrusted_version_tells_no_key_and_no_digest() -> None:
    error = errors.DigestMismatch("model", expected="abc123", found="def456")

    status, headers, document = problem(error, request_id="r1", resource="/models")

    assert (status, headers["retry-after"]) == (503, "2")
    assert "abc123" not in str(document)


def test_method_that_is_not_allowed_names_those_that_are() -> None:
    _, headers, _ = problem(errors.MethodNotAllowed(["POST", "GET"]), request_id="r", resource="/")

    assert headers["allow"] == "GET, POST"

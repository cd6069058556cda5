"""What is over the limit is refused by us, with the way out named, before Lambda does."""

from __future__ import annotations

import base64
import json

import pytest

from dasier.serving.exchange import handler
from functions import predict
from tests.published import Api, frame, records

LAMBDA_BYTES = 6 * 1024 * 1024


def _event(text, *, encoded=False, resource="/models/{name}/predict"):
    return {
        "resource": resource,
        "httpMethod": "POST",
        "pathParameters": {"name": "pumps"},
        "headers": {"content-type": "application/json"},
        "body": text,
        "isBase64Encoded": encoded,
        "requestContext": {"requestId": "r"},
    }


def _refused(answer):
    assert answer["statusCode"] == 413
    return json.loads(answer["body"])


@pytest.mark.parametrize(
    "resource", ["/models/{name}/predict", "/models/{name}/invocations", "/v2/models/{name}/infer"]
)
@pytest.mark.parametrize("size", [4_000_001, 5_900_000, 6_100_000])
def test_a_body_over_the_limit_is_413_and_names_the_jobs_endpoint(api, size, resource):
    handle = handler(predict.ROUTES, serve=lambda: api.published.service)

    document = _refused(handle(_event(" " * size, resource=resource), None))

    assert "/models/{name}/jobs" in document["detail"]
    assert "4000000" in document["detail"]


def test_base64_counts_as_it_is_sent(api):
    handle = handler(predict.ROUTES, serve=lambda: api.published.service)
    content = b" " * 3_100_000
    sent = base64.b64encode(content).decode()

    assert len(content) < api.published.service.settings.body_limit_bytes < len(sent)
    _refused(handle(_event(sent, encoded=True), None))


def test_a_body_just_below_the_limit_is_read(api):
    rows = json.dumps({"instances": records(frame("pumps"))})

    answer = api.ask(
        "POST", "/models/pumps/predict", rows.encode().ljust(4_000_000), content_type="application/json"
    )

    assert answer.status == 200


@pytest.mark.parametrize("path", ["/models/pumps/predict?explain=true", "/models/pumps/invocations"])
def test_an_answer_over_the_limit_is_413_and_names_the_jobs_endpoint(published, path):
    published.settings = {"answer_limit_bytes": 400}
    published.service = published.fresh_service()
    published.publish("pumps")
    rows = records(frame("pumps", slice(0, 40))) * 5

    answer = Api(published).post(path, {"instances": rows})

    assert answer.status == 413
    assert "/models/{name}/jobs" in json.loads(answer.body)["detail"]


def test_a_binary_answer_over_the_limit_is_413(published):
    published.settings = {"answer_limit_bytes": 400}
    published.service = published.fresh_service()
    published.publish("cells")
    tensor = {"name": "x", "shape": [60, 4], "datatype": "FP64", "data": [0.5] * 240}

    answer = Api(published).post(
        "/v2/models/cells/infer", {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    )

    assert answer.status == 413
    assert isinstance(json.loads(answer.body)["error"], str)


def test_the_limits_stay_below_lambdas_own(api):
    chosen = api.published.service.settings

    assert chosen.body_limit_bytes < LAMBDA_BYTES
    # An answer may travel as base64, which makes it a third longer.
    assert chosen.answer_limit_bytes * 4 / 3 < LAMBDA_BYTES

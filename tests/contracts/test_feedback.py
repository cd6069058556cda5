"""``POST /models/{name}/feedback``: what was true of predictions."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from dasier import feedback
from dasier.client import Client
from dasier.errors import FeedbackRefused
from dasier.local.server import Server, address, listen
from dasier.schema import Output
from dasier.serving.truths import checked
from dasier.ulid import ulid
from tests.published import Api, frame, records


@pytest.fixture
def asking(published):
    published.publish("birds")
    return Api(published)


def tell(api, body, name="birds", **headers):
    answer = api.post(f"/models/{name}/feedback", body, **headers)
    return answer.status, json.loads(answer.body)


def kept(api, name="birds"):
    now = datetime.now(UTC)
    return feedback.read(api.published.registry.store, name, first=now, last=now)


def test_what_was_true_of_a_prediction_is_kept(asking):
    answer = asking.json("POST", "/models/birds/predict", {"instances": records(frame("birds", slice(1)))})

    status, told = tell(asking, {"prediction_id": answer["prediction_id"], "actual": "Gentoo"})

    assert (status, told) == (202, {"accepted": 1})
    assert kept(asking) == {answer["prediction_id"]: "Gentoo"}


def test_several_are_told_at_once_and_the_rows_of_one_as_a_list(asking):
    one, other = ulid(), ulid()

    status, told = tell(
        asking,
        [
            {"prediction_id": one, "actual": "Adelie"},
            {"prediction_id": other, "actual": ["Gentoo", "Adelie", "Chinstrap"]},
        ],
    )

    assert (status, told) == (202, {"accepted": 2})
    assert kept(asking) == {one: "Adelie", other: ["Gentoo", "Adelie", "Chinstrap"]}


def test_the_same_twice_is_one(asking):
    said = {"prediction_id": ulid(), "actual": "Adelie"}

    assert tell(asking, said) == tell(asking, said) == (202, {"accepted": 1})

    assert len(list(asking.published.registry.store.keys("feedback/"))) == 1


def test_everything_that_is_wrong_is_listed_and_nothing_kept(asking):
    future = "7" + ulid()[1:]

    status, told = tell(
        asking,
        [
            {"prediction_id": ulid(), "actual": "Adelie"},
            {"prediction_id": "../models", "actual": "Adelie"},
            {"prediction_id": future, "actual": "Dodo"},
            {"actual": ["Adelie", 3]},
            {"prediction_id": ulid(), "actual": [], "when": "today"},
            7,
        ],
    )

    assert status == 422
    assert [(error["pointer"], error["code"]) for error in told["errors"]] == [
        ("#/1/prediction_id", "unknown_prediction"),
        ("#/2/prediction_id", "unknown_prediction"),
        ("#/2/actual", "wrong_type"),
        ("#/3/prediction_id", "missing"),
        ("#/3/actual", "wrong_type"),
        ("#/4", "unknown_key"),
        ("#/4/actual", "wrong_type"),
        ("#/5", "wrong_type"),
    ]
    assert kept(asking) == {}


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"NaN", b"[" * 100_000])
def test_a_body_that_is_no_feedback_is_malformed(asking, body):
    answer = asking.ask("POST", "/models/birds/feedback", body, content_type="application/json")

    assert answer.status == 400


def test_another_content_type_is_refused(asking):
    answer = asking.ask("POST", "/models/birds/feedback", b"a,b", content_type="text/csv")

    assert answer.status == 415


def test_the_truth_of_a_regression_is_a_number_and_of_classes_one_of_their_type(published):
    published.publish("houses")
    published.publish("cells")
    published.publish("pumps")
    api = Api(published)

    def status(name, actual):
        return tell(api, {"prediction_id": ulid(), "actual": actual}, name)[0]

    assert [status("houses", actual) for actual in (3, 2.5, True, "3", None)] == [202, 202, 422, 422, 422]
    assert [status("cells", actual) for actual in (0, 1, 2, True, "1")] == [202, 202, 422, 422, 422]
    assert [status("pumps", actual) for actual in (1, -1, 0)] == [202, 202, 422]


@pytest.mark.parametrize(
    ("classes", "actual", "said"),
    [((0.0, 1.0), 1, 1.0), ((0, 1), 1.0, 1), ((False, True), True, True), ((0.0, 1.0), [1, 0.0], [1.0, 0.0])],
)
def test_a_number_that_json_writes_otherwise_is_the_class_that_it_equals(classes, actual, said):
    """JavaScript has one kind of number, and writes 1.0 as 1."""
    output = Output(name="y", task="classification", classes=classes)

    (found,) = checked([{"prediction_id": ulid(), "actual": actual}], output, now=datetime.now(UTC))

    assert repr(found.actual) == repr(said)


@pytest.mark.parametrize(
    ("classes", "actual"), [((0, 1), True), ((False, True), 1), (("1",), 1), ((1,), "1")]
)
def test_truth_is_no_number_and_a_number_no_text(classes, actual):
    output = Output(name="y", task="classification", classes=classes)

    with pytest.raises(FeedbackRefused):
        checked([{"prediction_id": ulid(), "actual": actual}], output, now=datetime.now(UTC))


def test_a_paused_model_is_still_told_what_was_true(asking):
    asking.published.release("birds", None, action="pause")

    assert tell(asking, {"prediction_id": ulid(), "actual": "Adelie"})[0] == 202


def test_a_model_that_does_not_exist_takes_none(asking):
    assert tell(asking, {"prediction_id": ulid(), "actual": 1}, "other")[0] == 404


def test_the_client_tells_what_was_true(published):
    published.publish("birds")
    id_ = ulid()

    with listen("127.0.0.1", 0, option="--port") as bound:
        server = Server(published.gateway, bound)
        server.start()
        try:
            Client(address(bound)).feedback("birds", {id_: "Gentoo"})
            with pytest.raises(FeedbackRefused, match="1 problem") as caught:
                Client(address(bound)).feedback("birds", {id_: "Dodo"})
        finally:
            server.stop()

    assert kept(Api(published)) == {id_: "Gentoo"}
    assert [violation.pointer for violation in caught.value.violations] == ["#/actual"]

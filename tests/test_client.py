"""The client against a real HTTP server on loopback, with clocks that do not tick by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from dasier import errors
from dasier.client import (
    Client,
    KeyRefused,
    Patience,
    ServiceFailed,
    Throttled,
    Unreachable,
)
from dasier.client.asking import decode
from dasier.client.refusals import Busy, refusal
from dasier.client.rows import instances, pointer
from dasier.client.transport import Reply
from tests.webapp import catalog
from tests.webapp.fake_api import JOB, FakeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that moves only when somebody sleeps."""

    slept: list[float] = field(default_factory=list)
    at: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def patience(self, **more: Any) -> Patience:
        return Patience(
            sleep=self.sleep, monotonic=lambda: self.at, now=lambda: NOON, random=lambda: 0.5, **more
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    for description, prediction in catalog.ALL:
        versions, releases = catalog.HISTORIES.get(description["name"], (None, None))
        fake.add(description, prediction, versions=versions, releases=releases)
    yield fake
    fake.close()


@pytest.fixture
def client(api: FakeApi, clock: Clock) -> Client:
    return Client(api.url, "a-key", patience=clock.patience())


def test_models_are_listed_typed(client: Client) -> None:
    entries = client.models()

    assert [entry.name for entry in entries][:2] == ["penguins", "breast-cancer"]
    assert entries[0].title["fr"] == "Espèce de manchot"
    assert entries[0].updated == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_a_model_is_described_with_its_schema_and_metrics(client: Client) -> None:
    described = client.describe("penguins")

    assert described.schema.names[:2] == ("island", "bill_length_mm")
    assert described.schema.columns[0].categories == ("Biscoe", "Dream", "Torgersen")
    assert described.metrics["accuracy"].low == 0.95
    assert described.runtime == "onnx"
    assert described.runtime_reason["fr"] == "égal sur 10 000 lignes"


def test_predictions_come_back_typed_with_warnings(client: Client) -> None:
    answer = client.predict("penguins", [{"island": "Dream"}, {"island": "Biscoe"}], explain=True)

    assert [one.value for one in answer] == ["Adelie", "Adelie"]
    assert len(answer) == 2
    assert answer.predictions[0].explanation is not None
    assert answer.predictions[0].explanation.contributions["island"] == 0.17
    assert answer.warnings[0].code == "outside_training_range"


def test_options_and_version_stand_in_the_address(api: FakeApi, client: Client) -> None:
    client.predict("penguins", [{"a": 1}], 7, explain=True, probabilities=False)

    assert api.seen[-1].path == "/models/penguins/versions/7/predict"
    assert api.seen[-1].query == {"explain": ["true"], "probabilities": ["false"]}


def test_the_key_is_sent_and_never_shown(api: FakeApi, client: Client) -> None:
    client.models()

    assert api.seen[-1].headers["x-api-key"] == "a-key"
    assert "a-key" not in repr(client)


def test_a_client_id_is_sent_so_that_a_canary_stays_the_same(api: FakeApi) -> None:
    Client(api.url, client_id="visitor-7").models()

    assert api.seen[-1].headers["x-client-id"] == "visitor-7"


def test_words_in_one_language_only_are_used_for_both(api: FakeApi, client: Client) -> None:
    api.models["penguins"]["title"] = "Penguins"
    api.models["penguins"]["metrics"]["values"] = {"accuracy": 0.9}

    described = client.describe("penguins")

    assert described.title == {"en": "Penguins", "fr": "Penguins"}
    assert described.metrics["accuracy"].value == 0.9


def test_the_card_is_read(client: Client) -> None:
    assert client.card("penguins") == "# A card"


def test_versions_come_typed_with_their_verdicts(client: Client) -> None:
    newest, serving, _first = client.versions("penguins")

    assert (newest.version, newest.serving, newest.canary, newest.trusted) == (4, False, 10, True)
    assert newest.created == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert newest.primary == "balanced_accuracy"
    assert newest.metrics["balanced_accuracy"].low == 0.93
    assert newest.summary["en"] == "Passed."
    assert serving.verdict is not None
    assert (serving.verdict.passed, serving.verdict.against) == (False, 2)
    assert serving.summary["fr"].startswith("Refusée. Il n’est pas prouvé qu’elle soit assez bonne")


@pytest.mark.parametrize(
    "metrics",
    [
        *(
            {"values": {"mae": value}}
            for value in (None, "a", True, {}, {"value": None}, {"value": 1, "low": "a"})
        ),
        *({"values": [1]}, {"values": {"mae": [1]}, "primary": ["mae"]}, [1], "a", None),
    ],
)
def test_a_version_that_says_nonsense_of_itself_hides_no_other(
    api: FakeApi, client: Client, metrics: Any
) -> None:
    api.versions["penguins"][0]["metrics"] = metrics

    newest, *others = client.versions("penguins")

    assert (newest.metrics, newest.primary, newest.measured) == ({}, None, {})
    assert all(one.metrics for one in others)


def test_one_version_says_what_each_rule_found_in_both_languages(client: Client) -> None:
    verdict = client.version("penguins", 3).verdict

    assert verdict is not None
    wrong = verdict.rules[-1]
    assert (wrong.rule, wrong.passed) == ("comparison", False)
    assert wrong.title["fr"] == "Face à la version d’avant"
    assert "91.3%" in wrong.measured["en"]
    assert "91,3\u00a0%" in wrong.measured["fr"]
    assert wrong.detail.startswith("On the same 83 held-out rows")


def test_releases_come_typed_and_say_what_happened(client: Client) -> None:
    newest, forced, *_ = client.releases("penguins")

    assert newest.canary is not None
    assert (newest.canary.version, newest.canary.share) == (4, 10)
    assert newest.told["fr"] == "La version 4 répond à 10\u00a0% des appelants, la version 3 aux autres."
    assert (forced.forced, forced.serving, forced.previous, forced.who) == (True, 3, 2, "eve")


def test_lists_are_asked_for_in_parts(api: FakeApi, client: Client) -> None:
    assert [one.number for one in client.releases("penguins", limit=2, before=5)] == [4, 3]
    assert api.seen[-1].query == {"limit": ["2"], "before": ["5"]}
    assert [one.version for one in client.versions("penguins", before=4)] == [3, 2]


def test_a_time_that_is_none_hides_nothing(api: FakeApi, client: Client) -> None:
    api.releases["penguins"][0]["when"] = "yesterday"

    assert client.releases("penguins")[0].when is None
    assert client.releases("penguins")[0].why


def test_feedback_is_sent_as_one_or_as_a_list(api: FakeApi, client: Client) -> None:
    client.feedback("penguins", {"01J": "Gentoo"})
    client.feedback("penguins", {"01J": "Gentoo", "02J": "Adelie"})

    assert api.seen[0].json == {"prediction_id": "01J", "actual": "Gentoo"}
    assert [one["prediction_id"] for one in api.seen[1].json] == ["01J", "02J"]


def test_a_job_takes_rows_csv_or_nothing_and_is_named_by_its_location(api: FakeApi, client: Client) -> None:
    jobs = [client.submit("penguins", rows) for rows in ([{"a": 1}], b"a\n1\n", None)]

    assert {job.id for job in jobs} == set(api.jobs) - {JOB}
    assert [seen.headers.get("content-type") for seen in api.seen] == ["application/json", "text/csv", None]
    assert len({seen.headers["idempotency-key"] for seen in api.seen}) == 3


def test_a_job_is_looked_up(client: Client) -> None:
    assert client.job(JOB).state == "waiting"


def test_nothing_listening_is_unreachable_in_plain_words(api: FakeApi, clock: Clock) -> None:
    api.close()
    client = Client(api.url, patience=clock.patience(attempts=2))

    with pytest.raises(Unreachable, match="2 attempts: nothing listens at its address"):
        client.models()


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422, 500])
def test_other_refusals_are_not_tried_again(api: FakeApi, client: Client, clock: Clock, status: int) -> None:
    api.refuse(status, {"detail": "No."})

    with pytest.raises(errors.DasierError):
        client.models()

    assert clock.slept == []


def test_refused_rows_carry_every_pointer(api: FakeApi, client: Client) -> None:
    listed = [
        {"pointer": "#/instances/0/age", "code": "wrong_type", "detail": "Expected a number."},
        {"pointer": "#/instances/3/sex", "code": "missing", "detail": "Missing."},
    ]
    api.refuse(422, {"status": 422, "detail": "…", "errors": listed})

    with pytest.raises(errors.RowsRefused) as caught:
        client.predict("penguins", [{}])

    assert [one.pointer for one in caught.value.violations] == ["#/instances/0/age", "#/instances/3/sex"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, ServiceFailed), (400, errors.MalformedBody), (401, KeyRefused), (403, KeyRefused),
        (404, errors.NotFound), (405, errors.MethodNotAllowed), (413, errors.InvalidRequest),
        (415, errors.InvalidRequest), (422, errors.RowsRefused), (429, Throttled), (500, ServiceFailed),
        (502, ServiceFailed), (503, Busy),
    ],
)  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": 3}', b'{"message": "Forbidden"}'])
def test_every_status_is_an_error_of_the_library_whatever_the_body(
    status: int, expected: type[Exception], body: bytes
) -> None:
    assert type(refusal(status, {}, body, attempts=1)) is expected


def test_a_failure_of_the_service_names_the_request(api: FakeApi, client: Client) -> None:
    api.refuse(500, {"instance": "01JREQ"})

    with pytest.raises(ServiceFailed, match="01JREQ"):
        client.models()


@pytest.mark.parametrize("body", ["<html>", "[]", '{"models": [{"title": "x"}]}', '{"models": 3}'])
def test_an_answer_outside_the_contract_is_the_services_failure(
    api: FakeApi, client: Client, body: str
) -> None:
    api.refuse(200, body)

    with pytest.raises(ServiceFailed, match="contract"):
        client.models()


def test_a_redirect_is_not_followed_with_the_key(api: FakeApi, client: Client) -> None:
    api.refuse(302, location=f"{api.url}/elsewhere")

    with pytest.raises(ServiceFailed):
        client.models()

    assert [seen.path for seen in api.seen] == ["/models"]


@pytest.mark.parametrize("name", ["../jobs", "a/b", "A", "", "a" * 64, "a%2fb", "a\n", "a?x", ".", "-a"])
def test_a_name_that_cannot_be_a_models_never_leaves(api: FakeApi, client: Client, name: str) -> None:
    with pytest.raises(errors.ModelNotFound):
        client.describe(name)

    assert api.seen == []


def test_a_job_id_that_cannot_be_one_never_leaves(api: FakeApi, client: Client) -> None:
    with pytest.raises(ValueError, match="job id"):
        client.job("../models")

    assert api.seen == []


@pytest.mark.parametrize("url", ["", "localhost:8000", "file:///etc/passwd", "http://", "http://a?b=c"])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(errors.SettingsInvalid):
        Client(url)


def test_a_data_frame_is_read_without_importing_what_made_it(api: FakeApi, client: Client) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, float("nan")], "s": ["a", None], "b": [True, False]})
    frame["i"] = pd.array([1, None], dtype="Int64")
    frame["t"] = pd.Series(["a", pd.NaT], dtype=object)

    client.predict("penguins", frame)

    assert api.seen[-1].json["instances"] == [
        {"n": 1, "x": 0.5, "s": "a", "b": True, "i": 1, "t": "a"},
        {"n": 2, "x": None, "s": None, "b": False, "i": None, "t": None},
    ]


def test_numpy_scalars_are_sent_as_plain_numbers() -> None:
    np = pytest.importorskip("numpy")

    cleaned = instances([{"f": np.float32(0.5), "i": np.int64(3), "b": np.bool_(True), "s": np.str_("a")}])

    assert json.dumps(cleaned) == '[{"f": 0.5, "i": 3, "b": true, "s": "a"}]'


def test_infinite_numbers_are_refused_before_they_are_sent(api: FakeApi, client: Client) -> None:
    with pytest.raises(errors.RowsRefused) as caught:
        client.predict("penguins", [{"a": 1.0}, {"a/b": float("inf")}])

    assert caught.value.violations[0].pointer == "#/instances/1/a~1b"
    assert api.seen == []


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        *(
            (datetime(2026, 11, 25, tzinfo=UTC), "wrong_type"),
            (Decimal("1.5"), "wrong_type"),
            ({1}, "wrong_type"),
        ),
        *((b"a", "wrong_type"), ([float("inf")], "wrong_type"), (float("-inf"), "not_finite")),
    ],
)
def test_a_cell_that_is_no_json_is_named_before_it_is_sent(
    api: FakeApi, client: Client, cell: object, code: str
) -> None:
    with pytest.raises(errors.RowsRefused) as caught:
        client.predict("penguins", [{"a": 1.0}, {"b": cell}])

    assert [(one.pointer, one.code) for one in caught.value.violations] == [("#/instances/1/b", code)]
    assert api.seen == []


def test_arrays_in_a_cell_are_named_and_what_numpy_masks_is_null() -> None:
    np = pytest.importorskip("numpy")

    with pytest.raises(errors.RowsRefused, match="1 problem"):
        instances([{"a": np.array([1, 2])}])

    assert instances([{"a": np.ma.masked}]) == [{"a": None}]


def test_a_column_of_a_frame_is_no_rows() -> None:
    pandas = pytest.importorskip("pandas")

    with pytest.raises(TypeError, match="each row is a dictionary"):
        instances(pandas.Series([1, 2]))


@pytest.mark.parametrize("rows", [{"a": 1}, "a,b", b"a,b", [1, 2], None, 5])
def test_one_row_on_its_own_is_refused_with_advice(rows: object) -> None:
    with pytest.raises(TypeError, match="dictionar"):
        instances(rows)


def test_an_answer_too_deep_to_read_is_the_services_fault(api: FakeApi) -> None:
    deep = b"[" * 100_000

    assert isinstance(refusal(500, {}, deep, attempts=1), errors.DasierError)
    with pytest.raises(ServiceFailed, match="not in its contract"):
        decode(Reply(200, {}, deep), list)


def test_a_pointer_escapes_what_rfc_6901_escapes() -> None:
    assert pointer(0, "a/b~c") == "#/instances/0/a~1b~0c"


def test_the_client_imports_neither_numpy_nor_pandas() -> None:
    script = (
        "import sys, dasier.client; "
        "heavy = {'numpy', 'pandas', 'sklearn', 'onnxruntime', 'boto3', 'requests', 'flask'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"

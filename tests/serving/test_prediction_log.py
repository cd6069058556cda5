from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
import pytest

from dasier import predictions
from dasier.bucket import Patience
from dasier.errors import StoreUnavailable
from dasier.personal import PersonalKey
from dasier.releases import Canary
from dasier.serving.exchange import handler
from dasier.serving.prediction_log import LINE_BYTES, Lines, Stored, line
from dasier.store import LARGE_BYTES, open_store
from functions import predict
from tests import models
from tests.core.faulty import Fault, FaultyS3
from tests.core.stores import BUCKET, s3_environment

RECENTLY = datetime.now(UTC) - timedelta(minutes=1)


class Kept:
    """A prediction log that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def write(self, record: dict[str, Any]) -> None:
        self.records.append(json.loads(line(record)))


def asked(
    shop: models.Shop,
    body: Any,
    path: str = "/models/{name}/predict",
    *,
    client: str | None = None,
    **settings,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the answer to a request, and what was logged of it."""
    log = Kept()
    service = shop.service(**settings)
    service.prediction_log = log
    return ask(service, body, path, client=client), log.records


def ask(service, body: Any, path: str = "/models/{name}/predict", *, client: str | None = None, **parameters):
    event = {
        "resource": path,
        "httpMethod": "POST",
        "pathParameters": {"name": "constant", **parameters},
        "headers": {"content-type": "application/json"} | ({"x-client-id": client} if client else {}),
        "body": json.dumps(body),
    }
    return handler(predict.ROUTES, serve=lambda: service)(event, None)


ROWS = {"instances": [{"x": 0.25}, {"x": 7.0}]}


def test_each_prediction_leaves_a_record() -> None:
    shop = models.Shop()
    shop.publish(models.constant(number=2.0))

    answer, (record,) = asked(shop, ROWS, client="ann@example.org")

    document = json.loads(answer["body"])
    assert record["id"] == document["prediction_id"] == answer["headers"]["x-prediction-id"]
    assert (record["model"], record["version"], record["release"]) == ("constant", "1", 1)
    assert (record["status"], record["rows"], record["errors"], record["refusals"]) == (200, 2, 0, 0)
    assert record["columns"] == {"x": [0.25, 7.0]}
    assert record["outputs"] == {"predictions": [2.0, 2.0]}
    assert record["warnings"] == {"outside_training_range": 1}
    assert 0 < record["latency_ms"] < 60_000
    assert "ann" not in json.dumps(record)


def test_warnings_of_a_long_request_are_counted_although_not_all_of_its_rows_are_kept() -> None:
    shop = models.Shop()
    shop.publish(models.constant())

    _, (record,) = asked(shop, {"instances": [{"x": 7.0}] * 150})

    assert len(record["columns"]["x"]) == 100
    assert record["warnings"] == {"outside_training_range": 150}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/models/{name}/invocations", {"instances": [{"x": 0.5}]}),
        (
            "/v2/models/{name}/infer",
            {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [0.5]}]},
        ),
    ],
)
def test_every_wire_format_leaves_the_same_record(path: str, body: Any) -> None:
    shop = models.Shop()
    shop.publish(models.constant(number=2.0))

    answer, (record,) = asked(shop, body, path)

    assert record["columns"] == {"x": [0.5]}
    assert record["outputs"] == {"predictions": [2.0]}
    assert answer["headers"]["x-prediction-id"] == record["id"]


def test_a_refused_request_counts_against_nobody() -> None:
    shop = models.Shop()
    shop.publish(models.constant())

    answer, (record,) = asked(shop, {"instances": [{"x": "far"}]})

    assert answer["statusCode"] == record["status"] == 422
    assert (record["errors"], record["refusals"], record["error"]) == (0, 1, "RowsRefused")
    assert "columns" not in record


def test_a_version_that_cannot_answer_is_counted_as_its_error() -> None:
    shop = models.Shop()
    shop.publish(models.constant())
    service = shop.service()
    log = service.prediction_log = Kept()
    loaded = service.serving("constant")
    service.loaded._held["constant", 1] = replace(loaded, model=NotANumber())

    answer = ask(service, ROWS)

    (record,) = log.records
    assert answer["statusCode"] == 422
    assert (record["errors"], record["refusals"], record["rows"]) == (1, 0, 2)


class NotANumber:
    def predict(self, rows):
        from dasier.runtimes import Outputs

        return Outputs(np.full(len(rows), np.nan))


def test_a_caller_who_names_a_version_is_counted_for_no_release() -> None:
    shop = models.Shop()
    shop.publish(models.constant())
    service = shop.service()
    log = service.prediction_log = Kept()

    ask(service, ROWS, "/models/{name}/versions/{version}/predict", version="1")

    assert log.records[0]["release"] is None


def test_a_canary_that_cannot_be_loaded_is_named_by_whoever_answers_instead() -> None:
    shop = models.Shop()
    shop.publish(models.constant())
    broken = shop.publish(models.pickled("constant", "no model"), release=False)
    shop.release("constant", 1, canary=Canary(broken, 99), action="canary")
    service = shop.service()
    log = service.prediction_log = Kept()

    for number in range(20):
        ask(service, ROWS, client=f"client-{number}")

    instead = [record for record in log.records if record["instead_of"] == broken]
    assert len(instead) > 10
    assert {record["version"] for record in log.records} == {"1"}
    assert all(record["fallbacks"] == 1 for record in instead)


def test_nothing_is_logged_of_a_model_that_does_not_exist() -> None:
    answer, records = asked(models.Shop(), ROWS)

    assert answer["statusCode"] == 404
    assert records == []


def test_columns_that_tell_of_a_person_are_left_out() -> None:
    shop = models.Shop()
    (column,) = models.X.columns
    schema = replace(models.X, columns=(replace(column, personal=True),))
    shop.publish(models.constant(schema=schema))

    _, (record,) = asked(shop, ROWS)

    assert record["columns"] == {}
    assert record["outputs"] == {"predictions": [1.0, 1.0]}


@pytest.mark.parametrize("n_rows", [2, 1000])
def test_columns_that_are_to_be_hashed_stand_there_as_hashes_under_the_key(n_rows: int) -> None:
    shop, key = models.Shop(), PersonalKey("k" * 32)
    (column,) = models.X.columns
    schema = replace(models.X, columns=(replace(column, personal=True, hashed=True),))
    shop.publish(models.constant(schema=schema))
    cells = [0.25 + row % 7 for row in range(n_rows)]

    _, (record,) = asked(shop, {"instances": [{"x": cell} for cell in cells]}, personal_key=key)

    kept = record.get("positions", range(n_rows))
    expected = key.hashed([cells[row] for row in kept], model="constant", column="x")
    assert record["columns"] == {"x": expected}
    assert "0.25" not in json.dumps(record["columns"])


def test_without_a_key_columns_that_are_to_be_hashed_are_left_out() -> None:
    shop = models.Shop()
    (column,) = models.X.columns
    schema = replace(models.X, columns=(replace(column, personal=True, hashed=True),))
    shop.publish(models.constant(schema=schema))

    _, (record,) = asked(shop, ROWS)

    assert record["columns"] == {}


def test_requests_that_are_not_sampled_are_counted_without_their_rows() -> None:
    shop = models.Shop()
    shop.publish(models.constant())

    _, (record,) = asked(shop, ROWS, log_share=0.0)

    assert record["rows"] == 2
    assert not {"columns", "outputs"} & set(record)


def test_of_many_rows_some_are_kept_and_their_places_told() -> None:
    shop = models.Shop()
    shop.publish(models.constant())

    _, (record,) = asked(shop, {"instances": [{"x": float(i)} for i in range(1000)]})

    assert record["rows"] == 1000
    assert len(record["positions"]) == 100
    assert record["columns"]["x"] == [float(position) for position in record["positions"]]
    assert (record["positions"][0], record["positions"][-1]) == (0, 999)


def test_a_record_is_read_by_cloudwatch_as_metrics_of_the_version() -> None:
    shop = models.Shop()
    shop.publish(models.constant())

    _, (record,) = asked(shop, ROWS)

    for directive in record["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            assert all(isinstance(record[name], str) for name in dimensions)
        for metric in directive["Metrics"]:
            assert isinstance(record[metric["Name"]], int | float)
    assert abs(record["_aws"]["Timestamp"] / 1000 - datetime.now(UTC).timestamp()) < 60


def test_a_version_that_is_loaded_or_refused_is_a_line_that_cloudwatch_reads() -> None:
    shop, stream = models.Shop(), io.BytesIO()
    shop.publish(models.constant())
    broken = shop.publish(models.pickled("constant", "no model"))
    service = shop.service()
    service.prediction_log = Lines(stream)

    answered = [
        ask(service, ROWS, "/models/{name}/versions/{version}/predict", version=version)["statusCode"]
        for version in ("1", str(broken), "77")
    ]

    lines = [json.loads(told) for told in stream.getvalue().splitlines()]
    loaded, refused = (told for told in lines if told["kind"] == "load")
    assert answered == [200, 503, 404]
    assert (loaded["version"], loaded["loads"], loaded["cold_starts"], loaded["error"]) == ("1", 1, 1, None)
    assert (refused["version"], refused["load_refusals"], refused["cold_starts"]) == (str(broken), 1, 0)
    assert refused["error"] == "LoadingFailed"


def test_a_line_too_long_for_cloudwatch_goes_without_its_rows() -> None:
    long = {"id": "01J", "columns": {"text": ["x" * LINE_BYTES]}, "outputs": {}}

    assert orjson.loads(line(long)) == {"id": "01J"}


def test_lines_are_on_the_stream_before_the_answer_leaves() -> None:
    stream = io.BytesIO()

    Lines(stream).write({"id": "01J", "numbers": np.array([1.0, np.nan])})

    assert stream.getvalue() == b'{"id":"01J","numbers":[1.0,null]}\n'


def test_a_stream_that_cannot_be_written_does_not_stop_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Full(io.BytesIO):
        def write(self, _content):
            raise OSError(28, "No space left on device")

    Lines(Full()).write({"id": "01J"})

    assert caplog.records[0].message == "prediction not logged"


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    least = {"model": "wine", "version": "1", "status": 200, "rows": 1, "latency_ms": 1.0, "time": now}
    return {"kind": "prediction", "id": f"01J{number}", **least, **changes}


def test_records_that_were_written_are_read_from_the_store() -> None:
    store = open_store("memory://")
    log = Stored(store, flush_s=60)

    for number in range(3):
        log.write(record(number, _aws={}))
    log.write(record(9, model="cars"))
    log.flush()

    assert [one.id for one in predictions.read(store, "wine", since=RECENTLY)] == ["01J0", "01J1", "01J2"]
    assert [one.id for one in predictions.read(store, "cars", since=RECENTLY)] == ["01J9"]
    assert not any(b"_aws" in store.get(key) for key in store.keys("predictions/"))


class Gone(models.Counting):
    def create(self, key: str, content: bytes) -> bool:
        if self.broken is not None:
            raise self.broken
        return super().create(key, content)


def test_a_store_that_does_not_answer_loses_nothing_once_it_is_back() -> None:
    store = Gone(open_store("memory://"))
    log = Stored(store, flush_s=60)
    store.broken = StoreUnavailable("writing", "it is away")
    log.write(record(1))
    log.flush()
    store.broken = None

    log.write(record(2))
    log.flush()

    found = predictions.read(store, "wine", since=RECENTLY)
    assert sorted(one.id for one in found) == ["01J1", "01J2"]


def test_a_file_whose_answer_was_lost_is_not_stored_twice() -> None:
    class Unheard(Gone):
        def create(self, key: str, content: bytes) -> bool:
            made = super().create(key, content)
            if self.is_unheard:
                self.is_unheard = False
                raise StoreUnavailable("writing", "it did not say")
            return made

        is_unheard = True

    store = Unheard(open_store("memory://"))
    log = Stored(store, flush_s=60)
    log.write(record(1))
    log.flush()
    log.write(record(2))

    log.flush()

    found = predictions.read(store, "wine", since=RECENTLY)
    assert sorted(one.id for one in found) == ["01J1", "01J2"]


def test_what_waits_is_bounded_and_what_is_lost_is_told(caplog: pytest.LogCaptureFixture) -> None:
    store = Gone(open_store("memory://"))
    size_bytes = len(line(record(1)))
    log = Stored(store, flush_s=60, full_bytes=2 * size_bytes, most_bytes=10 * size_bytes)
    store.broken = StoreUnavailable("writing", "it is away")
    for number in range(1, 9):
        log.write(record(number))
    log.flush()
    for number in range(10, 15):
        log.write(record(number))
    store.broken = None

    log.flush()

    found = [int(one.id[3:]) for one in predictions.read(store, "wine", since=RECENTLY)]
    assert sorted(found) == [5, 6, 7, 8, 10, 11, 12, 13, 14]
    assert caplog.records[-1].lost == 4


def test_much_that_waits_is_written_before_its_time() -> None:
    arrived = threading.Event()

    class Told(models.Counting):
        def create(self, key: str, content: bytes) -> bool:
            made = super().create(key, content)
            arrived.set()
            return made

    store = Told(open_store("memory://"))
    log = Stored(store, flush_s=3_600, full_bytes=2 * len(line(record(1))))

    log.write(record(1))
    waits = not list(store.keys(""))
    log.write(record(2))

    assert waits
    assert arrived.wait(30)
    assert [one.id for one in predictions.read(store, "wine", since=RECENTLY)] == ["01J1", "01J2"]


def test_no_file_is_so_large_that_the_store_would_be_waited_for_patiently() -> None:
    store = models.Counting(open_store("memory://"))
    log = Stored(store, flush_s=3_600)
    one = line(record(1))

    for number in range(3 * LARGE_BYTES // len(one)):
        log.write(record(number))
    log.flush()

    sizes = [store.size(key) for key in store.keys("")]
    assert len(sizes) >= 3
    assert max(sizes) <= LARGE_BYTES
    assert LINE_BYTES <= LARGE_BYTES  # a longer line is a file of its own


def test_a_store_that_never_says_what_became_of_a_file_does_not_hold_up_the_others_for_minutes() -> None:
    proxy = FaultyS3()
    proxy.script = lambda method, _, before: Fault(stalls=True) if method == "PUT" and before == 0 else None
    patience = Patience(silence_s=0.5, retry_s=1.0, upload_s=300)
    url = f"s3://{BUCKET}/{uuid4().hex}"
    log = Stored(open_store(url, environment=proxy.environment, patience=patience), flush_s=3_600)
    numbers = range(2 * LARGE_BYTES // len(line(record(1))))
    for number in numbers:
        log.write(record(number))

    writing = threading.Thread(target=log.flush, daemon=True)
    writing.start()
    writing.join(60)

    assert not writing.is_alive()
    there = open_store(url, environment=s3_environment())
    assert sum(1 for _ in predictions.read(there, "wine", since=RECENTLY)) == len(numbers)
    proxy.close()


def test_store_that_is_away_is_not_asked_again_and_again_however_much_waits() -> None:
    store = Gone(open_store("memory://"))
    log = Stored(store, flush_s=3_600, full_bytes=2 * len(line(record(1))))
    store.broken = StoreUnavailable("writing", "it is away")
    log.write(record(1))
    log.flush()

    log.write(record(2))
    log.write(record(3))

    assert not log._full.is_set()


def test_what_waits_when_a_process_ends_is_written_first(tmp_path) -> None:
    script = (
        "from dasier.serving.prediction_log import Stored\n"
        "from dasier.store import open_store\n"
        f"Stored(open_store({f'file://{tmp_path}'!r}), flush_s=60).write({record(1)!r})\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)

    store = open_store(f"file://{tmp_path}")
    assert [one.id for one in predictions.read(store, "wine", since=RECENTLY)] == ["01J1"]

"""What the prediction log holds of a batch job: each block once, a sample of its rows, and nothing that judges requests."""

from __future__ import annotations

import csv
import io
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dasier import gate, layout, predictions
from dasier.errors import StoreDenied
from dasier.gate.sides import Side, count
from dasier.jobs import fanning, recording
from dasier.jobs.job import Job, parts_of
from dasier.jobs.working import work
from dasier.operating import traffic
from dasier.personal import PersonalKey
from dasier.registry import Registry
from dasier.releases import Canary
from dasier.serving.exchange import handler
from dasier.serving.prediction_log import Stored
from dasier.store import Store, open_store
from dasier.ulid import ulid
from functions import predict
from tests import models
from tests.models import Shop

BLOCK = 4_000
ROWS = 1_500
HEADER = b"bill,eggs,ringed,isle,sex\n"
BAD = b"warm,1,true,Dream,f\n"


def table(rows=ROWS):
    """Give a CSV of gulls, each row of which is known by its bill."""
    return HEADER + b"".join(b"%.2f,%d,true,Dream,f\n" % (10 + row / 100, row % 5) for row in range(rows))


def shop_at(store, build=None):
    shop = Shop(store)
    shop.publish(build or models.built("gulls"))
    return shop


def job_of(shop, content, *, name="gulls", **more):
    job = Job(**{"id": ulid(), "model": name, "version": 1, **more})
    shop.store.create(layout.job_document(job.id), job.written())
    shop.store.create(layout.job_input(job.id), content)
    return job


def done(shop, job, *, block_bytes=BLOCK, **settings):
    """Do a job where there is a log."""
    service = shop.service(**{"prediction_log": "store", **settings})
    assert work(service, job.id, lambda: 900.0, block_bytes=block_bytes) == "done"


def logged(shop, name="gulls"):
    since = datetime.now(UTC) - timedelta(hours=1)
    return list(predictions.read(shop.store, name, since=since, jobs=True))


def results(shop, job):
    text = (shop.store.get(layout.job_results(job.id)) or b"").decode()
    return {int(row["row"]): row for row in csv.DictReader(io.StringIO(text))}


def numbers_of(record, first):
    """Give the numbers, in the table, of the rows that a record holds."""
    return [first + place for place in record.positions or range(record.rows)]


def test_each_block_of_a_job_leaves_a_record(store):
    shop = shop_at(store)
    job = job_of(shop, table())

    done(shop, job)

    found, parts = logged(shop), sorted(parts_of(store, job.id))
    assert len(found) == len(parts) > 5
    assert [one.rows for one in found] == [part.rows for part in parts]
    assert [one.id for one in found] == [f"{job.id}-{part.start}" for part in parts]
    assert {(one.job, one.model, one.version, one.release) for one in found} == {(job.id, "gulls", 1, None)}
    assert {(one.status, one.errors, one.refusals, one.rows_refused) for one in found} == {(200, 0, 0, 0)}


def test_a_record_holds_rows_that_were_sent_with_what_was_answered_to_them():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop, table(30_000))

    done(shop, job, block_bytes=200_000)

    told, first = results(shop, job), 0
    assert len(logged(shop)) > 3
    for record in logged(shop):
        numbers = numbers_of(record, first)
        assert record.columns["bill"] == [round(10 + number / 100, 2) for number in numbers]
        assert record.outputs["predictions"] == [told[number]["prediction"] for number in numbers]
        herring = [float(told[number]["probability_herring"]) for number in numbers]
        assert [row[1] for row in record.outputs["probabilities"]] == pytest.approx(herring)
        assert numbers == sorted(set(numbers))
        first += record.rows


def test_rows_that_were_refused_are_counted_and_not_kept():
    shop = shop_at(open_store("memory://"))
    lines = table(900).removeprefix(HEADER).splitlines(keepends=True)
    content = HEADER + b"".join(line if number % 3 else BAD for number, line in enumerate(lines))
    job = job_of(shop, content)

    done(shop, job, block_bytes=10_000_000)

    (record,) = logged(shop)
    assert (record.rows, record.rows_refused, record.refusals) == (900, 300, 0)
    assert list(record.positions) == [number for number in range(900) if number % 3]
    assert record.columns["bill"] == [round(10 + number / 100, 2) for number in record.positions]


def test_a_block_of_which_nothing_was_answered_counts_as_refused():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop, HEADER + BAD * 20)

    done(shop, job)

    (record,) = logged(shop)
    assert (record.status, record.refusals, record.rows, record.rows_refused) == (422, 1, 20, 20)
    assert record.columns is None


def test_blank_lines_are_no_block():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop, table(200) + b"\n" * 5_000)

    done(shop, job, block_bytes=1_000)

    assert any(part.rows == 0 for part in parts_of(shop.store, job.id))
    assert all(one.rows for one in logged(shop))
    assert sum(one.rows for one in logged(shop)) == 200


def test_rows_that_the_model_refuses_by_itself_are_not_kept_and_the_others_are_in_order():
    shop = shop_at(open_store("memory://"))
    service = shop.service(prediction_log="store")
    loaded = service.version("gulls", 1)
    whole = loaded.model

    class Fussy:
        def predict(self, rows):
            if (np.floor(rows.column("bill") * 100).astype(int) % 7 == 0).any():
                raise ValueError
            return whole.predict(rows)

    object.__setattr__(loaded, "model", Fussy())
    job = job_of(shop, table(700))

    assert work(service, job.id, lambda: 900.0) == "done"

    (record,) = logged(shop)
    told = results(shop, job)
    assert record.rows_refused == 700 - len(told) > 50
    assert list(record.positions) == sorted(told)
    assert record.outputs["predictions"] == [told[number]["prediction"] for number in record.positions]


def test_a_request_that_became_a_job_is_logged_too():
    shop = shop_at(open_store("memory://"))
    body = json.dumps(
        {"instances": [{"bill": 44.0, "eggs": 1, "ringed": True, "isle": "Dream", "sex": None}]}
    )
    job = job_of(shop, body.encode(), media_type="application/json")

    done(shop, job)

    (record,) = logged(shop)
    assert (record.rows, record.positions) == (1, None)
    assert record.columns == {"bill": [44.0], "eggs": [1], "ringed": [True], "isle": ["Dream"], "sex": [None]}


# --- how much ------------------------------------------------------------------------------------


def test_of_a_long_block_so_many_rows_are_kept_from_all_parts_of_it():
    shop = shop_at(open_store("memory://"))
    done(shop, job_of(shop, table(40_000)), block_bytes=10_000_000)

    (record,) = logged(shop)

    assert record.rows == 40_000
    assert len(record.positions) == len(record.columns["bill"]) == recording.MOST_ROWS
    per_tenth = np.histogram(record.positions, bins=10, range=(0, 40_000))[0]
    assert set(per_tenth.tolist()) == {recording.MOST_ROWS // 10}


def test_of_wide_rows_fewer_are_kept():
    shop = shop_at(open_store("memory://"))
    isle = b"x" * 5_000
    done(shop, job_of(shop, HEADER + b"44,1,true,%s,f\n" % isle * 1_000), block_bytes=10_000_000)

    (key,) = shop.store.keys(layout.predictions_of_jobs("gulls"))

    assert recording.MOST_BYTES / 2 < (shop.store.size(key) or 0) < 1.2 * recording.MOST_BYTES


def test_every_row_of_a_table_is_as_likely_to_be_kept():
    """Rows that alternate must not fall in with the sample."""
    shop = shop_at(open_store("memory://"))
    for _ in range(20):
        done(shop, job_of(shop, table(2_000)), block_bytes=10_000_000)

    kept = np.concatenate([record.positions for record in logged(shop)])

    assert len(kept) == 20 * recording.MOST_ROWS
    share = np.mean(kept % 2)
    assert abs(share - 0.5) < 5 * 0.5 / len(kept) ** 0.5
    assert len(set(kept.tolist())) > 1_990


def test_the_share_of_records_that_hold_rows_is_the_setting():
    shop = shop_at(open_store("memory://"))
    done(shop, job_of(shop, table(6_000)), block_bytes=400, log_share=0.25)

    found = logged(shop)

    with_rows = sum(one.columns is not None for one in found)
    assert len(found) > 200
    assert abs(with_rows / len(found) - 0.25) < 5 * (0.25 * 0.75 / len(found)) ** 0.5
    assert sum(one.rows for one in found) == 6_000


@pytest.mark.parametrize(("settings", "records"), [({"log_share": 0.0}, 1), ({"prediction_log": "off"}, 0)])
def test_without_a_log_nothing_is_kept_and_without_a_share_no_rows_are(settings, records):
    shop = shop_at(open_store("memory://"))
    done(shop, job_of(shop, table(100)), block_bytes=100_000, **settings)

    found = logged(shop)

    assert len(found) == records
    assert [one.columns for one in found] == [None] * records


def test_columns_that_tell_of_a_person_are_left_out_or_hashed_under_the_key():
    key = PersonalKey("k" * 32)
    build = models.built("gulls")
    columns = tuple(
        replace(column, personal=column.name in {"bill", "isle"}, hashed=column.name == "isle")
        for column in build.manifest.schema.columns
    )
    build = replace(
        build, manifest=replace(build.manifest, schema=replace(build.manifest.schema, columns=columns))
    )
    shop = shop_at(open_store("memory://"), build)
    done(shop, job_of(shop, table(5_000)), block_bytes=1_000_000, personal_key=key)
    done(shop, job_of(shop, table(50)), block_bytes=1_000_000)

    hashed, without = logged(shop)

    assert set(hashed.columns) == {"eggs", "ringed", "isle", "sex"}
    assert hashed.columns["isle"] == key.hashed(
        ["Dream"] * len(hashed.positions), model="gulls", column="isle"
    )
    assert set(without.columns) == {"eggs", "ringed", "sex"}
    for name in shop.store.keys(layout.predictions_of_jobs("gulls")):
        assert b"Dream" not in (shop.store.get(name) or b"")


# --- once ----------------------------------------------------------------------------------------


class Killed(BaseException):
    """What no worker catches, as none hears that it is killed."""


class Deadly(Store):
    """A store whose worker dies just before it would write one part or another."""

    deaths = 0

    def create(self, key, content):
        if "/parts/" in key and Deadly.deaths < 3 and np.random.default_rng(Deadly.deaths).random() < 0.9:
            Deadly.deaths += 1
            raise Killed
        return super().create(key, content)


def test_a_block_that_is_answered_again_after_its_worker_was_killed_is_logged_once(store):
    shop = shop_at(store)
    job = job_of(shop, table())
    Deadly.deaths = 0
    backend = Deadly(store._backend, url=store.url)
    service = shop.service(registry=Registry(backend, shop.registry.trusted), prediction_log="store")

    state = None
    while state != "done":
        try:
            state = work(service, job.id, lambda: 900.0, block_bytes=BLOCK)
        except Killed:
            assert logged(shop)  # the record was there before the part

    assert Deadly.deaths == 3
    assert sum(one.rows for one in logged(shop)) == ROWS
    assert len({one.id for one in logged(shop)}) == len(parts_of(store, job.id))


def test_the_same_rows_are_kept_whoever_answers_a_block():
    kept = []
    id_ = ulid()
    for _ in range(2):
        shop = shop_at(open_store("memory://"))
        done(shop, job_of(shop, table(30_000), id=id_), block_bytes=200_000)
        kept.append([record.positions for record in logged(shop)])

    assert kept[0] == kept[1]
    assert kept[0][0] != kept[0][1]


def test_many_workers_at_once_log_each_range_once():
    shop = shop_at(open_store("memory://"))
    service, job = shop.service(prediction_log="store"), job_of(shop, table())

    for _ in range(2):
        for one in fanning.plan(service, job.id, range_bytes=1)["ranges"]:
            fanning.answer(service, one, lambda: 900.0)

    assert sum(record.rows for record in logged(shop)) == ROWS


def test_a_log_that_cannot_be_written_costs_no_job_its_end(caplog):
    class Closed(Store):
        def create(self, key, content):
            if key.startswith("predictions/"):
                raise StoreDenied(f"writing {key}", "no")
            return super().create(key, content)

    shop = shop_at(open_store("memory://"))
    job = job_of(shop, table())
    registry = Registry(Closed(shop.store._backend, url=""), shop.registry.trusted)
    service = shop.service(registry=registry, prediction_log="store")

    with caplog.at_level(logging.WARNING):
        state = work(service, job.id, lambda: 900.0, block_bytes=BLOCK)

    assert state == "done"
    assert len(results(shop, job)) == ROWS
    assert "prediction log not written" in caplog.text


# --- what judges requests ------------------------------------------------------------------------


def asked(shop, n):
    """Send requests, of which a canary gets some, as callers do."""
    service = shop.service()
    service.prediction_log = Stored(shop.store, flush_s=3600)
    handle = handler(predict.ROUTES, serve=lambda: service)
    for number in range(n):
        event = {
            "resource": "/models/{name}/predict",
            "httpMethod": "POST",
            "pathParameters": {"name": "gulls"},
            "headers": {"x-client-id": f"caller {number}"},
            "body": '{"instances": [{"bill": 44, "eggs": 1, "ringed": true, "isle": "Dream", "sex": "f"}]}',
        }
        assert handle(event, None)["statusCode"] == 200
    service.prediction_log.flush()


def test_a_batch_changes_nothing_of_what_a_canary_is_judged_by_or_operators_see(store):
    shop = shop_at(store)
    shop.publish(models.built("gulls"), release=False)
    shop.release("gulls", 1, canary=Canary(2, 50, automatic=True), action="canary")
    head = shop.registry.head("gulls")
    head = replace(head, when=(datetime.now(UTC) - timedelta(minutes=5)).isoformat())
    asked(shop, 100)
    now = datetime.now(UTC)

    def seen():
        return (
            gate.trial(shop.registry, "gulls", head, now=now).to_document(),
            traffic.lately(shop.registry, "gulls", now=now, files=1).to_document(),
            traffic.trial(shop.registry, "gulls", head, now=now),
        )

    before = seen()
    for version in (1, 2):
        done(shop, job_of(shop, table(), version=version))
        done(shop, job_of(shop, HEADER + BAD * 1_000, version=version))

    assert len(logged(shop)) > 100
    assert seen() == before
    assert before[0]["canary"]["requests"] + before[0]["serving"]["requests"] == 100
    assert before[1]["versions"]


def test_even_where_it_is_read_beside_requests_a_block_counts_for_no_side_of_a_canary():
    shop = shop_at(open_store("memory://"))
    done(shop, job_of(shop, table(100)))
    canary, serving = Side(2), Side(1)

    for record in logged(shop):
        count(replace(record, release=1), canary, serving)

    assert (serving.requests, serving.latencies_ms) == (0, [])

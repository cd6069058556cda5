"""Batches with poison rows, and batches whose worker is killed: good rows once, in order, bad ones with their reasons."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from dasier import layout
from dasier.jobs import fanning, standing, sweeping, working
from dasier.jobs.job import Job, Part, chain, parts_of
from dasier.jobs.working import work
from dasier.local.events import object_created, scheduled
from dasier.serving.exchange import handler
from dasier.store import open_store
from dasier.ulid import ulid
from functions import predict
from functions.batch import batch_handler
from tests import models
from tests.core.stores import s3_environment, s3_store
from tests.models import SIGNER, Shop

BLOCK = 4_000
"""Small, so that a short table has many parts."""

ROWS = 1_500


@cache
def table(rows=ROWS):
    """Give a CSV of gulls: floats with nulls, an integer, a boolean, categories; some with a line break in quotes."""
    generator = np.random.default_rng(20)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["bill", "eggs", "ringed", "isle", "sex"])
    for number in range(rows):
        bill = "" if number % 9 == 0 else round(float(generator.normal(44, 5)), 1)
        isle = "Dre\nam, far" if number % 50 == 7 else "Dream" if generator.random() < 0.5 else "Biscoe"
        writer.writerow([bill, generator.integers(0, 5), "true", isle, "f"])
    return out.getvalue().encode()


def shop_at(store):
    shop = Shop(store)
    shop.publish(models.built("gulls"))
    return shop


def job_of(shop, content):
    job = Job(id=ulid(), model="gulls", version=1)
    shop.store.create(layout.job_document(job.id), job.written())
    shop.store.create(layout.job_input(job.id), content)
    return job


def results(store, id_):
    return list(csv.DictReader(io.StringIO(store.get(layout.job_results(id_)).decode(), newline="")))


def refused(store, id_):
    return list(csv.DictReader(io.StringIO(store.get(layout.job_refused(id_)).decode(), newline="")))


def end_of(store, id_):
    return json.loads(store.get(layout.job_end(id_)) or b"null")


def directly(shop, content):
    """Give what `predict` answers to the whole table."""
    service = shop.service()
    event = {
        "resource": "/models/{name}/predict",
        "httpMethod": "POST",
        "pathParameters": {"name": "gulls"},
        "headers": {"content-type": "text/csv"},
        "body": content.decode(),
    }
    answer = handler(predict.ROUTES, serve=lambda: service)(event, None)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])["predictions"]


def assert_same(rows, predictions):
    assert [int(row["row"]) for row in rows] == list(range(len(predictions)))
    for row, one in zip(rows, predictions, strict=True):
        assert row["prediction"] == one["prediction"]
        assert {key: float(row[f"probability_{key}"]) for key in one["probabilities"]} == pytest.approx(
            one["probabilities"], abs=1e-12
        )


def plenty():
    return 900.0


# --- killed --------------------------------------------------------------------------------------

WORKER = """
import os, signal, sys
from dasier.jobs.working import work
from dasier.registry import Registry
from dasier.serving.service import Service
from dasier.serving.settings import Settings
from dasier.signing import TrustedKeys
from dasier.store import Store, open_store

url, key, id_, block_bytes, dies_after = sys.argv[1:]

class Deadly(Store):
    written = 0
    def create(self, key, content):
        done = super().create(key, content)
        if "/parts/" not in key:
            return done
        Deadly.written += 1
        if Deadly.written == int(dies_after):
            os.kill(os.getpid(), signal.SIGKILL)
        return done

store = open_store(url)
deadly = Deadly(store._backend, url=store.url)
settings = Settings(registry=url, trusted_keys=(key,))
print(work(Service(Registry(deadly, TrustedKeys.parse([key])), settings), id_, lambda: 900.0, block_bytes=int(block_bytes)))
"""


def worker(store, id_, dies_after):
    bucket = store.url.startswith("s3://")
    environment = os.environ | {"PYTHONPATH": str(models.ROOT)} | (s3_environment() if bucket else {})
    arguments = [store.url, SIGNER.public_key(), id_, str(BLOCK), str(dies_after)]
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("kind", ["folder", "s3"])
@pytest.mark.parametrize("after", [1, 3])
def test_a_job_whose_worker_is_killed_is_finished_by_another_with_every_row_once(kind, after, tmp_path):
    store = s3_store() if kind == "s3" else open_store(f"file://{tmp_path}/store")
    shop = shop_at(store)
    job = job_of(shop, table())

    with worker(store, job.id, after) as died:
        assert died.wait(120) == -signal.SIGKILL
    left = {key: store.get(key) for key in store.keys(layout.job_parts(job.id))}
    assert len(left) == after
    assert end_of(store, job.id) is None
    with worker(store, job.id, 0) as second:
        told, _ = second.communicate(timeout=120)

    assert told.strip() == "done"
    assert {key: store.get(key) for key in left} == left
    assert len(parts_of(store, job.id)) > after + 2
    assert_same(results(store, job.id), directly(shop, table()))
    assert refused(store, job.id) == []
    assert (end_of(store, job.id)["rows_done"], end_of(store, job.id)["rows_refused"]) == (ROWS, 0)


def test_two_workers_at_once_do_no_harm(tmp_path):
    store = open_store(f"file://{tmp_path}/store")
    shop = shop_at(store)
    job = job_of(shop, table())

    workers = [worker(store, job.id, 0) for _ in range(2)]
    told = [one.communicate(timeout=120)[0].strip() for one in workers]

    assert set(told) <= {"done", "nothing"}
    parts = parts_of(store, job.id)
    assert sorted(parts) == chain(parts)
    assert_same(results(store, job.id), directly(shop, table()))


def test_a_worker_whose_time_is_nearly_over_stops_and_wakes_the_next():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop, table()), shop.service()
    told, stops = [], 0

    while not told or told[-1] == "running":
        told.append(work(service, job.id, lambda: working.MARGIN_S / 2, block_bytes=BLOCK))
        woken = [key for key in shop.store.keys(layout.job(job.id)) if key.endswith(".go")]
        assert len(woken) == (stops := stops + 1) or told[-1] == "done"

    assert len(told) > 3
    assert told[-1] == "done"
    assert_same(results(shop.store, job.id), directly(shop, table()))


def test_what_wakes_the_next_worker_makes_it_go_on():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop, table()), shop.service()
    work(service, job.id, lambda: 1.0, block_bytes=BLOCK)
    (woken,) = [key for key in shop.store.keys(layout.job(job.id)) if key.endswith(".go")]

    told = batch_handler(lambda: service)(object_created("bucket", [woken]), None)

    assert told == {"jobs": {job.id: "done"}}


# --- lost events ---------------------------------------------------------------------------------


def test_a_job_that_no_event_told_of_is_found_by_the_schedule():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop, table()), shop.service()
    later = datetime.now(UTC) + sweeping.SILENCE + timedelta(seconds=1)
    wake = batch_handler(lambda: service, now=lambda: later)

    first, second = wake(scheduled(), None), wake(scheduled(), None)

    assert (first, second) == ({"jobs": {job.id: "done"}}, {"jobs": {}})


def test_a_job_that_breaks_its_worker_does_not_keep_the_jobs_after_it_from_theirs():
    shop = shop_at(open_store("memory://"))
    lost = Job(id=ulid(), model="gulls", version=9)
    shop.store.create(layout.job_document(lost.id), lost.written())
    shop.store.create(layout.job_input(lost.id), table())
    job, service = job_of(shop, table()), shop.service()
    later = datetime.now(UTC) + sweeping.SILENCE + timedelta(seconds=1)

    told = batch_handler(lambda: service, now=lambda: later)(scheduled(), None)

    assert told == {"jobs": {lost.id: "broken", job.id: "done"}}
    assert end_of(shop.store, lost.id) is None


def test_a_job_that_somebody_works_on_is_left_to_them():
    shop = shop_at(open_store("memory://"))
    job_of(shop, table())

    assert sweeping.abandoned(shop.store, now=datetime.now(UTC)) == []


def test_a_job_that_waited_for_a_day_is_ended_and_says_why():
    shop = shop_at(open_store("memory://"))
    job, empty = job_of(shop, table()), Job(id=ulid(), model="gulls", version=1)
    shop.store.create(layout.job_document(empty.id), empty.written())

    late = datetime.now(UTC) + standing.PATIENCE + timedelta(minutes=1)
    assert sweeping.abandoned(shop.store, now=late) == []

    assert end_of(shop.store, job.id)["detail"] == "It was not done within a day."
    assert end_of(shop.store, empty.id)["detail"] == "No rows were uploaded within a day."


def test_a_job_that_no_sweep_looks_at_any_more_is_ended_for_who_asks():
    shop = shop_at(open_store("memory://"))
    job, empty = job_of(shop, table()), Job(id=ulid(), model="gulls", version=1)
    shop.store.create(layout.job_document(empty.id), empty.written())
    after_a_weekend = datetime.now(UTC) + timedelta(days=3)
    assert sweeping.abandoned(shop.store, now=after_a_weekend) == []
    assert end_of(shop.store, job.id) is None

    told = [standing.told(shop.store, one, now=after_a_weekend) for one in (job, empty)]

    assert [one["state"] for one in told] == ["failed", "failed"]
    assert [one["detail"] for one in told] == [
        "It was not done within a day.",
        "No rows were uploaded within a day.",
    ]
    assert all("upload" not in one for one in told)
    assert end_of(shop.store, job.id) == {key: told[0][key] for key in ("state", "detail", "errors")}


@pytest.mark.parametrize(
    "key",
    [
        "",
        "jobs/",
        "jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/input",
        "jobs/../models/input",
        "jobs/%2e%2e/input",
        "models/x/input",
    ],
)
def test_an_event_about_no_job_does_nothing(key):
    shop = shop_at(open_store("memory://"))
    service = shop.service()

    told = batch_handler(lambda: service)(object_created("bucket", [key]), None)

    assert set(told["jobs"].values()) <= {"nothing"}


# --- poison --------------------------------------------------------------------------------------

POISON = {
    b"1,2": "wrong_length",
    b"44,1,true,Dream,f,x": "wrong_length",
    b"warm,1,true,Dream,f": "wrong_type",
    b"1e999,1,true,Dream,f": "not_finite",
    b"44,1.5,true,Dream,f": "not_integer",
    b"44,,true,Dream,f": "null",
    b"44,1,maybe,Dream,f": "wrong_type",
    b"44,1,true,\xff\xfe,f": "malformed_csv",
    b"44,1,true,Dr\0eam,f": "malformed_csv",
    b'44,1,true,"Dream"x,f': "malformed_csv",
    b'44,1,true,"Dream,f': "malformed_csv",
    b"44,1,true," + b"x" * 200_000 + b",f": "malformed_csv",
}


def poisoned(every):
    """Give a table with a poison row after every so many, and the numbers and codes of those."""
    header, *good = table(300).replace(b"Dre\nam, far", b"Dream").replace(b'"', b"").splitlines()
    lines, bad = [], {}
    poison = list(POISON.items())
    for number, line in enumerate(good):
        lines.append(line)
        if number % every == 0:
            content, code = poison[number // every % len(poison)]
            bad[len(lines)] = code
            lines.append(content)
    return b"\n".join([header, *lines]) + b"\n", bad, b"\n".join([header, *good]) + b"\n"


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("block_bytes", [5_000, 600_000])
def test_poison_rows_are_reported_by_number_and_reason_and_the_others_answered_in_order(every, block_bytes):
    shop = shop_at(open_store("memory://"))
    content, bad, good = poisoned(every)
    job = job_of(shop, content)

    assert work(shop.service(), job.id, plenty, block_bytes=block_bytes) == "done"

    found = {int(row["row"]): row["code"] for row in refused(shop.store, job.id)}
    assert found == bad
    rows = results(shop.store, job.id)
    assert [int(row["row"]) for row in rows] == [n for n in range(len(bad) + 300) if n not in bad]
    assert [row["prediction"] for row in rows] == [one["prediction"] for one in directly(shop, good)]
    assert all(row["reason"] for row in refused(shop.store, job.id))


def test_a_table_of_nothing_but_poison_is_done_with_every_row_refused():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop, b"bill,eggs,ringed,isle,sex\n" + b"warm,1.5,maybe,Dream,f\n" * 5_000)

    work(shop.service(), job.id, plenty)

    assert (end_of(shop.store, job.id)["rows_done"], end_of(shop.store, job.id)["rows_refused"]) == (0, 5_000)
    codes = Counter(row["code"] for row in refused(shop.store, job.id))
    assert codes == {"wrong_type": 10_000, "not_integer": 5_000}


def test_rows_that_the_model_itself_refuses_are_refused_alone():
    """An encoder that never saw a category raises, as scikit-learn does."""
    shop = shop_at(open_store("memory://"))
    service = shop.service()
    loaded = service.version("gulls", 1)
    whole = loaded.model

    class Fussy:
        def predict(self, rows):
            if "Elsewhere" in rows.column("isle").tolist():
                raise ValueError
            return whole.predict(rows)

    object.__setattr__(loaded, "model", Fussy())
    lines = [b"44,1,true,%s,f" % (b"Elsewhere" if n % 3 == 0 else b"Dream") for n in range(900)]
    job = job_of(shop, b"bill,eggs,ringed,isle,sex\n" + b"\n".join(lines))

    work(service, job.id, plenty)

    assert [int(row["row"]) for row in refused(shop.store, job.id)] == list(range(0, 900, 3))
    assert {row["code"] for row in refused(shop.store, job.id)} == {"not_answered"}
    assert len(results(shop.store, job.id)) == 600


def test_a_line_of_many_megabytes_costs_its_row_alone():
    shop = shop_at(open_store("memory://"))
    line = b"44,1,true,Dream,f\n"
    job = job_of(shop, b"bill,eggs,ringed,isle,sex\n" + line + b"x" * 9_000_000 + b"\n" + line)

    work(shop.service(), job.id, plenty)

    assert [row["row"] for row in refused(shop.store, job.id)] == ["1"]
    assert [row["row"] for row in results(shop.store, job.id)] == ["0", "2"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\x00" * 100,
        "bill,eggs\n1,2\n".encode("utf-16"),
        b"x" * 2_000_000,
        b",".join([b"a"] * 1_000_000),
    ],
)
def test_an_upload_that_is_no_table_fails_and_says_why(content):
    shop = shop_at(open_store("memory://"))
    job = job_of(shop, content)

    assert work(shop.service(), job.id, plenty) == "failed"
    assert end_of(shop.store, job.id)["detail"]


# --- many workers at once ------------------------------------------------------------------------


def test_the_ranges_of_the_state_machine_give_what_one_worker_gives():
    shop = shop_at(open_store("memory://"))
    service, alone = shop.service(), job_of(shop, table())
    many = job_of(shop, table())
    work(service, alone.id, plenty)

    planned = json.loads(json.dumps(fanning.plan(service, many.id, range_bytes=1)))
    with ThreadPoolExecutor(4) as pool:
        answered = list(
            pool.map(lambda one: fanning.answer(service, one, plenty), reversed(planned["ranges"]))
        )
    joined = fanning.join(service, planned["job"])

    assert all(one["done"] for one in answered)
    assert joined == {"job": many.id, "state": "done"}
    assert shop.store.get(layout.job_results(many.id)) == shop.store.get(layout.job_results(alone.id))


def test_parts_that_are_missing_are_not_joined_over():
    store = open_store("memory://")
    shop = shop_at(store)
    job = job_of(shop, table())
    store.create(layout.job_parts(job.id) + Part(500, len(table()), 20, 1, 0).name, b"20,x\n")

    with pytest.raises(Exception, match="parts are missing"):
        fanning.join(shop.service(), job.id)

    assert end_of(store, job.id) is None

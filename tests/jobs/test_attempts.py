"""A job that cannot be done ends, and says why; one that gets further never does, whatever happens to its workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from dasier import layout
from dasier.errors import StoreUnavailable
from dasier.jobs import attempts, fanning, standing, sweeping
from dasier.jobs.job import Job, parts_of
from dasier.jobs.working import work
from dasier.local.events import object_created, scheduled
from dasier.registry import Registry
from dasier.store import Store, open_store
from dasier.ulid import ulid
from functions.batch import batch_handler
from tests import models
from tests.core.stores import s3_environment
from tests.models import SIGNER, Shop

BLOCK = 200
HEADER = b"bill,eggs,ringed,isle,sex\n"
TABLE = HEADER + b"44.1,1,true,Dream,f\n" * 200
PERSON = "Ann of Green Gables"


class Broken:
    """A model that breaks on the rows from one on, in no way that anybody thought of."""

    def __init__(self, model, *, after: int, error: BaseException):
        self.model, self.after, self.error = model, after, error
        self.seen = 0

    def predict(self, rows):
        if self.seen >= self.after:
            raise self.error
        self.seen += len(rows)
        return self.model.predict(rows)


class Killed(BaseException):
    """What no worker catches, as none hears that it is killed."""


def shop_at(store):
    shop = Shop(store)
    shop.publish(models.built("gulls"))
    return shop


def job_of(shop, content=TABLE):
    job = Job(id=ulid(), model="gulls", version=1)
    shop.store.create(layout.job_document(job.id), job.written())
    shop.store.create(layout.job_input(job.id), content)
    return job


def breaking(shop, *, after=0, error=None):
    """Give a service whose model breaks."""
    service = shop.service()
    loaded = service.version("gulls", 1)
    object.__setattr__(
        loaded, "model", Broken(loaded.model, after=after, error=error or ZeroDivisionError(PERSON))
    )
    return service


def told(shop, job):
    return standing.told(shop.store, job)


def later(times, *, seconds=0):
    """Give a clock that is so many waits of the schedule ahead."""
    return lambda: datetime.now(UTC) + times * timedelta(minutes=5) + timedelta(seconds=seconds)


def test_a_job_whose_model_raises_something_unforeseen_fails_after_so_many_attempts(store):
    shop = shop_at(store)
    job, service = job_of(shop), breaking(shop)

    states = [work(service, job.id, lambda: 900.0, now=later(n)) for n in range(attempts.MOST)]

    assert states == ["broken"] * (attempts.MOST - 1) + ["failed"]
    assert told(shop, job)["state"] == "failed"
    detail = told(shop, job)["detail"]
    assert "ZeroDivisionError" in detail
    assert "rows from row 0 on" in detail
    assert f"each of {attempts.MOST} attempts" in detail
    assert "Ask predict for some of these rows" in detail
    assert work(service, job.id, lambda: 900.0, now=later(99)) == "nothing"


def test_the_schedule_gives_such_a_job_up_and_does_the_others():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), breaking(shop)
    looks = [
        batch_handler(lambda: service, now=later(n))(scheduled(), None)["jobs"]
        for n in range(1, attempts.MOST + 2)
    ]

    assert [look.get(job.id) for look in looks] == ["broken"] * (attempts.MOST - 1) + ["failed", None]


def test_what_a_model_says_of_a_row_is_told_to_nobody(caplog):
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), breaking(shop)

    for n in range(attempts.MOST):
        work(service, job.id, lambda: 900.0, now=later(n))

    everything = [shop.store.get(key) for key in shop.store.keys(layout.job(job.id))]
    assert PERSON.encode() not in b"".join(everything)
    assert PERSON not in caplog.text + "".join(str(vars(one)) for one in caplog.records)
    assert "ZeroDivisionError" in caplog.records[-2].trace


def test_the_rows_that_were_answered_before_are_told_and_the_place_is_named():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), breaking(shop, after=25)

    states = [work(service, job.id, lambda: 900.0, block_bytes=BLOCK, now=later(n)) for n in range(9)]

    done = sum(part.rows for part in parts_of(shop.store, job.id))
    assert 25 <= done < 200
    # The first got further than where it began, so it is not one that led nowhere.
    assert states.index("failed") == attempts.MOST
    assert f"rows from row {done} on" in told(shop, job)["detail"]


@pytest.mark.parametrize("error", [Killed(), SystemExit(1)])
def test_a_worker_that_is_killed_counts_too(store, error):
    shop = shop_at(store)
    job, service = job_of(shop), breaking(shop, error=error)

    for n in range(attempts.MOST):
        with pytest.raises(type(error)):
            work(service, job.id, lambda: 900.0, now=later(n))
        assert standing.ended(store, job.id) is None
    state = work(service, job.id, lambda: 900.0, now=later(attempts.MOST))

    assert state == "failed"
    detail = told(shop, job)["detail"]
    assert "ended without a word" in detail
    assert "rows from row 0 on" in detail


WORKER = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from dasier.jobs.working import work
from dasier.registry import Registry
from dasier.serving.service import Service
from dasier.serving.settings import Settings
from dasier.signing import TrustedKeys
from dasier.store import open_store

url, key, id_, minutes = sys.argv[1:]
service = Service(Registry(open_store(url), TrustedKeys.parse([key])), Settings(registry=url, trusted_keys=(key,)))

class Deadly:
    def predict(self, rows):
        os.kill(os.getpid(), signal.SIGKILL)

object.__setattr__(service.version("gulls", 1), "model", Deadly())
now = datetime.now(UTC) + timedelta(minutes=int(minutes))
print(work(service, id_, lambda: 900.0, most_attempts=2, now=lambda: now))
"""


def test_a_model_that_takes_its_process_down_is_given_up(lasting_store):
    shop = shop_at(lasting_store)
    job = job_of(shop)
    bucket = lasting_store.url.startswith("s3://")
    environment = os.environ | {"PYTHONPATH": str(models.ROOT)} | (s3_environment() if bucket else {})

    ended = []
    for minutes in (0, 5, 10):
        arguments = [lasting_store.url, SIGNER.public_key(), job.id, str(minutes)]
        ended.append(
            subprocess.run(
                [sys.executable, "-c", WORKER, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        )

    assert [one.returncode for one in ended] == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert ended[-1].stdout.strip() == "failed"
    assert "in each of 2 attempts" in told(shop, job)["detail"]


class Deadly(Store):
    """A store whose worker dies after each part that it writes."""

    def create(self, key, content):
        done = super().create(key, content)
        if "/parts/" in key:
            raise Killed
        return done


def test_a_job_that_gets_further_is_never_given_up_however_often_its_worker_is_killed():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop)
    deadly = Registry(Deadly(shop.store._backend, url=shop.store.url), shop.registry.trusted)
    service = shop.service(registry=deadly)
    deaths = 0

    while True:
        try:
            state = work(service, job.id, lambda: 900.0, block_bytes=BLOCK, now=later(deaths))
        except Killed:
            deaths += 1
        else:
            break

    assert state == "done"
    assert deaths == len(parts_of(shop.store, job.id)) > 3 * attempts.MOST


def test_a_worker_that_got_further_before_it_broke_does_not_count_with_those_that_led_nowhere():
    shop = shop_at(open_store("memory://"))
    job, killed = job_of(shop), breaking(shop, error=Killed())
    for n in range(attempts.MOST - 1):
        with pytest.raises(Killed):
            work(killed, job.id, lambda: 900.0, block_bytes=BLOCK, now=later(n))

    state = work(
        breaking(shop, after=100), job.id, lambda: 900.0, block_bytes=BLOCK, now=later(attempts.MOST)
    )

    assert state == "broken"
    assert parts_of(shop.store, job.id)
    assert work(shop.service(), job.id, lambda: 900.0, now=later(attempts.MOST + 1)) == "done"


def test_where_nobody_comes_next_the_first_error_is_the_jobs_end():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), breaking(shop, after=100)

    assert work(service, job.id, lambda: 900.0, block_bytes=BLOCK, most_attempts=1) == "failed"
    assert "in the only attempt" in told(shop, job)["detail"]


def test_a_job_that_is_too_long_for_one_worker_is_never_given_up():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), shop.service()
    states = []

    while not states or states[-1] == "running":
        states.append(work(service, job.id, lambda: 1.0, block_bytes=BLOCK))  # time for a block

    assert states[-1] == "done"
    assert len(states) > 3 * attempts.MOST


def test_a_range_that_breaks_its_workers_is_given_up_after_the_state_machine_has():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), shop.service()
    first, *others = fanning.plan(service, job.id, range_bytes=1_000)["ranges"]
    assert not others  # a range is a block at least, so it is cut by hand
    middle = TABLE.index(b"\n", len(TABLE) // 2) + 1
    rows = TABLE[:middle].count(b"\n") - 1
    ranges = [{**first, "end": middle}, {**first, "start": middle, "row": rows}]
    fanning.answer(service, ranges[0], lambda: 900.0)
    broken = breaking(shop)

    with pytest.raises(ZeroDivisionError):
        fanning.answer(broken, ranges[1], lambda: 900.0)
    states = [work(broken, job.id, lambda: 900.0, now=later(n)) for n in range(attempts.MOST)]

    assert states[-1] == "failed"
    assert f"rows from row {rows} on" in told(shop, job)["detail"]
    assert fanning.answer(broken, ranges[1], lambda: 900.0)["done"]


def test_events_that_come_again_and_again_count_once():
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), breaking(shop)
    event = object_created("bucket", [layout.job_input(job.id)])

    states = [batch_handler(lambda: service)(event, None)["jobs"][job.id] for _ in range(3 * attempts.MOST)]

    assert set(states) == {"broken"}


def test_a_worker_that_may_be_at_it_is_not_given_up_by_another():
    shop = shop_at(open_store("memory://"))
    job, killed = job_of(shop), breaking(shop, error=Killed())
    for n in range(attempts.MOST):
        with pytest.raises(Killed):
            work(killed, job.id, lambda: 900.0, now=later(n))

    state = work(shop.service(), job.id, lambda: 900.0, now=later(attempts.MOST - 1, seconds=30))

    assert state == "done"


class Away(Store):
    """A store that gives no input."""

    def get_range(self, key, start, end):
        raise StoreUnavailable(f"reading {key}", "it does not answer")


def test_what_is_the_stores_fault_is_not_the_jobs_end():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop)
    service = shop.service(registry=Registry(Away(shop.store._backend, url=""), shop.registry.trusted))

    for n in range(3 * attempts.MOST):
        with pytest.raises(StoreUnavailable):
            work(service, job.id, lambda: 900.0, now=later(n))

    assert work(shop.service(), job.id, lambda: 900.0) == "done"


def test_results_that_cannot_be_put_together_are_named_as_that():
    shop = shop_at(open_store("memory://"))
    job = job_of(shop)

    class Full(Store):
        """A store whose joined files break the worker."""

        def writer(self, key):
            raise MemoryError

    service = shop.service(registry=Registry(Full(shop.store._backend, url=""), shop.registry.trusted))
    for n in range(attempts.MOST + 1):
        work(service, job.id, lambda: 900.0, now=later(n))

    assert "MemoryError, was raised while its results were put together" in told(shop, job)["detail"]


def test_an_attempt_is_something_that_was_added_to_a_job():
    """So that the schedule leaves a job alone which somebody has just begun."""
    shop = shop_at(open_store("memory://"))
    job, service = job_of(shop), breaking(shop)
    written = max(entry.written for entry in shop.store.entries(layout.job(job.id)))

    work(service, job.id, lambda: 900.0)

    touched = max(entry.written for entry in shop.store.entries(layout.job(job.id)))
    assert touched > written
    assert sweeping.abandoned(shop.store, now=touched + sweeping.SILENCE / 2) == []
    assert json.loads(job.written())["id"] == job.id

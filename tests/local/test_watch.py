from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading

import pytest

from dasier import layout
from dasier.errors import StoreUnavailable
from dasier.local.functions import Functions
from dasier.local.template import Function, Schedule, StoreTrigger, Template
from dasier.local.watch import SWEEP_S, Watch, bucket_of
from dasier.store import open_store

RELEASE = Function(name="release", handler="functions.release.handler")
TEMPLATE = Template(
    functions=(RELEASE,),
    routes=(),
    store_triggers=(StoreTrigger(function=RELEASE, prefix="models/", suffix=".manifest.json"),),
    schedules=(Schedule(function=RELEASE, expression="rate(5 minutes)"),),
)


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def store():
    return open_store("memory://")


@pytest.fixture
def events():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(store, events, clock):
    functions = Functions({"release": lambda event, _context: events.append(event)})
    return Watch(store, TEMPLATE, functions, clock=clock)


def _keys(event):
    return [record["s3"]["object"]["key"] for record in event["Records"]]


def test_what_was_published_wakes_the_function_once(watch, store, events):
    store.create(layout.manifest("wine", 1), b"{}")

    watch.look()
    watch.look()

    assert [_keys(event) for event in events] == [[layout.manifest("wine", 1)]]


def test_other_objects_wake_nothing(watch, store, events):
    store.create(layout.verdict("wine", 1), b"{}")
    store.create(layout.release("wine", 1), b"{}")

    watch.look()

    assert events == []


def test_what_was_there_before_is_left_to_the_schedule(watch, store, events):
    store.create(layout.manifest("wine", 1), b"{}")

    watch.sweep()
    watch.look()

    assert [event.get("detail-type") for event in events] == ["Scheduled Event"]


def test_the_schedule_runs_when_it_is_time(watch, events, clock):
    watch.look()
    clock.now_s = SWEEP_S
    watch.look()

    assert [event.get("detail-type") for event in events] == ["Scheduled Event"]


def test_a_function_that_fails_is_logged_and_the_watch_goes_on(store, caplog):
    def broken(_event, _context):
        raise RuntimeError

    watch = Watch(store, TEMPLATE, Functions({"release": broken}))
    store.create(layout.manifest("wine", 1), b"{}")

    with caplog.at_level(logging.ERROR):
        watch.look()

    assert "release failed" in caplog.text


class LateStore:
    """A store that does not answer the first question."""

    def __init__(self, store):
        self.url, self._store, self._asked = store.url, store, False

    def keys(self, prefix):
        if not self._asked:
            self._asked = True
            raise StoreUnavailable("listing", "it does not answer")
        return self._store.keys(prefix)


def test_a_store_that_does_not_answer_at_the_start_is_swept_when_it_does(store):
    stop, told = threading.Event(), []

    def release(event, _context):
        told.append(event)
        stop.set()

    watch = Watch(LateStore(store), TEMPLATE, Functions({"release": release}))
    thread = threading.Thread(target=watch.run, args=(stop,))

    thread.start()
    thread.join(20)

    assert not thread.is_alive()
    assert [event.get("detail-type") for event in told] == ["Scheduled Event"]


def test_what_is_gone_is_forgotten_and_wakes_again_when_it_is_back(watch, store, events):
    key = layout.manifest("wine", 1)
    for _ in range(2):
        store.create(key, b"{}")
        watch.look()
        store.delete(key)
        watch.look()

    assert [_keys(event) for event in events] == [[key], [key]]


def test_ctrl_c_does_not_reach_what_judges(store):
    program = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    told = []

    def judge(_event, _context):
        told.append(subprocess.check_output([sys.executable, "-c", program], text=True).strip())

    Watch(store, TEMPLATE, Functions({"release": judge})).sweep()

    assert told == ["True"]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.parametrize(
    ("url", "bucket"), [("s3://models/prefix", "models"), ("s3://models", "models"), ("file:///a/b", "local")]
)
def test_the_bucket_has_the_name_that_the_registry_says(url, bucket):
    assert bucket_of(url) == bucket


def test_what_may_take_a_quarter_of_an_hour_is_not_waited_for(store):
    goes_on, told = threading.Event(), []
    slow = Function(name="batch", handler="functions.batch.handler", timeout_s=900)
    template = Template(
        functions=(RELEASE, slow),
        routes=(),
        store_triggers=(
            *TEMPLATE.store_triggers,
            StoreTrigger(function=slow, prefix="jobs/", suffix="/input"),
        ),
        schedules=(),
    )
    functions = Functions(
        {
            "batch": lambda _event, _context: (goes_on.wait(30), told.append("batch")),
            "release": lambda _event, _context: told.append("release"),
        }
    )
    watch = Watch(store, template, functions)
    store.create(layout.job_input("01ARZ3NDEKTSV4RRFFQ69G5FAV"), b"rows")
    watch.look()
    store.create(layout.manifest("wine", 1), b"{}")

    watch.look()

    assert told == ["release"]
    goes_on.set()


def test_what_appears_when_the_schedules_run_has_its_event_too(watch, store, events, clock):
    watch.look()
    store.create(layout.manifest("wine", 1), b"{}")
    clock.now_s = SWEEP_S

    watch.look()

    assert [event.get("detail-type", "S3") for event in events] == ["Scheduled Event", "S3"]


def test_a_server_that_runs_for_days_has_one_thread_for_what_runs_beside(store, clock):
    done, name = threading.Semaphore(0), "beside-for-days"
    slow = Function(name=name, handler="functions.batch.handler", timeout_s=900)
    template = Template(
        functions=(slow,),
        routes=(),
        store_triggers=TEMPLATE.store_triggers,
        schedules=(Schedule(function=slow, expression="rate(1 minute)"),),
    )
    watch = Watch(store, template, Functions({name: lambda _event, _context: done.release()}), clock=clock)

    for _ in range(20):
        clock.now_s += SWEEP_S
        watch.look()

    assert all(done.acquire(timeout=30) for _ in range(20))
    assert [thread.name for thread in threading.enumerate()].count(name) == 1

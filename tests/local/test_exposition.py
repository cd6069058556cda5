"""Prometheus' own parser reads what servers tell, and what it reads is what happened."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dasier.local.exposition import Metrics, exposition, total
from dasier.serving.counting import BOUNDS_S, OTHERS, Counts
from tests.local.asgi import ask


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Give each sample by its name and labels; the parser refuses what is no exposition."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


WINE = ("model", "wine"), ("version", "2")


def test_requests_are_told_by_model_version_and_outcome(tmp_path: Path) -> None:
    counts = Counts.within(tmp_path)
    for outcome in ("answered", "answered", "refused"):
        counts.request("wine", "2", outcome=outcome, rows=3, latency_s=0.004)
    counts.add("errors", "wine", "2", "RowsRefused")

    told = parsed(exposition(total(tmp_path)))

    assert told["dasier_requests_total", (WINE[0], ("outcome", "answered"), WINE[1])] == 2
    assert told["dasier_requests_total", (WINE[0], ("outcome", "refused"), WINE[1])] == 1
    assert told["dasier_rows_total", WINE] == 9
    assert told["dasier_errors_total", (("kind", "RowsRefused"), *WINE)] == 1


def test_the_histogram_is_cumulative_and_a_bound_holds_its_own_value(tmp_path: Path) -> None:
    counts = Counts.within(tmp_path)
    for latency_s in (0.0001, 0.005, 0.006, 99.0):
        counts.request("wine", "2", outcome="answered", rows=1, latency_s=latency_s)

    told = parsed(exposition(total(tmp_path)))
    below = {
        bound: told["dasier_request_duration_seconds_bucket", (("le", bound), *WINE)]
        for bound in (*map(repr, BOUNDS_S), "+Inf")
    }

    assert (below["0.00025"], below["0.005"], below["0.01"], below["10.0"], below["+Inf"]) == (1, 2, 3, 3, 4)
    assert list(below.values()) == sorted(below.values())
    assert told["dasier_request_duration_seconds_count", WINE] == 4
    assert told["dasier_request_duration_seconds_sum", WINE] == pytest.approx(99.0111)


def _count_and_die(folder: str) -> None:
    Counts.within(Path(folder)).request("wine", "2", outcome="answered", rows=1, latency_s=0.001)
    multiprocessing.current_process().kill()


def test_processes_are_told_as_one_and_a_killed_one_loses_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    killed = context.Process(target=_count_and_die, args=(str(tmp_path),))
    killed.start()
    Counts.within(tmp_path).request("wine", "2", outcome="answered", rows=1, latency_s=0.001)
    killed.join(60)

    told = parsed(exposition(total(tmp_path)))

    assert killed.exitcode
    assert told["dasier_requests_total", (WINE[0], ("outcome", "answered"), WINE[1])] == 2


def test_what_there_is_no_room_for_is_counted_together(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "a.counts", slots=600)
    for version in range(1, 200):
        counts.request("wine", str(version), outcome="answered", rows=1, latency_s=0.001)

    told = total(tmp_path)

    assert len(told) <= 600
    assert sum(value for series, value in told.items() if series[0] == "requests") == 199
    assert told["requests", OTHERS, "", "answered"] > 100


def test_a_label_that_would_break_a_line_is_escaped() -> None:
    told = parsed(exposition({("errors", "wine", "2", 'a"b\\c\nd 1'): 1.0}))

    assert ("dasier_errors_total", (("kind", 'a"b\\c\nd 1'), *WINE)) in told


def test_counting_a_request_costs_little(tmp_path: Path) -> None:
    counts = Counts.within(tmp_path)
    costs_s = []
    for _ in range(5):
        began_s = time.perf_counter()
        for _ in range(2_000):
            counts.request("wine", "2", outcome="answered", rows=1, latency_s=0.001)
        costs_s.append((time.perf_counter() - began_s) / 2_000)

    assert min(costs_s) < 10e-6  # a microsecond or two on an idle core


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/metrics", 200), ("GET", "/", 404), ("POST", "/metrics", 405)]
)
def test_metrics_are_all_that_their_address_answers(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    Counts.within(tmp_path).add("cold_starts")

    answer = ask(Metrics(tmp_path), method, path)

    assert answer.status == status
    assert (b"dasier_cold_starts_total 1" in answer.body) == (status == 200)

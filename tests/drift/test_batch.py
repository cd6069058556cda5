"""What batch jobs send is watched beside what requests do: by `dasier drift`, the monitor, the estimated quality and comparisons."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from click.testing import CliRunner

from dasier import drift, layout
from dasier.cli import dasier
from dasier.cli.drift import show
from dasier.comparing import from_log, manifests, sources
from dasier.drift.page import page
from dasier.jobs.job import Job
from dasier.jobs.working import work
from dasier.store import open_store
from dasier.ulid import ulid
from functions.monitor import monitor_handler
from tests import models
from tests.core.stores import store
from tests.drift.traffic import drawn
from tests.models import Shop

__all__ = ["store"]

NOW = datetime.now(UTC)


def batch(shop, rows, *, version=1, name="leaves"):
    """Do a job of rows, where there is a log."""
    text = io.StringIO()
    pd.DataFrame(rows).to_csv(text, index=False)
    job = Job(id=ulid(), model=name, version=version)
    shop.store.create(layout.job_document(job.id), job.written())
    shop.store.create(layout.job_input(job.id), text.getvalue().encode())
    assert work(shop.service(prediction_log="store"), job.id, lambda: 900.0, block_bytes=8_000) == "done"


def rows_like_training(n, *, seed=1, **changes):
    row = drawn("leaves", seed=seed)
    return [row(0) | changes for _ in range(n)]


def shop_of_leaves(where="memory://"):
    shop = Shop(open_store(where) if isinstance(where, str) else where)
    shop.publish(models.built("leaves"))
    return shop


def surveyed(shop, **more):
    return drift.survey(
        shop.registry, "leaves", since=NOW - timedelta(hours=1), until=NOW + timedelta(hours=1), **more
    )


def test_a_batch_that_has_drifted_is_alarmed_and_names_the_column(store):
    shop = shop_of_leaves(store)
    batch(shop, rows_like_training(1_200, lobes=9.0))

    report = surveyed(shop)

    counts = report.document["counts"]
    assert "column lobes" in report.document["alarmed"]
    assert not {"column length", "column width"} & set(report.document["alarmed"])
    assert (counts["requests"], counts["asked"]) == (0, 1_200)
    assert counts["blocks"] > 2
    assert 300 < counts["rows"] <= 1_200


def test_a_batch_like_training_alarms_nothing():
    shop = shop_of_leaves()
    batch(shop, rows_like_training(1_000))

    assert surveyed(shop).document["alarmed"] == []


def test_the_quality_of_a_batch_is_estimated_from_its_probabilities():
    shop = shop_of_leaves()
    batch(shop, rows_like_training(600))

    told = surveyed(shop).document

    # Either an estimate of these rows, or a reason that is not that there were none.
    assert told["estimated"]["rows"] == told["counts"]["rows"] > 300
    assert told["estimated"]["why"] != "no_rows"


def test_rows_of_a_batch_are_told_apart_from_requests_in_words(capsys):
    shop = shop_of_leaves()
    batch(shop, rows_like_training(1_000))
    report = surveyed(shop)
    blocks = report.document["counts"]["blocks"]

    show(report.document)

    assert f"rows of {blocks} blocks of batch jobs against training" in capsys.readouterr().out
    assert (
        f"Blocks of batch jobs, of each of which a sample of rows is logged: {blocks}."
        in page(report, "en").decode()
    )
    assert "Blocs de traitements par lots" in page(report, "fr").decode()


def test_where_there_was_no_batch_none_is_spoken_of(capsys):
    shop = shop_of_leaves()
    line = {"kind": "prediction", "id": ulid(), "time": NOW.isoformat(), "model": "leaves", "version": "1", "status": 200,
            "rows": 1, "latency_ms": 1.0}  # fmt: skip
    key = f"{layout.predictions('leaves', f'{NOW:%Y-%m-%d}')}a.jsonl"
    shop.store.create(key, json.dumps(line).encode())
    report = surveyed(shop)

    show(report.document)

    assert "0 rows of 1 request against training" in capsys.readouterr().out
    assert b"batch" not in page(report, "en")


def test_the_monitor_reports_on_a_day_on_which_there_were_only_batches():
    shop = shop_of_leaves()
    batch(shop, rows_like_training(400, lobes=9.0))
    service = shop.service()
    tomorrow = (NOW + timedelta(days=1)).replace(hour=3)
    wake = monitor_handler(lambda: service, lambda: tomorrow)

    first, second = wake({}, None), wake({}, None)

    assert (first["reports"], second) == (1, {"reports": 0, "alarms": 0})
    document = json.loads(shop.store.get(layout.report("leaves", f"{NOW:%Y-%m-%d}")) or b"")
    assert first["alarms"] == len(document["alarmed"])
    assert "column lobes" in document["alarmed"]


def test_the_monitor_looks_for_no_batch_of_weeks_ago():
    shop = shop_of_leaves()
    batch(shop, rows_like_training(10))

    assert drift.due(shop.registry, "leaves", now=NOW + timedelta(days=30)) == []


def test_a_batch_can_be_asked_again_of_another_version_and_takes_nobodys_place(monkeypatch):
    monkeypatch.setattr(sources, "MOST_OF_JOBS", 50)
    shop = shop_of_leaves()
    shop.publish(models.built("leaves"), release=False)
    batch(shop, rows_like_training(400))
    asked = {"kind": "prediction", "id": "one", "time": NOW.isoformat(), "model": "leaves", "version": "1", "status": 200,
             "rows": 1, "latency_ms": 1.0, "columns": {"length": [1.0], "width": [1.0], "lobes": [1.0]}}  # fmt: skip
    key = f"{layout.predictions('leaves', f'{NOW:%Y-%m-%d}')}a.jsonl"
    shop.store.create(key, json.dumps(asked).encode())
    old, new = manifests(shop.registry, "leaves", 2, None)

    source = from_log(shop.registry, old, new, since=NOW - timedelta(hours=1), now=datetime.now(UTC))

    assert len(source) == 51
    assert source.names[-1] == "one row 0"
    assert "of 1 requests and " in source.told
    assert "blocks of batch jobs in the log; " in source.told
    assert len(set(source.callers[:-1])) == 1


@pytest.mark.parametrize("days", [1, 6])
def test_a_report_counts_what_was_logged_in_its_time_alone(days):
    shop = shop_of_leaves()
    batch(shop, rows_like_training(50))

    before = drift.survey(
        shop.registry, "leaves", since=NOW - timedelta(days=days + 1), until=NOW - timedelta(days=days)
    )

    assert before is None
    assert surveyed(shop) is not None


def test_the_command_has_it_as_json(tmp_path):
    shop = shop_of_leaves(f"file://{tmp_path}/store")
    batch(shop, rows_like_training(300))

    told = CliRunner().invoke(
        dasier,
        ["drift", "leaves", "--registry", f"file://{tmp_path}/store", "--json"],
        env={"DASIER_TRUSTED_KEYS": models.SIGNER.public_key()},
    )

    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["counts"]["blocks"] >= 1

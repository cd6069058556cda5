"""The monitor: which days it reports on, that it writes each once, and what it says of quality."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from dasier import drift, feedback, layout
from dasier.drift.report import MOST_DAYS
from dasier.drift.tally import watched
from dasier.errors import StoreUnavailable
from dasier.feedback import Truth
from dasier.personal import PersonalKey
from dasier.serving.prediction_log import prediction_log
from dasier.store import Store
from functions.monitor import monitor_handler
from tests import models
from tests.drift.traffic import START, Callers, Row, drawn
from tests.models import Counting, Shop

RNG = np.random.default_rng(3)


def wake(callers: Callers, *, day: float, hour: float = 3.0) -> dict[str, Any]:
    """Wake the monitor so many days and hours after the start."""
    service = callers.shop.service()
    service.prediction_log = prediction_log("stdout", callers.shop.store)
    return monitor_handler(lambda: service, lambda: START + timedelta(days=day, hours=hour))({}, None)


def reports(callers: Callers) -> dict[str, dict[str, Any]]:
    """Give what was written, by day."""
    store = callers.shop.store
    keys = sorted(key for key in store.keys(layout.reports(callers.name)) if key.endswith(".json"))
    return {key.rpartition("/")[2].removesuffix(".json"): json.loads(store.get(key) or b"") for key in keys}


def leaves(_day: int) -> Row:
    return dict(zip(("length", "width", "lobes"), np.round(RNG.normal(0, 1, 3), 3).tolist(), strict=True))


def test_a_day_is_reported_on_once_it_is_over_and_its_log_is_whole() -> None:
    callers = Callers("leaves")
    callers.days(1, 5, leaves)

    assert wake(callers, day=0, hour=23)["reports"] == 0
    assert wake(callers, day=1, hour=1)["reports"] == 0
    assert wake(callers, day=1, hour=2)["reports"] == 1
    assert list(reports(callers)) == ["2026-10-01"]


def test_days_that_a_waking_missed_are_caught_up_and_no_more_than_a_week_of_them() -> None:
    callers = Callers("leaves")
    callers.days(10, 2, leaves)

    assert wake(callers, day=10) == {"reports": MOST_DAYS, "alarms": 0}
    assert list(reports(callers)) == [f"2026-10-{day:02d}" for day in range(4, 11)]
    assert wake(callers, day=10) == {"reports": 0, "alarms": 0}


def test_a_report_that_is_there_is_not_written_again() -> None:
    callers = Callers("leaves")
    callers.days(1, 5, leaves)
    key = layout.report("leaves", "2026-10-01")
    assert callers.shop.store.create(key, b"{}")

    assert drift.write(callers.shop.registry, "leaves", START) is None
    assert wake(callers, day=1)["reports"] == 0
    assert callers.shop.store.get(key) == b"{}"


def test_nothing_is_read_when_nothing_is_due() -> None:
    store = Counting(Shop().store)
    callers = Callers("leaves", shop=Shop(store))
    callers.days(2, 3, leaves)
    wake(callers, day=2)
    store.asked.clear()

    wake(callers, day=2)

    assert not [asked for asked in store.asked if asked.startswith("get ")]
    assert len(store.asked) <= 2 + MOST_DAYS


def test_a_model_whose_log_cannot_be_believed_keeps_no_other_from_its_report(
    caplog: pytest.LogCaptureFixture,
) -> None:
    callers = Callers("leaves")
    callers.days(1, 3, leaves)
    callers.shop.publish(models.constant("alder"))
    line = b'{"kind":"prediction","id":"x","time":"2026-10-01T00:00:00Z","model":"alder","version":"9","status":200,"rows":1,"latency_ms":1}\n'
    callers.shop.store.create(f"{layout.predictions('alder', '2026-10-01')}a.jsonl", line)

    assert wake(callers, day=1)["reports"] == 1
    assert "no report" in caplog.text


def test_what_is_unforeseen_of_one_report_keeps_no_other_from_being_written_and_is_raised(
    caplog: pytest.LogCaptureFixture, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    class Faulty(Store):
        """A store that a bug of ours shows in, at one day of one model and the reports of another."""

        def create(self, key: str, content: bytes) -> bool:
            if key == layout.report("leaves", "2026-10-01"):
                raise ZeroDivisionError(key)
            return super().create(key, content)

        def keys(self, prefix: str, **more: Any) -> Any:
            if prefix == layout.reports("alder"):
                raise StoreUnavailable(f"listing {prefix}", "no")
            return super().keys(prefix, **more)

    callers = Callers("leaves")
    callers.days(2, 3, leaves)
    callers.shop.publish(models.constant("alder"))
    callers.shop.registry.store = Faulty(callers.shop.store._backend, url=callers.shop.store.url)

    with pytest.raises(ExceptionGroup, match="others were gone on with") as raised:
        wake(callers, day=2)

    told = [
        (record.model, getattr(record, "day", None)) for record in caplog.records if hasattr(record, "trace")
    ]
    assert told == [("alder", None), ("leaves", "2026-10-01")]
    assert [type(error) for error in raised.value.exceptions] == [StoreUnavailable, ZeroDivisionError]
    assert list(reports(callers)) == ["2026-10-02"]
    line = json.loads(capfdbinary.readouterr().out.splitlines()[-1])
    (directive,) = line["_aws"]["CloudWatchMetrics"]  # the alarm on drift sums this, without dimensions
    assert (directive["Dimensions"], [one["Name"] for one in directive["Metrics"]]) == (
        [[]],
        ["drift_alarms"],
    )
    assert (line["drift_alarms"], line["unwritten"]) == (2, 2)


def test_alarms_are_a_metric_that_cloudwatch_reads(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    callers = Callers("leaves")
    callers.days(1, 120, lambda _: leaves(0) | {"lobes": 9.0})

    told = wake(callers, day=1)

    line = json.loads(capfdbinary.readouterr().out.splitlines()[-1])
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert told == {"reports": 1, "alarms": len(line["alarmed"])}
    assert directive["Metrics"] == [{"Name": "drift_alarms", "Unit": "Count"}]
    assert (line["drift_alarms"], line["model"]) == (told["alarms"], "leaves")
    assert "column lobes" in line["alarmed"]


def test_a_model_that_few_ask_is_looked_at_over_a_week() -> None:
    callers = Callers("leaves")
    callers.days(7, 20, lambda _: leaves(0) | {"lobes": 9.0})

    wake(callers, day=7)

    found = reports(callers)
    assert found["2026-10-01"]["alarmed"] == []
    assert found["2026-10-07"]["counts"]["rows"] == 140
    assert found["2026-10-07"]["alarmed"][-1] == "column lobes"


def test_mixed_columns_with_nulls_are_quiet_when_rows_are_as_in_training() -> None:
    callers = Callers("gulls")
    callers.days(1, 300, drawn("gulls", seed=4))

    wake(callers, day=1)

    (report,) = reports(callers).values()
    assert report["alarmed"] == []
    assert {finding["key"] for finding in report["findings"]} == {
        "output", *(f"column {name}" for name in ("bill", "eggs", "ringed", "isle", "sex"))
    }  # fmt: skip


def test_of_long_requests_the_rows_that_the_log_holds_are_counted_and_the_others_told() -> None:
    callers = Callers("leaves")
    callers.log.day = START
    callers.ask([leaves(0) for _ in range(250)])
    callers.log.file()

    wake(callers, day=1)

    (report,) = reports(callers).values()
    assert (report["counts"]["asked"], report["counts"]["rows"]) == (250, 100)


def test_of_requests_that_were_not_sampled_only_the_number_is_known() -> None:
    callers = Callers("leaves", log_share=0.0)
    callers.days(1, 30, leaves)

    wake(callers, day=1)

    (report,) = reports(callers).values()
    assert (report["counts"]["requests"], report["counts"]["without_rows"], report["counts"]["rows"]) == (
        30,
        30,
        0,
    )
    assert report["alarmed"] == []


def test_a_version_without_a_baseline_is_counted_and_said_not_to_be_watched() -> None:
    shop = Shop()
    shop.publish(models.constant("leaves"))
    callers = Callers("leaves", shop=shop)
    callers.days(1, 3, lambda _: {"x": 0.5})

    wake(callers, day=1)

    (report,) = reports(callers).values()
    assert report["counts"]["rows"] == 3
    assert (report["findings"], report["not_watched"]["no_baseline"]) == ([], ["x"])


# --- quality -----------------------------------------------------------------------------------------


def told(callers: Callers, right: float, *, seed: int = 5) -> dict[str, Any]:
    """Ask 200 rows on two days, tell what was true so that a share of the answers is right, and give the report's quality."""
    rng = np.random.default_rng(seed)
    truths = []
    for day in range(2):
        callers.log.day = START + timedelta(days=day)
        for _ in range(100):
            body = json.loads(callers.ask([leaves(0)])["body"])
            answer = body["predictions"][0]["prediction"]
            other = "ash" if answer == "oak" else "oak"
            truths.append(Truth(callers.log.ids[-1], answer if rng.random() < right else other))
    callers.log.file()
    feedback.record(callers.shop.store, "leaves", truths, now=START + timedelta(days=3))
    report = drift.survey(callers.shop.registry, "leaves", since=START, until=START + timedelta(days=2))
    assert report is not None
    assert ("quality" in report.document["alarmed"]) == report.document["quality"]["worse"]
    return report.document["quality"]


def test_quality_that_turned_out_worse_than_held_out_is_alarmed() -> None:
    quality = told(Callers("leaves"), 0.5)

    assert quality["worse"]
    assert quality["value"]["high"] < quality["held_out"]["low"]
    assert [day["rows"] for day in quality["days"]] == [100, 100]


def test_quality_as_on_held_out_rows_is_not_alarmed() -> None:
    quality = told(Callers("leaves"), 0.97)

    assert not quality["worse"]
    assert quality["rows"] == 200


def test_without_feedback_nothing_is_said_of_quality() -> None:
    callers = Callers("leaves")
    callers.days(1, 3, leaves)

    wake(callers, day=1)

    (report,) = reports(callers).values()
    assert report["quality"]["value"] is None
    assert "it takes 20" in report["quality"]["why"]


def test_a_column_that_tells_of_a_person_is_not_watched_and_that_is_told() -> None:
    shop = Shop()
    built = models.built("leaves")
    first, *rest = built.manifest.schema.columns
    schema = replace(built.manifest.schema, columns=(replace(first, personal=True), *rest))
    shop.publish(replace(built, manifest=replace(built.manifest, schema=schema)))

    what = watched(shop.registry, shop.registry.manifest("leaves", 1))

    assert what is not None
    assert what.personal == ("length",)
    assert sorted(what.spreads) == ["column lobes", "column width", "output"]


def hashing() -> Shop:
    """Give a shop whose gulls have two columns that are hashed, a category and a boolean, and one that is dropped."""
    shop, built = Shop(), models.built("gulls")
    marks = {"sex": {"hashed": True}, "ringed": {"hashed": True}, "isle": {}}
    columns = tuple(
        replace(column, personal=True, **marks[column.name]) if column.name in marks else column
        for column in built.manifest.schema.columns
    )
    schema = replace(built.manifest.schema, columns=columns)
    shop.publish(replace(built, manifest=replace(built.manifest, schema=schema)))
    return shop


def surveyed(callers: Callers, key: PersonalKey | None) -> dict[str, Any]:
    report = drift.survey(
        callers.shop.registry, "gulls", since=START, until=START + timedelta(days=2), key=key
    )
    assert report is not None
    return report.document


def test_categories_that_are_hashed_are_watched_as_if_they_stood_there() -> None:
    key, plain = PersonalKey("k" * 32), Callers("gulls")
    hashed = Callers("gulls", shop=hashing(), personal_key=key)
    for callers in (plain, hashed):
        row = drawn("gulls", seed=4)
        callers.days(1, 200, lambda day, row=row: row(day) | {"sex": "m"})

    expected = {one["name"]: one["psi"] for one in surveyed(plain, None)["findings"]}
    report = surveyed(hashed, key)

    found = {one["name"]: one["psi"] for one in report["findings"]}
    assert found == {name: psi for name, psi in expected.items() if name != "isle"}
    assert "column sex" in report["alarmed"]
    assert report["not_watched"]["personal"] == ["isle"]


def test_without_the_key_hashes_are_not_watched_and_that_is_told() -> None:
    callers = Callers("gulls", shop=hashing(), personal_key=PersonalKey("k" * 32))
    callers.days(1, 50, drawn("gulls", seed=4))

    report = surveyed(callers, None)

    assert report["not_watched"]["personal"] == ["ringed", "isle", "sex"]
    assert report["counts"]["rows"] == 50


def test_what_was_hashed_under_another_key_raises_no_alarm_and_stands_in_nobodys_way() -> None:
    shop, new = hashing(), PersonalKey("n" * 32)
    before = Callers("gulls", shop=shop, personal_key=PersonalKey("o" * 32))
    before.days(1, 100, drawn("gulls", seed=4))
    after = Callers("gulls", shop=shop, personal_key=new)
    after.days(1, 150, drawn("gulls", seed=5), first=1)

    report = surveyed(after, new)

    rows = {finding["name"]: finding["rows"] for finding in report["findings"]}
    assert (rows["bill"], rows["sex"]) == (250, 150)
    assert (report["alarmed"], report["unread"]) == ([], 0)


@pytest.mark.parametrize(
    "outputs",
    [
        {"predictions": ["oak", "ash"], "probabilities": [[0.5, 0.5], [1.0]]},
        {"predictions": [], "probabilities": [[0.5, 0.5]]},
        {"probabilities": [[0.5, 0.5]]},
        ["oak"],
    ],
)
def test_a_record_that_holds_no_answers_of_the_version_hides_no_other(outputs: Any) -> None:
    callers = Callers("leaves")
    callers.days(1, 30, leaves)
    store, key = callers.shop.store, f"{layout.predictions('leaves', '2026-10-01')}a.jsonl"
    told = {"kind": "prediction", "id": "x", "time": "2026-10-01T00:00:00Z", "model": "leaves", "version": "1", "status": 200,
            "rows": 1, "columns": {name: [0.5] for name in ("length", "width", "lobes")}, "outputs": outputs}  # fmt: skip
    store.create(key, json.dumps(told).encode())

    report = drift.survey(callers.shop.registry, "leaves", since=START, until=START + timedelta(days=1))

    assert report is not None
    assert (report.document["counts"]["rows"], report.document["unread"]) == (30, 1)

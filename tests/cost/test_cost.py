"""The bill is made from what the templates declare; each figure here is worked out by hand."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner

from dasier import layout
from dasier.cli import dasier
from dasier.cost import estimate
from dasier.cost.durations import Durations, logged, measured
from dasier.cost.estimate import Usage
from dasier.cost.inventory import MINUTES_A_MONTH, take
from dasier.cost.prices import read_prices, regions
from dasier.drift.report import MOST_DAYS
from dasier.errors import DataInvalid, SettingsInvalid
from functions.release import release_handler
from tests import models
from tests.cloud.translated import ROOT, foundation, service

PARIS = read_prices("eu-west-3")


def costs(items) -> dict[str, float]:
    return {item.what: item.cost for item in items}


# --- what is declared --------------------------------------------------------------------------------


def test_what_is_counted_is_what_sam_makes_of_the_template():
    taken, stack = take(ROOT), service()

    assert taken.alarms == len(stack.of("AWS::CloudWatch::Alarm"))
    assert taken.dashboards == len(stack.of("AWS::CloudWatch::Dashboard"))
    assert taken.streams == len(stack.of("AWS::KinesisFirehose::DeliveryStream"))
    assert (taken.keys, taken.repositories) == (
        len(foundation().of("AWS::KMS::Key")),
        len(foundation().of("AWS::ECR::Repository")),
    )
    assert taken.memory_mb == {
        f["FunctionName"].removeprefix("dasier-prod-"): int(f["MemorySize"])
        for f in stack.of("AWS::Lambda::Function").values()
    }


def test_the_gate_is_woken_every_minute_the_monitor_every_day_and_workers_every_five_minutes():
    wakings = take(ROOT).wakings

    assert wakings["release"] == MINUTES_A_MONTH
    assert wakings["monitor"] == pytest.approx(365 / 12)
    assert wakings["batch"] == MINUTES_A_MONTH / 5
    assert sum(wakings.values()) == wakings["release"] + wakings["monitor"] + wakings["batch"]


def test_parameters_change_what_is_there():
    small = take(ROOT, {"Alarms": "off", "Dashboard": "off", "MemoryMb": "1024", "Architecture": "arm64"})

    assert (small.alarms, small.dashboards, small.memory_mb["predict"]) == (0, 0, 1024)
    assert small.architecture == "arm64"


def test_a_parameter_that_there_is_not_is_refused():
    with pytest.raises(SettingsInvalid, match="Memory"):
        take(ROOT, {"Memory": "1"})


# --- the bill ----------------------------------------------------------------------------------------


def test_a_month_in_which_nobody_asks_is_the_sum_of_what_is_declared():
    usage = Usage(models=100, keys_a_model=20)
    items = costs(estimate.idle(take(ROOT), Durations(sweep_ms=200), usage, PARIS))

    assert items["alarms"] == pytest.approx(10 * 0.10)
    assert items["dashboards"] == pytest.approx(3.00)
    assert items["signing key"] == pytest.approx(1.00)
    days = 365 / 12
    gb_s = 0.2 * (43_800 * 3008 + days * 1024 + 8_760 * 1769) / 1024
    assert items["the clock: requests"] == pytest.approx((43_800 + days + 8_760) * 0.0000002)
    assert items["the clock: time"] == pytest.approx(gb_s * 0.0000166667)
    assert items["the gate looks for new versions"] == pytest.approx(43_800 * 2 * 0.0000053)
    assert items["workers look for jobs that nobody works on"] == pytest.approx(8_760 * 0.0000053)
    looks = days * (1 + 100 * (1 + MOST_DAYS))
    assert items["the monitor looks for days without a report"] == pytest.approx(looks * 0.0000053)


def test_what_is_free_is_taken_off_and_never_more_than_there_is():
    for item in estimate.idle(take(ROOT), Durations(), Usage(), PARIS):
        assert 0 <= item.after_free <= item.cost


def test_a_hundred_models_cost_little_more_than_one():
    def month(models: int) -> float:
        return estimate.total(estimate.idle(take(ROOT), Durations(), Usage(models=models), PARIS))

    assert month(100) - month(1) < 0.5


def test_without_alarms_and_dashboard_nobody_asking_costs_the_key_and_the_gate():
    bare = take(ROOT, {"Alarms": "off", "Dashboard": "off"})

    items = estimate.idle(bare, Durations(), Usage(models=10), PARIS)

    assert estimate.remaining(items) < 1.50


def test_a_thousand_predictions_are_the_sum_of_their_parts():
    usage = Usage(requests=100_000, cold_share=0.01, record_bytes=1_500)
    items = costs(estimate.per_thousand(take(ROOT), Durations(warm_ms=10, cold_ms=800), usage, PARIS))

    second = 0.0000166667 * 1769 / 1024
    assert items["API Gateway"] == pytest.approx(0.0035)
    assert items["Lambda: requests"] == pytest.approx(0.0002)
    assert items["Lambda: answering"] == pytest.approx(9.9 * second)
    assert items["Lambda: cold starts"] == pytest.approx(8 * second)
    assert items["prediction log: CloudWatch"] == pytest.approx(1000 * 1_500 / 1024**3 * 0.5985)
    assert items["prediction log: files"] == pytest.approx(438 * (0.0000053 + 0.0000053))


def test_slower_answers_more_memory_and_colder_starts_cost_more():
    inventory, usage = take(ROOT), Usage()

    def thousand(**changes) -> float:
        given = {"inventory": inventory, "durations": Durations(), "usage": usage} | changes
        return estimate.total(estimate.per_thousand(*given.values(), PARIS))

    assert thousand(durations=Durations(warm_ms=100)) > thousand()
    assert thousand(inventory=take(ROOT, {"MemoryMb": "3008"})) > thousand()
    assert thousand(usage=Usage(cold_share=0.5)) > thousand()
    assert thousand(inventory=take(ROOT, {"Architecture": "arm64"})) < thousand()


def test_metrics_cost_only_for_models_that_are_asked():
    assert estimate.total(estimate.busy(Usage(busy_models=0), PARIS)) == 0
    assert estimate.total(estimate.busy(Usage(busy_models=9), PARIS)) == pytest.approx(4.20)


def test_at_the_break_even_both_cost_the_same():
    inventory, times, usage = take(ROOT), Durations(), Usage(models=10)
    fixed = estimate.total(estimate.idle(inventory, times, usage, PARIS))
    thousand = estimate.total(estimate.per_thousand(inventory, times, usage, PARIS))

    servers = [other for other in estimate.alternatives(inventory, times, usage, PARIS) if other.month]

    assert len(servers) == 4
    for server in servers:
        assert fixed + server.break_even / 1000 * thousand == pytest.approx(server.month)


def test_sagemaker_is_compared_behind_the_same_gateway_and_in_whole_gigabytes():
    times, usage = Durations(warm_ms=100), Usage(cold_share=0)

    (other,) = [
        o for o in estimate.alternatives(take(ROOT), times, usage, PARIS) if o.what == estimate.SERVERLESS
    ]

    assert other.thousand == pytest.approx(1000 * (0.1 * 2 * 0.0000233 + 0.0000035))


# --- what the gate asks of the store -----------------------------------------------------------------


class Counted:
    """A store that counts what it is asked."""

    def __init__(self, store) -> None:
        self._store = store
        self.asked = {"list": 0, "read": 0}

    def __getattr__(self, name):
        call = getattr(self._store, name)
        kind = {"keys": "list", "first": "list", "folders": "list", "get": "read", "get_sized": "read"}.get(
            name
        )
        if kind is None:
            return call

        def counting(*arguments, **options):
            self.asked[kind] += 1
            return call(*arguments, **options)

        return counting


def test_a_sweep_that_finds_nothing_new_asks_what_the_bill_says():
    shop = models.Shop()
    for name in ("one", "two", "three"):
        shop.publish(models.constant(name=name))
    serving = shop.service()
    woken = release_handler(lambda: serving)
    woken({}, None)
    counted = Counted(serving.registry.store)
    serving.registry.store = counted

    woken({}, None)

    assert counted.asked == {"list": 1, "read": 0}


# --- durations ---------------------------------------------------------------------------------------


def _record(latency_ms: float) -> bytes:
    line = {
        "kind": "prediction", "id": "01J", "time": "2026-11-24T12:00:00.000Z", "model": "constant", "version": "1",
        "release": 1, "instead_of": None, "status": 200, "rows": 1, "errors": 0, "refusals": 0,
        "latency_ms": latency_ms, "client": None,
    }  # fmt: skip
    return json.dumps(line).encode() + b"\n"


def test_the_log_of_predictions_gives_the_mean_rounded_up_as_lambda_bills_it():
    shop = models.Shop()
    shop.publish(models.constant())
    today = datetime.now(UTC)
    key = layout.predictions("constant", today.date().isoformat()) + "a.jsonl"
    shop.registry.store.create(key, _record(1.0) + _record(2.4))

    times = logged(shop.registry, "constant", Durations())

    assert times.warm_ms == 2.0
    assert "2 answers of constant" in times.source


def test_a_log_without_the_model_is_said_so():
    shop = models.Shop()
    shop.publish(models.constant())

    with pytest.raises(DataInvalid, match="constant"):
        logged(shop.registry, "constant", Durations())


def test_a_model_is_measured_by_asking_it(serving):
    from dasier.cli.session import Session

    session = Session.of(None)
    session.name_in(os.environ)

    times = measured(session.registry(), "cells", ROOT, Durations())

    # A logistic regression answers in well under a millisecond; Lambda bills whole ones.
    assert 1 <= times.warm_ms <= 20
    assert "measured here" in times.source


# --- the table and the command -----------------------------------------------------------------------


def test_the_table_says_its_date_its_sources_and_what_is_rough():
    for region in regions():
        prices = read_prices(region)
        known = set(prices.__slots__)

        assert date.fromisoformat(prices.as_of)
        assert all(address.startswith("https://aws.amazon.com/") for address in prices.sources.values())
        assert set(prices.rough) <= known


def test_prices_are_of_the_size_that_they_can_be():
    for region in regions():
        prices = read_prices(region)

        assert 1e-6 < prices.lambda_gb_s_arm64 < prices.lambda_gb_s_x86_64 < 1e-4
        assert prices.s3_read < prices.s3_write < prices.s3_gb_month
        assert all(0.01 < hour < 1 for hour in prices.server_hour.values())


def test_a_region_without_prices_is_refused():
    with pytest.raises(SettingsInvalid, match="eu-west-3"):
        read_prices("mars-north-1")


def _told(*options: str) -> dict:
    result = CliRunner().invoke(dasier, ["cost", "--json", "--region", "eu-west-3", *options])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_command_tells_machines_everything():
    told = _told("--models", "7", "--warm-ms", "5")

    assert told["usage"]["models"] == 7
    assert told["durations"]["warm_ms"] == 5
    assert told["prices"]["as_of"]
    assert told["idle"]["total"] == pytest.approx(sum(item["cost"] for item in told["idle"]["items"]))


def test_the_command_takes_parameters_of_the_template():
    cheap = _told("--set", "Alarms=off", "--set", "Dashboard=off")

    assert cheap["idle"]["total"] < _told()["idle"]["total"] - 3.8


def test_people_are_told_the_date_and_what_to_check():
    result = CliRunner().invoke(dasier, ["cost", "--region", "eu-west-3", "--busy-models", "2"])

    assert result.exit_code == 0
    assert PARIS.as_of in result.output
    assert "check them" in result.output
    assert "predictions a month" in result.output


@pytest.mark.parametrize("options", [["--set", "Alarms"], ["--cold-share", "2"], ["--models", "-1"]])
def test_wrong_usage_is_status_2(options):
    assert CliRunner().invoke(dasier, ["cost", *options]).exit_code == 2

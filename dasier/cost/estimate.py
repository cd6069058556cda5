"""The bill, item by item: each month, for a thousand predictions, and where a server would cost the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.cost.inventory import MINUTES_A_MONTH

if TYPE_CHECKING:
    from dasier.cost.durations import Durations
    from dasier.cost.inventory import Inventory
    from dasier.cost.prices import Prices

HOURS_A_MONTH = 730
_GB, _KB5 = 1024**3, 5 * 1024

# All that a sweep of the gate asks of the store when nothing is new is a list; tests/cost counts it in a real one.
KEYS_A_LIST = 1_000

SERVERLESS = "SageMaker Serverless, an endpoint a model"

_COLD_READS = 4
_REFRESH_S = 2
_ACCESS_LINE_BYTES = 350
_METRICS_OF_ALL = 5
_MONITOR_LISTS = 8
"""For each model, every day: its reports, and the log of each of the last seven days (`dasier.drift.daily`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is asked of a stage.

    Attributes
    ----------
    models : int
        In the registry.
    keys_a_model : int
        Its manifests, verdicts and releases together: the gate lists them all.
    busy_models : int
        Of the models, those that are asked in every hour: CloudWatch bills a metric by the hours in which it is sent.
    requests : float
        Predictions a month.
    cold_share : float
        Of them, those that wait for a new process.
    record_bytes : int
        A line of the log of predictions.
    image_gb : float
        The image as the registry holds it, compressed.
    """

    models: int = 100
    keys_a_model: int = 20
    busy_models: int = 0
    requests: float = 100_000
    cold_share: float = 0.01
    record_bytes: int = 1_500
    image_gb: float = 0.15


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill.

    Attributes
    ----------
    what : str
    quantity : float
    unit : str
    cost : float
        In US dollars, at the list price.
    after_free : float
        What remains once what every account has for nothing is taken off.
    """

    what: str
    quantity: float
    unit: str
    cost: float
    after_free: float


def idle(inventory: Inventory, durations: Durations, usage: Usage, prices: Prices) -> list[Item]:
    """Give what a month costs in which nobody asks anything."""
    free = prices.free
    memory_gb = {name: size / 1024 for name, size in inventory.memory_mb.items()}
    wakings = sum(inventory.wakings.values())
    gb_s = sum(
        times * memory_gb[name] * durations.sweep_ms / 1000 for name, times in inventory.wakings.items()
    )
    sweeps = inventory.wakings.get("release", 0)
    lists = sweeps * max(1, -(-usage.models * usage.keys_a_model // KEYS_A_LIST))
    jobs = inventory.wakings.get("batch", 0)
    looks = inventory.wakings.get("monitor", 0) * (1 + usage.models * _MONITOR_LISTS)
    return [
        _item("alarms", inventory.alarms, "alarms", prices.alarm_month, free["alarms"]),
        _item("dashboards", inventory.dashboards, "dashboards", prices.dashboard_month, free["dashboards"]),
        _item("signing key", inventory.keys, "keys", prices.kms_key_month),
        _item("image", inventory.repositories * usage.image_gb, "GB", prices.ecr_gb_month),
        _item("the clock: requests", wakings, "requests", prices.lambda_request, free["lambda_requests"]),
        _item(
            "the clock: time",
            gb_s,
            "GB s",
            prices.lambda_gb_s(inventory.architecture),
            free["lambda_gb_s"],
        ),
        _item("the gate looks for new versions", lists, "LIST", prices.s3_write),
        _item("the monitor looks for days without a report", looks, "LIST", prices.s3_write),
        _item("workers look for jobs that nobody works on", jobs, "LIST", prices.s3_write),
        _item("prediction log, functions, API, bucket", 0, "", 0),
    ]


def per_thousand(inventory: Inventory, durations: Durations, usage: Usage, prices: Prices) -> list[Item]:
    """Give what a thousand predictions cost, one row each, at list prices."""
    n = 1000.0
    per_s = prices.lambda_gb_s(inventory.architecture) * inventory.memory_mb["predict"] / 1024
    log_gb = n * usage.record_bytes / _GB
    # CloudWatch hands over many lines at once; each model gets a file a minute at most.
    objects = n * min(1.0, MINUTES_A_MONTH * max(1, usage.busy_models) / max(usage.requests, 1))
    reads = n * usage.cold_share * _COLD_READS + n * min(
        1.0, MINUTES_A_MONTH * 60 / _REFRESH_S / max(usage.requests, 1)
    )
    cold_s = n * usage.cold_share * durations.cold_ms / 1000
    warm_s = n * (1 - usage.cold_share) * durations.warm_ms / 1000
    found = [
        _item("API Gateway", n, "requests", prices.api_request),
        _item("Lambda: requests", n, "requests", prices.lambda_request),
        _item("Lambda: answering", warm_s, "s", per_s),
        _item("Lambda: cold starts", cold_s, "s", per_s),
        _item("S3: what serves", reads, "GET", prices.s3_read),
        _item("access log", n * _ACCESS_LINE_BYTES / _GB, "GB", prices.logs_gb),
    ]
    if inventory.streams:
        delivered = prices.firehose_gb + prices.firehose_decompressed_gb + prices.firehose_partitioned_gb
        found += [
            _item("prediction log: CloudWatch", log_gb, "GB", prices.logs_gb),
            _item("prediction log: Firehose", max(log_gb, _KB5 / _GB), "GB", delivered),
            _item("prediction log: files", objects, "objects", prices.firehose_object + prices.s3_write),
        ]
    return found


def busy(usage: Usage, prices: Prices) -> list[Item]:
    """Give what a month of being asked in every hour costs in metrics.

    One for each version, its latency; for all together latency, rows, and as if some process started in every hour
    also loads, their time and cold starts. Errors, refusals and fallbacks are billed by the hours that have some.
    """
    metrics = usage.busy_models + _METRICS_OF_ALL if usage.busy_models else 0
    return [_item("metrics of busy models", metrics, "metrics", prices.metric_month, prices.free["metrics"])]


def total(items: list[Item]) -> float:
    """Add up, at list prices."""
    return sum(item.cost for item in items)


def remaining(items: list[Item]) -> float:
    """Add up what is left to pay after what is free."""
    return sum(item.after_free for item in items)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to serve, and when it costs the same.

    Attributes
    ----------
    what : str
    month : float or None
        What it costs each month whatever is asked; None if nothing.
    thousand : float
        What a thousand predictions cost there, behind the same gateway where it has none of its own to speak of.
    break_even : float or None
        Predictions a month from which it is the cheaper one; None if it never is.
    """

    what: str
    month: float | None
    thousand: float
    break_even: float | None


def alternatives(
    inventory: Inventory, durations: Durations, usage: Usage, prices: Prices
) -> list[Alternative]:
    """Give an always-on server of each kind, and SageMaker Serverless, against this stage, at list prices.

    A server is taken to answer whatever is asked and to need nothing in front of it, SageMaker to answer
    as fast as this and to stand behind the same API Gateway, since it knows no API keys. Neither keeps a
    log of predictions.
    """
    fixed = total(idle(inventory, durations, usage, prices)) + total(busy(usage, prices))
    ours = total(per_thousand(inventory, durations, usage, prices))
    found = []
    for what, hour in prices.server_hour.items():
        month = hour * HOURS_A_MONTH
        found.append(Alternative(what, month, 0.0, max(0.0, (month - fixed) / ours * 1000)))
    # It has memory in whole gigabytes.
    memory_gb = -(-inventory.memory_mb["predict"] // 1024)
    mean_s = ((1 - usage.cold_share) * durations.warm_ms + usage.cold_share * durations.cold_ms) / 1000
    theirs = 1000 * (mean_s * memory_gb * prices.sagemaker_serverless_gb_s + prices.api_request)
    found.append(Alternative(SERVERLESS, None, theirs, 0.0 if theirs <= ours else None))
    return found


def _item(what: str, quantity: float, unit: str, price: float, free: float = 0) -> Item:
    return Item(what, quantity, unit, quantity * price, max(0.0, quantity - free) * price)

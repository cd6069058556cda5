"""Read a recipe's table ``[gate]``: what its versions must show before they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.measuring.quality import MEASURED, PRIMARY
from dasier.rules import (
    DEFAULT_CONFIDENCE,
    DEFAULT_LATENCY_MS,
    DEFAULT_SIZE_MB,
    MOST_CANARY_MINUTES,
    POLICIES,
    CanaryRules,
    Rules,
    Slice,
)
from dasier.schema import normalised

if TYPE_CHECKING:
    from dasier.building.params import Table
    from dasier.schema import Task

_AT_MOST_ONE = frozenset(
    {"accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "precision", "recall", "r2"}
)


def gate_table(table: Table, task: Task | None) -> dict[str, Any]:
    """Give the rules as a manifest holds them; what is wrong is noted in the table.

    Parameters
    ----------
    task
        None if the recipe names none that is known: then any metric may be meant.
    """
    floors = table.table("floors")
    held = {name: floor for name in _metrics(task) if (floor := _floor(floors, name, name)) is not None}
    if floors.names() and task == "clustering":
        table.problem("gate.floors", "a clustering has no truth to measure against; take it out")
    slices = tuple(one for below in table.array("slices") if (one := _slice(below, task)) is not None)
    margin = table.finite("margin", required=False)
    if margin is not None and margin < 0:
        table.problem("gate.margin", "it must not be below 0: it is how much worse is tolerated")
    return Rules(
        policy=table.one_of("policy", POLICIES, default=POLICIES[0]) or POLICIES[0],
        breaking=bool(table.boolean("breaking", default=False)),
        confidence=table.number("confidence", above=0.5, maximum=0.999, default=DEFAULT_CONFIDENCE),
        metric=table.one_of("metric", _metrics(task), required=False),
        margin=margin or 0.0,
        floors=held,
        slices=slices,
        latency_ms=table.number("latency_ms", above=0.0, maximum=60_000, default=DEFAULT_LATENCY_MS),
        size_mb=table.number("size_mb", above=0.0, maximum=100_000, default=DEFAULT_SIZE_MB),
        canary=_canary(table.table("canary")),
    ).to_dict()


def _canary(table: Table) -> CanaryRules:
    usual = CanaryRules()
    minutes = table.finite("minutes", required=False)
    if minutes is not None and not 0 <= minutes <= MOST_CANARY_MINUTES:
        table.problem_at("minutes", f"it must be from 0 to {MOST_CANARY_MINUTES}")
    slower = table.finite("slower", required=False)
    if slower is not None and slower < 1:
        table.problem_at("slower", "it must be at least 1: it is how many times as slow is tolerated")
    share = table.whole_number("share", minimum=1)
    if share is not None and share > 99:
        table.problem_at("share", "it must be at most 99 per cent: with 100 it would be no canary")
    requests = table.whole_number("requests", minimum=1)
    return CanaryRules(
        share=usual.share if share is None else share,
        minutes=usual.minutes if minutes is None else minutes,
        requests=usual.requests if requests is None else requests,
        slower=usual.slower if slower is None else slower,
    )


def _metrics(task: Task | None) -> tuple[str, ...]:
    if task is not None:
        return MEASURED[task]
    return tuple(dict.fromkeys(name for names in MEASURED.values() for name in names))


def _floor(table: Table, key: str, metric: str | None, *, required: bool = False) -> float | None:
    floor = table.finite(key, required=required)
    if floor is not None and metric in _AT_MOST_ONE and floor > 1:
        table.problem_at(key, f"{metric} is at most 1: {floor:g} could never be reached")
    return floor


def _slice(table: Table, task: Task | None) -> Slice | None:
    primary = PRIMARY[task] if task is not None and MEASURED[task] else None
    column = table.string("column")
    metric = table.one_of("metric", _metrics(task), default=primary)
    floor = _floor(table, "floor", metric, required=True)
    value = table.cell("value", None)
    minimum, maximum = table.finite("minimum", required=False), table.finite("maximum", required=False)
    least = table.whole_number("least_rows", minimum=1)
    if (value is None) == (minimum is None and maximum is None):
        table.problem_at("value", "give either a value, or a minimum or maximum")
        return None
    if minimum is not None and maximum is not None and minimum > maximum:
        table.problem_at("minimum", "it is above the maximum")
    if column is None or metric is None or floor is None:
        return None
    more = {} if least is None else {"least_rows": least}
    return Slice(
        column=normalised(column),
        value=value,
        minimum=minimum,
        maximum=maximum,
        metric=metric,
        floor=floor,
        **more,
    )

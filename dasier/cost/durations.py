"""How long functions run: as given, as the log of predictions has it, or as measured here."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from typing import TYPE_CHECKING

from dasier import predictions
from dasier.errors import DataInvalid
from dasier.local.direct import asking
from dasier.local.events import Call

if TYPE_CHECKING:
    from pathlib import Path

    from dasier.registry import Registry

_TIMES = 200
_DAYS = 30


@dataclass(frozen=True, slots=True)
class Durations:
    """In milliseconds, as Lambda bills them.

    Attributes
    ----------
    warm_ms, cold_ms : float
        An answer, and an answer that waits for a new process (its start included).
    sweep_ms : float
        The gate wakes, lists the registry, and finds nothing new.
    source : str
        Where they are from.
    """

    warm_ms: float = 10.0
    cold_ms: float = 800.0
    sweep_ms: float = 200.0
    source: str = "assumed: nothing was measured"


def logged(registry: Registry, name: str, otherwise: Durations, *, now: datetime | None = None) -> Durations:
    """Give the mean time of a model's answers in the last month.

    Raises
    ------
    DataInvalid
        If the log has none.
    """
    until = now or datetime.now(UTC)
    times = [
        r.latency_ms for r in predictions.read(registry.store, name, since=until - timedelta(days=_DAYS))
    ]
    if not times:
        raise DataInvalid(f"The log of predictions has nothing of {name} in the last {_DAYS} days.")
    source = f"the log of predictions: {len(times)} answers of {name}"
    return replace(otherwise, warm_ms=_billed(fmean(times)), source=source)


def measured(registry: Registry, name: str, root: Path, otherwise: Durations) -> Durations:
    """Ask a model its own example on this machine, many times.

    Raises
    ------
    DataInvalid
        If it does not answer.
    """
    ask = asking(root, _example(registry, name))
    ask()  # loads the model
    times = []
    for _ in range(_TIMES):
        began_s = time.perf_counter()
        reply = ask()
        times.append(1000 * (time.perf_counter() - began_s))
        if reply.status != 200:
            raise DataInvalid(
                f"{name} does not answer its own example: {reply.body.decode(errors='replace')[:200]}"
            )
    source = f"measured here: {_TIMES} answers of {name}"
    return replace(otherwise, warm_ms=_billed(median(times)), source=source)


def _example(registry: Registry, name: str) -> Call:
    head = registry.head(name)
    version = (head and head.serving) or registry.versions(name)[-1]
    columns = registry.manifest(name, version).schema.columns
    body = json.dumps({"instances": [{column.name: column.example for column in columns}]})
    return Call(
        method="POST",
        path=f"/models/{name}/predict",
        query="",
        headers=[("content-type", "application/json")],
        body=body.encode(),
        source="127.0.0.1",
    )


def _billed(duration_ms: float) -> float:
    """Give what Lambda bills: whole milliseconds, upwards."""
    return float(-(-duration_ms // 1))

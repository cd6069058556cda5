"""What a proved model costs on its runtime: to start a process for it, and to answer in a warm one.

The rule, where several runtimes are proved: the one that has spent the least time when a process has imported
it, loaded the model and answered `ANSWERS` rows, one by one. So many answers stand for the life of a warm process
of a small service: with fewer the start decides, with more the warm answer. What everything imports anyway, numpy
foremost, counts for none of them.

The same build should choose the same runtime on a busy machine: what is counted is the processor's time, which waiting
for a turn does not lengthen, and a runtime takes the place of a simpler one only where it costs `MARGIN` less.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

from dasier.runtimes import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.building.candidate import Candidate
    from dasier.rows import Rows
    from dasier.schema import Schema

ANSWERS = 1_000
MARGIN = 0.2
_TIMED_STARTS = 3
_TIMED_ROUNDS = 40
_START = """
import os, sys, time
import dasier.golden, dasier.rows, dasier.runtimes
for _ in range({times}):
    if os.fork():
        os.wait()
        continue
    began_s = time.process_time()
    import dasier.runtimes.{runtime}
    print(time.process_time() - began_s, flush=True)
    os._exit(0)
"""
"""Each import is in a process that has imported what everything imports; they are forks of one, which did so once."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What was measured, in time of the processor.

    Attributes
    ----------
    start_s : float
        Importing the runtime in a fresh process, beyond what everything imports, and loading the model.
    row_s : float
        Answering one row: the median.
    """

    start_s: float
    row_s: float

    @property
    def total_s(self) -> float:
        """The start and `ANSWERS` answers."""
        return self.start_s + ANSWERS * self.row_s

    def to_dict(self) -> dict[str, float]:
        """Give the form that a manifest holds."""
        return {"start_ms": round(self.start_s * 1e3, 1), "row_us": round(self.row_s * 1e6, 1)}


def measured(proved: Sequence[Candidate], schema: Schema, rows: Rows) -> Mapping[str, Cost]:
    """Give the cost of each runtime's candidate, in their order; they take turns, so that a busy machine slows all alike.

    Parameters
    ----------
    proved
        One a runtime, the simplest first.
    schema
    rows
        What is asked, one by one.
    """
    models, loading_s = {}, {}
    for candidate in proved:
        times = []
        for _ in range(_TIMED_STARTS):
            began_s = time.process_time()
            models[candidate.runtime] = load(candidate.runtime, candidate.blob, schema)
            times.append(time.process_time() - began_s)
        loading_s[candidate.runtime] = min(times)
    answering_s: dict[str, list[float]] = {name: [] for name in models}
    for position in range(_TIMED_ROUNDS):
        row = rows.take([position % len(rows)])
        for name, model in models.items():
            answering_s[name].append(_answering_s(model, row))
    return {
        name: Cost(import_s(name) + loading_s[name], median(times)) for name, times in answering_s.items()
    }


def cheapest(costs: Mapping[str, Cost]) -> str:
    """Give the runtime to take, of those measured, which come with the simplest first."""
    names = iter(costs)
    taken = next(names)
    for name in names:
        if costs[name].total_s < (1 - MARGIN) * costs[taken].total_s:
            taken = name
    return taken


def _answering_s(model: Any, row: Rows) -> float:
    """Give the time of the second of two answers: the first finds the processor's caches full of another model."""
    began_s = 0.0
    for _ in range(2):
        began_s = time.process_time()
        with suppress(ValueError):  # a row that it refuses; that is told when it is measured how good it is
            model.predict(row)
    return time.process_time() - began_s


@cache
def import_s(runtime: str) -> float:
    """Give what importing a runtime costs a process that serves: the least of a few, each in a fresh one."""
    program = [sys.executable, "-c", _START.format(runtime=runtime, times=_TIMED_STARTS)]
    done = subprocess.run(program, capture_output=True, check=True, text=True)  # noqa: S603 (ours)
    return min(map(float, done.stdout.split()))

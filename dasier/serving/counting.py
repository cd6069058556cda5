"""Count what a server answers, in a file that whoever tells of it reads: each process its own, for as long as they serve.

Each count is a float64 in memory that is mapped to the file, beside its name: counting is an addition, costs a microsecond
or two a request, and a process that is killed loses nothing. `dasier.local.exposition` adds the files up. On Lambda nothing is
counted here, and nothing imports this: a record's line holds the same figures (`dasier.serving.metrics`).
"""

from __future__ import annotations

import mmap
import os
import threading
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOUNDS_S = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of latency: Prometheus' own defaults, and what is quicker, since a warm row is."""

SLOTS = 32_768
"""Counts that a process keeps. A version that is asked takes about ten."""

OTHERS = "_other"
"""What versions are counted as once there is no room to tell them apart; no model can be called so."""

_SPARE = 512
_NAME_BYTES, _VALUE_BYTES = 184, 8
_SLOT_BYTES = _NAME_BYTES + _VALUE_BYTES

Series = tuple[str, str, str, str]
"""A family, a model, a version, and the one label more that the family has, or an empty one.

None is made of what callers send: a model that does not exist has no name here, so that nobody can fill the file.
"""


class Counts:
    """Counts of one process; safe to share between threads.

    Parameters
    ----------
    file : Path
        Made anew; it has holes until something is counted.
    slots : int
        How many counts it has room for.
    """

    def __init__(self, file: Path, *, slots: int = SLOTS) -> None:
        self._slots = slots
        self._guard = threading.Lock()
        self._at: dict[Series, int] = {}
        self._alike: dict[tuple[str, str, str, int], tuple[int, int, int, int]] = {}
        with file.open("w+b") as opened:
            opened.truncate(slots * _SLOT_BYTES)
            self._names = mmap.mmap(opened.fileno(), slots * _SLOT_BYTES)
        self._values = memoryview(self._names).cast("d")

    @classmethod
    def within(cls, folder: Path) -> Counts:
        """Give this process's counts in a folder."""
        return cls(folder / f"{os.getpid()}-{os.urandom(4).hex()}.counts")

    def add(
        self, family: str, model: str = "", version: str = "", label: str = "", amount: float = 1
    ) -> None:
        """Count."""
        with self._guard:
            self._add((family, model, version, label), amount)

    def request(self, model: str, version: str, *, outcome: str, rows: int, latency_s: float) -> None:
        """Count a request that a version answered, refused or failed to answer."""
        alike = model, version, outcome, bisect_left(BOUNDS_S, latency_s)
        values = self._values
        with self._guard:
            places = self._alike.get(alike)
            if places is None:
                places = self._alike[alike] = self._places(*alike)
            requests, bucket, took, answered = places
            values[requests] += 1
            values[bucket] += 1
            values[took] += latency_s
            values[answered] += rows

    def load(self, model: str, version: str, *, outcome: str, took_s: float, cold: bool) -> None:
        """Count a version that was loaded, or the kind of error that kept it from it."""
        with self._guard:
            self._add(("loads", model, version, outcome), 1)
            self._add(("load_seconds", model, version, ""), took_s)
            if cold:
                self._add(("cold_starts", "", "", ""), 1)

    def _places(self, model: str, version: str, outcome: str, bound: int) -> tuple[int, int, int, int]:
        """Give where requests that are alike are counted: looked up once, and not at each of them."""
        return (
            self._place(("requests", model, version, outcome)),
            self._place(("duration_bucket", model, version, str(bound))),
            self._place(("duration_sum", model, version, "")),
            self._place(("rows", model, version, "")),
        )

    def _add(self, series: Series, amount: float) -> None:
        self._values[self._place(series)] += amount

    def _place(self, series: Series) -> int:
        at = self._at.get(series)
        return self._new(series) if at is None else at

    def _new(self, series: Series) -> int:
        """Give the place of a count that is new; those past what there is room for are counted together."""
        if len(self._at) >= self._slots - _SPARE and series[1] not in {"", OTHERS}:
            together = series[0], OTHERS, "", series[3]
            return self._at.get(together) or self._new(together)
        number = len(self._at)
        start = number * _SLOT_BYTES
        name = "\t".join(series).encode()
        # The first byte is written last: who reads meanwhile sees a name whole or not at all.
        self._names[start + 1 : start + len(name)] = name[1:]
        self._names[start] = name[0]
        self._at[series] = at = (start + _NAME_BYTES) // _VALUE_BYTES
        return at


def read(file: Path) -> Iterator[tuple[Series, float]]:
    """Give each count of a file and its value, while its process may be counting."""
    with file.open("rb") as opened:
        while len(slot := opened.read(_SLOT_BYTES)) == _SLOT_BYTES and slot[0]:
            family, model, version, label = slot[:_NAME_BYTES].rstrip(b"\0").decode().split("\t")
            yield (family, model, version, label), memoryview(slot[_NAME_BYTES:]).cast("d")[0]

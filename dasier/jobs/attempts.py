"""How often a job was tried without getting any further, so that one which cannot be done ends.

A worker notes that it begins before it does anything that may end it, so that one which is killed counts too::

    jobs/<id>/attempts/<byte>-<ulid>           somebody began at this byte of the input,
    jobs/<id>/attempts/<byte>-<ulid>.broken    and something unforeseen was raised, of this kind;
    jobs/<id>/attempts/<byte>-<ulid>.spared    or it was the fault of the store, or of a version that does not load

A job that gets further begins at another byte and is counted anew: however often its workers are killed, it is not given up. Those who
begin within `APART` of one another count once, since events come twice, and while the last of them may be at it nothing is given up.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from dasier import layout
from dasier.errors import Unavailable
from dasier.jobs import standing
from dasier.jobs.job import chain, document, parts_of
from dasier.ulid import since, time_of, ulid

if TYPE_CHECKING:
    from dasier.store import Store

MOST = 5
"""Twenty minutes of the schedule in AWS: what is wrong for a moment is no reason, and to go on for a day is no help."""

APART = timedelta(minutes=2)

_BROKEN, _SPARED = ".broken", ".spared"


@dataclass(slots=True)
class Attempt:
    """One worker's, from where a job stands.

    Attributes
    ----------
    store : Store
    id : str
        The job's.
    at : int
        The byte of the input from which on nothing is done.
    most : int
        So many that led nowhere are the job's end; with 1, where nobody comes next, any that breaks.
    """

    store: Store
    id: str
    at: int
    most: int = MOST
    _key: str = field(init=False)

    def begins(self, now: datetime) -> bool:
        """Note that it begins; if others led nowhere too often, give the job up instead, and say no."""
        before, _ = self._made()
        if len(_apart(before)) >= self.most and now - before[-1] >= APART:
            self._give_up()
            return False
        self._key = f"{layout.job_attempts(self.id)}{self.at:013d}-{since(now)}{ulid()[10:]}"
        self.store.create(self._key, b"{}")
        return True

    def spared(self) -> None:
        """Note that it ended for what is not the job's fault, and may be mended."""
        with suppress(Unavailable):  # which may be just what it ended for
            self.store.create(self._key + _SPARED, b"{}")

    def broke(self, error: BaseException) -> None:
        """Note what it ended for: the kind alone, since the words may hold what was sent."""
        self.store.create(self._key + _BROKEN, orjson.dumps({"error": type(error).__name__}))
        parts = chain(parts_of(self.store, self.id))
        got_further = bool(parts) and parts[-1].end > self.at
        if self.most == 1 or (not got_further and len(_apart(self._made()[0])) >= self.most):
            self._give_up()

    def _made(self) -> tuple[list[datetime], str | None]:
        """Give when each attempt here began that counts, in order, and the key of the last one's note on an error."""
        prefix = f"{layout.job_attempts(self.id)}{self.at:013d}-"
        there = {entry.key for entry in self.store.entries(layout.job_attempts(self.id))}
        found = sorted(
            (when, key)
            for key in there
            if key.startswith(prefix)
            and (when := time_of(key.removeprefix(prefix))) is not None
            and key + _SPARED not in there
        )
        note = found[-1][1] + _BROKEN if found else ""
        return [when for when, _ in found], note if note in there else None

    def _give_up(self) -> None:
        times, note = self._made()
        parts = chain(parts_of(self.store, self.id))
        row = parts[-1].row + parts[-1].rows if parts else 0
        size = self.store.size(layout.job_input(self.id))
        place = f"its rows from row {row} on were answered"
        if parts and parts[-1].end == size:
            place = "its results were put together"
        what = f"its worker ended without a word (out of memory, out of time or killed) while {place}"
        if note is not None:
            kind = document(self.store.get(note) or b"{}").get("error")
            what = f"something unforeseen, {kind}, was raised while {place}"
        count = len(_apart(times))
        often = f"in each of {count} attempts" if count > 1 else "in the only attempt"
        standing.fail(
            self.store,
            self.id,
            f"The job is given up: {what}, {often}. Ask predict for some of these rows to find what it cannot answer, and "
            "make a new job without that, of fewer rows, or with another version. The trace is in the log of the workers.",
        )


def _apart(times: list[datetime]) -> list[datetime]:
    """Give those of some times, in order, that do not come too soon after another."""
    found: list[datetime] = []
    for when in times:
        if not found or when - found[-1] >= APART:
            found.append(when)
    return found

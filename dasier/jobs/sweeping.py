"""Find jobs that nobody works on, from one listing: what an event that was lost, or a worker that died, left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dasier import layout
from dasier.jobs import standing
from dasier.ulid import since, time_of

if TYPE_CHECKING:
    from dasier.store import Store

SILENCE = timedelta(minutes=2)
"""Somebody works on a job to which something was added since; a block takes seconds."""


@dataclass(slots=True)
class _Seen:
    touched: datetime
    has_input: bool = False
    has_ended: bool = False


def abandoned(store: Store, *, now: datetime, silence: timedelta = SILENCE) -> list[str]:
    """Give the jobs that wait for a worker, the oldest first; those that waited too long are ended.

    Twice as far back as a job may wait is looked, and no listing grows with the month that jobs are kept: where no sweep came by
    for longer (a laptop that was closed), a job is ended when somebody asks for it (`dasier.jobs.standing`).
    """
    seen: dict[str, _Seen] = {}
    for entry in store.entries(layout.JOBS, after=layout.JOBS + since(now - 2 * standing.PATIENCE)):
        found = layout.job_of(entry.key)
        if found is None:
            continue
        one = seen.setdefault(found[0], _Seen(entry.written))
        one.touched = max(one.touched, entry.written)
        one.has_input |= found[1] == "input"
        one.has_ended |= found[1] == "end.json"
    waiting = []
    for id_, one in sorted(seen.items()):
        if one.has_ended:
            continue
        if now - (time_of(id_) or datetime.min.replace(tzinfo=UTC)) > standing.PATIENCE:
            standing.give_up(store, id_, has_input=one.has_input)
        elif one.has_input and now - one.touched >= silence:
            waiting.append(id_)
    return waiting

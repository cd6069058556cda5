"""What turned out to be true of predictions, kept beside the prediction log.

What is told together is one file for each day on which predictions were made, named by the digest of what it
says: the same told twice is one. Of two things told of one prediction the later counts.

Which was later, the store says, whose clock is one for all: the clocks of two functions may be a quarter of an hour wrong. Only what
they put further apart than that they put in order, so that a store whose files were copied in some other order tells the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from dasier import layout
from dasier.manifest import canonical
from dasier.predictions import days
from dasier.ulid import time_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.schema import Label
    from dasier.store import Store

log = logging.getLogger("dasier")

_SKEW = timedelta(minutes=15)
"""How far a clock may be wrong; beyond it AWS refuses to answer."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What was true of one prediction.

    Attributes
    ----------
    prediction_id : str
        A ULID, which says when the prediction was made.
    actual : Label, or list of Label
        Of one row, or of each row in order.
    """

    prediction_id: str
    actual: Label | list[Label]


class Told(NamedTuple):
    """What was told of a prediction, and when, by the clock of who took it."""

    received: datetime
    actual: Label | list[Label]


def record(store: Store, name: str, truths: Iterable[Truth], *, now: datetime) -> None:
    """Keep what was true; it is all kept once this returns.

    Raises
    ------
    Unavailable
        If the store does not take it; telling it again is safe.
    """
    by_day: defaultdict[str, list[Truth]] = defaultdict(list)
    for truth in truths:
        made = time_of(truth.prediction_id)
        if made is None:
            raise ValueError(truth.prediction_id)
        by_day[f"{made:%Y-%m-%d}"].append(truth)
    received = now.astimezone(UTC).isoformat()
    for day, told in by_day.items():
        said = [{"prediction_id": one.prediction_id, "actual": one.actual} for one in told]
        said.sort(key=canonical)
        digest = hashlib.sha256(b"\n".join(map(canonical, said))).hexdigest()
        key = f"{layout.feedback(name, day)}{digest}.jsonl"
        # If it is there already it was told before, and when it was first told stands.
        store.create(key, b"".join(canonical({**one, "received": received}) + b"\n" for one in said))


def read(store: Store, name: str, *, first: datetime, last: datetime) -> dict[str, Label | list[Label]]:
    """Give what is known to be true of the predictions made between two times, by prediction id.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    known: dict[str, Told] = {}
    take(store, files(store, name, first=first, last=last), known)
    return {prediction: told.actual for prediction, told in known.items()}


def files(store: Store, name: str, *, first: datetime, last: datetime) -> list[tuple[datetime, str]]:
    """Give when the store took each file, in that order, of what was told of predictions made between two times.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    # Whoever predicted named the day by a clock of their own.
    return sorted(
        file
        for day in days(first - _SKEW, last + _SKEW)
        for file in store.written(layout.feedback(name, day))
    )


def take(store: Store, new: Iterable[tuple[datetime, str]], known: dict[str, Told]) -> None:
    """Add what files tell to what is known by earlier ones; of two things told of one prediction the later counts.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    told = [(written, said) for written, key in new for said in _lines(store.get(key) or b"", key)]
    told.sort(key=lambda one: (one[0], one[1]["received"]))
    for _, said in told:
        received = datetime.fromisoformat(said["received"])
        before = known.get(said["prediction_id"])
        if before is None or before.received - 2 * _SKEW <= received:
            known[said["prediction_id"]] = Told(received, said["actual"])


def _lines(content: bytes, key: str) -> list[dict[str, Any]]:
    """Give the lines of a file; one that is none of ours, written by somebody else, is told of."""
    found = []
    for line in filter(None, content.splitlines()):
        try:
            said = json.loads(line)
            datetime.fromisoformat(said["received"])
            found.append({name: said[name] for name in ("prediction_id", "received", "actual")})
        except (ValueError, TypeError, KeyError):
            log.warning("feedback not read", extra={"key": key})
    return found

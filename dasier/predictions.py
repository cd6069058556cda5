"""The prediction log: a record for each request that a version answered or failed to answer, as JSON lines.

Functions write it (`dasier.serving.observing`): on Lambda to the function's own log, from where Firehose brings
it into the store; elsewhere straight into the store. Whoever learns from it reads it here: the gate, which
promotes a canary or takes it back, drift and `dasier compare`. Both ways end under the same keys
(`dasier.layout.predictions`), plain or compressed by gzip. What batch jobs write (`dasier.jobs.recording`) stands
apart, for those who ask for it: a block of rows is no request, and a canary is not judged by it.
"""

from __future__ import annotations

import gzip
import json
import logging
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any, Self

from dasier import layout, ulid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dasier.store import Store

log = logging.getLogger("dasier")

KIND = "prediction"
"""What a log line's ``kind`` says if it is one of these records."""

MOST = 200_000
"""Records that one reading gives at most, unless told otherwise: some 100 MB of memory."""

_LONGEST_JOB = timedelta(days=2)
"""A job is given up after a day."""

_COUNTS = ("status", "rows", "errors", "refusals", "rows_refused")

_SLACK = timedelta(minutes=15)
"""How far two clocks may be apart: files are sought from so much earlier. Which records count is for
the reader to say, by release where it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One request, and what a version made of it.

    Attributes
    ----------
    id : str
        The prediction's id, which feedback names: a ULID.
    time : str
        ISO 8601, UTC.
    model : str
    version : int
        The one that answered.
    release : int or None
        The release that chose it; None if the caller named a version.
    instead_of : int or None
        The version that this caller should have had, if it could not be loaded.
    status : int
        Of the HTTP answer.
    rows : int
        How many were asked for; 0 if they could not be read.
    errors : int
        1 if it is the version that failed: it could not answer, or gave what is no number.
    refusals : int
        1 if the request was refused for what it is.
    latency_ms : float
        From the parsed event to the answer; 0 of a job's block, which nobody waits for.
    client : str or None
        A digest: the same caller has the same one, and the log does not hold the caller's own id.
    positions : tuple of int or None
        Of the rows that are kept, ascending; None if all of them are.
    columns : mapping of column to cells, or None
        JSON types; without columns that tell of a person. None if this request was not sampled.
    outputs : mapping or None
        ``predictions``, and ``probabilities`` and ``scores`` if the model gives them; None as above.
    warnings : mapping of code to int
        How many of each, in all rows of the request; None if there are none, or as above.
    job : str or None
        The batch job whose block this is; None of a request. Of a block nothing is said of its time, and its errors are the job's.
    rows_refused : int
        How many rows of a block were not answered, each by itself; of a request all are, or none.
    """

    id: str
    time: str
    model: str
    version: int
    status: int
    rows: int
    latency_ms: float = 0.0
    errors: int = 0
    refusals: int = 0
    release: int | None = None
    instead_of: int | None = None
    client: str | None = None
    positions: tuple[int, ...] | None = None
    columns: Mapping[str, list[Any]] | None = None
    outputs: Mapping[str, list[Any]] | None = None
    warnings: Mapping[str, int] | None = None
    job: str | None = None
    rows_refused: int = 0

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read a log line; keys that are none of these are ignored.

        Raises
        ------
        ValueError, TypeError, KeyError, OverflowError
            If it is no record.
        """
        known = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        known["version"] = int(
            known["version"]
        )  # a string in the line, since CloudWatch takes it as a dimension
        if known.get("positions") is not None:
            known["positions"] = tuple(known["positions"])
        if datetime.fromisoformat(known["time"]).utcoffset() != timedelta(0):
            raise ValueError(known["time"])
        # Whoever counts them trusts that they are numbers: one line that is none would stop the gate, or a report.
        if not all(type(known.get(name, 0)) is int for name in _COUNTS) or not isfinite(
            known.get("latency_ms", 0.0)
        ):
            raise ValueError(known["id"])
        return cls(**known)


def read(  # noqa: PLR0913 - keywords
    store: Store,
    name: str,
    *,
    since: datetime,
    until: datetime | None = None,
    most: int = MOST,
    jobs: bool = False,
) -> Iterator[Prediction]:
    """Give the records of a model that were written since a time, oldest file first.

    Parameters
    ----------
    since, until : datetime
        Aware; `until` is now if it is not given. A quarter of an hour more is read at each end, since clocks differ.
    most : int
        Reading ends after so many.
    jobs : bool
        Whether the blocks of batch jobs are given as well, after the requests of their day.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    for key in files(store, name, since=since, until=until, jobs=jobs):
        for record in of_file(store, key):
            if most <= 0:
                return
            most -= 1
            yield record


def files(
    store: Store, name: str, *, since: datetime, until: datetime | None = None, jobs: bool = False
) -> Iterator[str]:
    """Give the keys of the files that `read` reads. What a file holds never changes.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    last = (until or datetime.now(UTC)) + _SLACK
    first = since - _SLACK
    blocks = _blocks(store, name, first, last) if jobs else {}
    for day in days(first, last):
        yield from sorted(store.keys(layout.predictions(name, day), written_since=first))
        yield from blocks.get(day, [])


def of_file(store: Store, key: str) -> Iterator[Prediction]:
    """Give the records of a file; none if it is gone.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    yield from _records(store.get(key) or b"", key)


def days_of_jobs(store: Store, name: str, *, since: datetime, until: datetime) -> set[str]:
    """Give the days on which something of a batch job was logged.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    return set(_blocks(store, name, since, until))


def _blocks(store: Store, name: str, first: datetime, last: datetime) -> dict[str, list[str]]:
    """Give the keys of what was logged of jobs since a time, by the day on which the store took them."""
    prefix = layout.predictions_of_jobs(name)
    found = sorted(
        (entry.written, entry.key)
        for entry in store.entries(prefix, after=prefix + ulid.since(first - _LONGEST_JOB))
        if entry.written >= first
    )
    by_day: dict[str, list[str]] = {}
    for written, key in found:
        by_day.setdefault(f"{min(written, last).astimezone(UTC):%Y-%m-%d}", []).append(key)
    return by_day


def lately(
    store: Store, name: str, *, since: datetime, until: datetime, files: int
) -> tuple[list[Prediction], bool]:
    """Give the newest records of a model, and whether they are all that were written since a time.

    Parameters
    ----------
    since, until : datetime
        Aware.
    files : int
        So many are read at most, the newest: what is read does not grow with what was asked.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    # A key starts with the day and goes on with the time that it was written at, so that the newest sorts last.
    found = sorted(
        key
        for day in days(since, until)
        for key in store.keys(layout.predictions(name, day), written_since=since)
    )
    newest = found[-files:]
    every = [record for key in newest for record in _records(store.get(key) or b"", key)]
    return [one for one in every if datetime.fromisoformat(one.time) >= since], len(newest) == len(found)


def days(first: datetime, last: datetime) -> Iterator[str]:
    """Give each day from one time to another, ends included, as ``YYYY-MM-DD`` in UTC.

    >>> list(days(datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC)))
    ['2026-02-28', '2026-03-01']
    """
    day, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
    while day <= end:
        yield day.isoformat()
        day += timedelta(days=1)


def _records(content: bytes, key: str) -> Iterator[Prediction]:
    """Give the records of a file; what is none, such as a line that was cut off, is passed over and told."""
    unread = 0
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            content, unread = b"", 1
    for line in filter(None, content.splitlines()):
        try:
            document = json.loads(line)
            if document["kind"] == KIND:
                yield Prediction.from_document(document)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            unread += 1
    if unread:
        log.warning("prediction log not read whole", extra={"key": key, "unread": unread})

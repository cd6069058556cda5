"""Read what a canary and what serves did from the prediction log, and what was true, each file of either once.

The gate looks at a canary every minute, as a function that remembers nothing. So it puts down what it has counted, and which files it counted::

    trials/<name>/<release>/999998-000001.json.gz       the newest sorts first

A file is counted whole or not at all, and put down with all that was counted before. So a gate that is killed loses what it had not put
down, and counts nothing twice; of two at once one puts down, and both have counted right. A file that arrives late is new whenever it arrives. What
was put down is for speed alone: without it, or if it cannot be read, all of the log is counted again, with the same result.
"""

from __future__ import annotations

import gzip
import logging
import zlib
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from dasier import feedback, layout, predictions
from dasier.errors import StoreDenied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.gate.counted import Counted
    from dasier.releases import Release
    from dasier.store import Store

log = logging.getLogger("dasier")

# It is no such document, or a role of before trials were kept may not read it.
_NOT_READ = (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError, StoreDenied)

FILES_AT_ONCE = 100
"""After so many it puts down what it has counted, so that one which has much to catch up with gets there, however often it is killed."""


def look(  # noqa: PLR0913 - keywords
    store: Store, name: str, release: Release, counted: Counted, *, now: datetime, keep: bool
) -> None:
    """Count what the log holds of a release, going on from what was put down.

    Parameters
    ----------
    counted : Counted
        Nothing yet; what is counted is added.
    keep : bool
        Whether what is counted is put down for the next look.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    since = datetime.fromisoformat(release.when)
    number = _taken_up(store, layout.trials(name, release.number), counted)
    for _ in _counting(store, name, release, counted, since=since, now=now):
        counted.forget()
        if keep:
            number += 1
            keep = _put_down(store, layout.trial(name, release.number, number), counted)


def _counting(  # noqa: PLR0913 - keywords
    store: Store, name: str, release: Release, counted: Counted, *, since: datetime, now: datetime
) -> Iterator[None]:
    """Count what is new, and stop after every so many files, and at the end if anything was."""
    files = predictions.files(store, name, since=since, until=now)
    new = [file for file in files if not counted.has(file)]
    told = [file for file in feedback.files(store, name, first=since, last=now) if not counted.has(file[1])]
    for place, file in enumerate(new, start=1):
        for record in predictions.of_file(store, file):
            if record.release == release.number:
                counted.add(record)
        counted.done(file)
        counted.cut()
        if place % FILES_AT_ONCE == 0 and place < len(new) + len(told):
            yield
    for start in range(0, len(told), FILES_AT_ONCE):
        some = told[start : start + FILES_AT_ONCE]
        feedback.take(store, some, counted.truths)
        for _, file in some:
            counted.done(file)
        if start + FILES_AT_ONCE < len(told):
            yield
    if new or told:
        yield


def _taken_up(store: Store, prefix: str, counted: Counted) -> int:
    """Take up what was put down last, and give its number; 0 if there is nothing."""
    newest = None
    try:
        newest = store.first(prefix)
        if newest is not None:
            counted.take_up(orjson.loads(gzip.decompress(store.get(newest) or b"")))
    except _NOT_READ as error:
        told = {"key": newest or prefix, "error": type(error).__name__}
        log.warning("what was counted of a canary is not read: all is counted again", extra=told)
    return 0 if newest is None else layout.number(newest) or 0


def _put_down(store: Store, key: str, counted: Counted) -> bool:
    """Put down what is counted; say whether to go on doing so, which is not if another gate was first."""
    try:
        return store.create(key, gzip.compress(orjson.dumps(counted.to_document()), 1, mtime=0))
    except StoreDenied as error:  # a role of before: it decides all the same
        log.warning("what was counted of a canary is not put down", extra={"key": key, "error": str(error)})
        return False

"""Do a job, or as much of it as there is time for; whoever comes next goes on after the last part."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from dasier import layout
from dasier.errors import DasierError, InvalidRequest, ModelUnavailable, NotFound, trace
from dasier.jobs import attempts, joining, splitting, standing
from dasier.jobs.answering import Answered, Answering, check_header
from dasier.jobs.attempts import Attempt
from dasier.jobs.job import CSV, Job, Part, chain, parts_of
from dasier.jobs.recording import Recording
from dasier.jobs.source import Source
from dasier.jobs.writing import Results
from dasier.serving.exchange import Request
from dasier.serving.formats import native

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dasier.serving.loading import Loaded
    from dasier.serving.service import Service
    from dasier.store import Store

log = logging.getLogger("dasier")

MARGIN_S = 20.0
"""What must be left for writing the last part and waking the next worker."""

_TIMES_LONGER = 3
"""A block may take this many times longer than the longest so far."""

_HEADER_BYTES = 1024 * 1024
_MODEL_MISSING = timedelta(hours=1)
"""How long a version may fail to load, which may be the store's fault, before that is the job's end."""


@dataclass(slots=True)
class Time:
    """How long a worker may go on.

    Attributes
    ----------
    left_s
        Gives how long until the worker is ended from outside.
    """

    left_s: Callable[[], float]
    _longest_s: float = field(default=0.0, init=False)
    _began_s: float = field(default_factory=time.perf_counter, init=False)

    def spent(self) -> None:
        """Note that a block is done."""
        now_s = time.perf_counter()
        self._longest_s, self._began_s = max(self._longest_s, now_s - self._began_s), now_s

    def is_over(self) -> bool:
        """Say whether another block may not be done in time."""
        return self.left_s() < MARGIN_S + _TIMES_LONGER * self._longest_s


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bytes of the input that one worker answers, the number of the first row in them, and how much it takes at a time."""

    start: int
    end: int
    row: int
    block_bytes: int = splitting.BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where a worker stopped, and whether it is for another to go on: not if the job has ended."""

    at: int
    wakes: bool


def work(  # noqa: PLR0913 - keywords
    service: Service,
    id_: str,
    left_s: Callable[[], float],
    *,
    below_bytes: int = 0,
    block_bytes: int = splitting.BLOCK_BYTES,
    most_attempts: int = attempts.MOST,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> str:
    """Do a job from where it stands, and say where it stands then: as the API does, or ``nothing`` if there is none.

    It is ``broken`` if something unforeseen was raised, and another worker is to try.

    Parameters
    ----------
    left_s
        Gives how long until this worker is ended from outside.
    below_bytes : int
        An input of this size or more, of which nothing is done yet, is left to many workers; 0 for none.
    block_bytes : int
        How much is answered at a time.
    most_attempts : int
        After so many that led nowhere the job is given up (`dasier.jobs.attempts`).
    """
    store = service.registry.store
    try:
        job = Job.read(store, id_)
    except NotFound:
        return "nothing"
    size = store.size(layout.job_input(id_))
    if size is None or standing.ended(store, id_) is not None:
        return "nothing"
    parts = parts_of(store, id_)
    if 0 < below_bytes <= size and job.media_type == CSV and not parts:
        return "left to many"
    attempt = Attempt(store, id_, at=(chain(parts) or [Part(0, 0, 0, 0, 0)])[-1].end, most=most_attempts)
    state = "running"
    if attempt.begins(now()):
        state = _tried(service, job, Stretch(0, size, 0, block_bytes), Time(left_s), attempt)
    state = str((standing.ended(store, id_) or {"state": state})["state"])
    log.info("job worked on", extra={"job": id_, "model": job.model, "version": job.version, "state": state})
    return state


def _tried(service: Service, job: Job, all_of_it: Stretch, left: Time, attempt: Attempt) -> str:
    """Do a job as far as there is time, and say whether that broke on something unforeseen."""
    try:
        loaded = loaded_for(service, job)
        if loaded is not None:
            _answer(service, job, loaded, all_of_it, left)
    except InvalidRequest as error:
        standing.fail(service.registry.store, job.id, str(error), error.violations)
    except (
        DasierError
    ):  # of the store, or of a version that does not load: whoever comes next may find it mended
        attempt.spared()
        raise
    except Exception as error:  # noqa: BLE001 (a model may raise anything; its words may hold what was sent)
        log.error("job broke its worker", extra={"job": job.id, "trace": trace(error)})  # noqa: TRY400
        attempt.broke(error)
        return "broken"
    return "running"


def work_on(
    service: Service,
    ids: Sequence[str],
    left_s: Callable[[], float],
    *,
    below_bytes: int = 0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, str]:
    """Work on jobs in turn; one that breaks its worker does not keep the others from theirs, and is found again."""
    told: dict[str, str] = {}
    for id_ in ids:
        if told and left_s() < MARGIN_S:
            break  # the next sweep finds them
        try:
            told[id_] = work(service, id_, left_s, below_bytes=below_bytes, now=now)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one is no reason to leave the others)
            log.error("job broke its worker", extra={"job": id_, "trace": trace(error)})  # noqa: TRY400
            told[id_] = "broken"
    return told


def loaded_for(service: Service, job: Job) -> Loaded | None:
    """Give the job's version; None if it is given up."""
    try:
        return service.version(job.model, job.version)
    except (ModelUnavailable, NotFound) as error:
        if datetime.now(UTC) - job.created < _MODEL_MISSING:
            raise
        standing.fail(service.registry.store, job.id, str(error))
        return None


def _answer(service: Service, job: Job, loaded: Loaded, all_of_it: Stretch, left: Time) -> None:
    store, size = service.registry.store, all_of_it.end
    if job.media_type != CSV:
        _whole(service, job, loaded, size)
    elif (stopped := stretch(service, job, loaded, all_of_it, left)) is not None:
        if stopped.wakes:
            store.create(layout.job_again(job.id, stopped.at), b"{}")
        return
    joining.join(store, job, loaded.manifest.schema.output, size)


def stretch(service: Service, job: Job, loaded: Loaded, given: Stretch, left: Time) -> Stopped | None:
    """Answer a stretch of a job's input, part by part; say where it stopped, if not all of it is answered.

    Raises
    ------
    MalformedBody, RowsRefused
        If the table's columns are not the model's.
    """
    store, recording = service.registry.store, Recording(service, job, loaded.manifest)
    parts = chain(parts_of(store, job.id), given.start)
    start, row = (parts[-1].end, parts[-1].row + parts[-1].rows) if parts else (given.start, given.row)
    with Source(store, layout.job_input(job.id), given.end) as source:
        header = header_of(source)
        check_header(header, loaded.manifest.schema)
        results = Results(loaded.manifest.schema.output, probabilities=job.probabilities)
        answering = Answering(loaded, results, header)
        first = max(start, len(header))  # the first part begins with the header
        separator, most = splitting.separator_of(header), given.block_bytes
        for block in splitting.blocks(source.read, first, given.end, separator, block_bytes=most):
            answered = answering.block(block, row)
            part = Part(start, block.end, row, answered.rows, answered.refused)
            _keep(store, job, part, answered, recording)
            start, row = block.end, row + answered.rows
            left.spent()
            if start < given.end and standing.ended(store, job.id) is not None:
                return Stopped(start, wakes=False)
            if start < given.end and left.is_over():
                return Stopped(start, wakes=True)
    return None


def header_of(source: Source) -> bytes:
    """Give the first line of a table; all of it if there is no other."""
    content = source.read(0, min(_HEADER_BYTES, source.size_bytes))
    return splitting.first_row(content) or content


def _whole(service: Service, job: Job, loaded: Loaded, size: int) -> None:
    """Answer an input that is one document of JSON, which was short enough to be a request, as one part.

    Raises
    ------
    MalformedBody, RowsRefused
    """
    request = Request(
        method="POST",
        resource="",
        path={},
        query={},
        headers={"content-type": job.media_type},
        body=service.registry.store.get(layout.job_input(job.id)) or b"",
        id=job.id,
        client=None,
    )
    rows, _ = native.read(request, loaded.manifest.schema)
    results = Results(loaded.manifest.schema.output, probabilities=job.probabilities)
    answered = Answered(len(rows))
    Answering(loaded, results).rows(rows, np.arange(len(rows)), answered)
    part = Part(0, size, 0, len(rows), answered.refused)
    _keep(service.registry.store, job, part, answered, Recording(service, job, loaded.manifest))


def _keep(store: Store, job: Job, part: Part, answered: Answered, recording: Recording) -> None:
    """Write a part: first what is logged of it and what was refused, then the part, which says that all is there."""
    recording.block(part, answered)
    answered.answers.clear()  # the next block is read while this one is still held
    key = layout.job_parts(job.id) + part.name
    if answered.refused:
        store.create(joining.refused_key(key), answered.refused_lines)
    store.create(key, b"".join(answered.lines))

"""Do a job by many workers at once: the steps of the state machine in `template.yaml`.

Plan reads the input once, without answering, and cuts it into ranges of whole rows, each with the number of its first
row. Each range is answered like a job of its own, into parts of the same form. Join puts them together. A step may be
repeated, and a range that is not done in time is asked for again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier import layout
from dasier.errors import InvalidRequest, JobNotFound, NotFound, StoreUnavailable
from dasier.jobs import joining, splitting, standing
from dasier.jobs.answering import check_header
from dasier.jobs.job import CSV, Job
from dasier.jobs.source import Source
from dasier.jobs.working import Stretch, Time, header_of, loaded_for, stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.serving.service import Service

RANGE_BYTES = 64 * 1024 * 1024
"""A minute or two of work; the largest upload, 5 GB, has eighty of them."""


def step(service: Service, event: Mapping[str, Any], left_s: Callable[[], float]) -> dict[str, Any] | None:
    """Do what the machine asks for and give what it goes on with; None if an event is not the machine's."""
    if "plan" in event:
        found = layout.job_of(str(event["plan"]))
        if found is None:
            raise JobNotFound
        return plan(service, found[0])
    if "range" in event:
        return answer(service, event["range"], left_s)
    if "join" in event:
        return join(service, str(event["join"]))
    return None


def plan(service: Service, id_: str, *, range_bytes: int = RANGE_BYTES) -> dict[str, Any]:
    """Give the ranges of a job's input; none if it has ended, or its columns are not the model's."""
    store = service.registry.store
    nothing: dict[str, Any] = {"job": id_, "ranges": []}
    try:
        job = Job.read(store, id_)
    except NotFound:
        return nothing
    size = store.size(layout.job_input(id_))
    if size is None or job.media_type != CSV or standing.ended(store, id_) is not None:
        return nothing
    with Source(store, layout.job_input(id_), size) as source:
        header = header_of(source)
        try:
            check_header(header, service.manifest(job.model, job.version).schema)
        except InvalidRequest as error:
            standing.fail(store, id_, str(error), error.violations)
            return nothing
        return {"job": id_, "ranges": _ranges(source, header, id_, range_bytes)}


def _ranges(source: Source, header: bytes, id_: str, range_bytes: int) -> list[dict[str, Any]]:
    separator = splitting.separator_of(header)
    found: list[dict[str, Any]] = []
    start = row = rows = 0
    for block in splitting.blocks(source.read, len(header), source.size_bytes, separator):
        rows += 1 if block.endless else splitting.count(block.content, separator)
        if block.end - start >= range_bytes or block.end == source.size_bytes:
            found.append({"job": id_, "start": start, "end": block.end, "row": row})
            start, row = block.end, rows
    return found


def answer(service: Service, given: Mapping[str, Any], left_s: Callable[[], float]) -> dict[str, Any]:
    """Answer a range as far as there is time, and say whether it is done; so it is if the job has ended."""
    store = service.registry.store
    job = Job.read(store, str(given["job"]))
    loaded = None if standing.ended(store, job.id) is not None else loaded_for(service, job)
    stopped = None
    if loaded is not None:
        part = Stretch(int(given["start"]), int(given["end"]), int(given["row"]))
        stopped = stretch(service, job, loaded, part, Time(left_s))
    return {**given, "done": stopped is None or not stopped.wakes}


def join(service: Service, id_: str) -> dict[str, Any]:
    """Put the ranges together, and say where the job stands.

    Raises
    ------
    StoreUnavailable
        If parts are missing.
    """
    store = service.registry.store
    job = Job.read(store, id_)
    size = store.size(layout.job_input(id_))
    if size is not None and standing.ended(store, id_) is None:
        output = service.manifest(job.model, job.version).schema.output
        try:
            if not joining.join(store, job, output, size):
                raise StoreUnavailable(f"joining {id_}", "parts are missing")
        except InvalidRequest as error:
            standing.fail(store, id_, str(error), error.violations)
    return {"job": id_, "state": (standing.ended(store, id_) or {"state": "waiting"})["state"]}

"""The paths of jobs: parse, one call, map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier import layout
from dasier.errors import JobNotFound
from dasier.jobs import standing
from dasier.jobs.accepting import accept
from dasier.jobs.job import Job
from dasier.serving.exchange import Request, Response, json_response

if TYPE_CHECKING:
    from dasier.serving.service import Service


def submit(service: Service, request: Request) -> Response:
    """Make a job; the same idempotency key twice is one."""
    made = accept(service, request)
    return _accepted(service, made, new="idempotency-key" not in request.headers)


def defer(service: Service, request: Request) -> Response:
    """Make a job of a prediction."""
    return _accepted(service, accept(service, request), new=True, applied="respond-async")


def _accepted(service: Service, made: Job, *, new: bool, applied: str | None = None) -> Response:
    document = standing.told(service.registry.store, made, new=new)
    headers = {"location": f"/jobs/{made.id}"} | ({"preference-applied": applied} if applied else {})
    return json_response(document, status=202, headers=headers)


def job(service: Service, request: Request) -> Response:
    """Say where a job stands."""
    return json_response(standing.told(service.registry.store, _own(service, request)))


def cancel(service: Service, request: Request) -> Response:
    """End a job that has not ended: its workers stop at the next block."""
    store = service.registry.store
    found = _own(service, request)
    if store.get(layout.job_end(found.id)) is None:
        standing.end(store, found.id, "cancelled")
    return json_response(standing.told(store, found))


def _own(service: Service, request: Request) -> Job:
    """Give the job that a path names; to who calls by another key than made it there is none.

    Raises
    ------
    JobNotFound
    """
    found = Job.read(service.registry.store, request.path["id"])
    if not found.is_of(request.key_id):
        raise JobNotFound
    return found

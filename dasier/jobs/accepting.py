"""Take a job on: find what it is for, check what can be checked at once, and write it down."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from dasier import layout
from dasier.errors import InvalidRequest, KeyReused, RowsRefused, Violation
from dasier.jobs import splitting
from dasier.jobs.job import CSV, Job, document, owner_of
from dasier.layout import checked_version
from dasier.serving.formats import native
from dasier.serving.formats.table_csv import read_csv
from dasier.serving.options import read_options
from dasier.serving.resolving import chosen_version
from dasier.ulid import ulid

if TYPE_CHECKING:
    from pathlib import Path

    from dasier.schema import Schema
    from dasier.serving.exchange import Request
    from dasier.serving.service import Service
    from dasier.store import Store

_LONGEST_KEY = 255
_PIECE_BYTES = 8 * 1024 * 1024


def accept(service: Service, request: Request) -> Job:
    """Give the job that a request asks for, made if it is not there; a body is its input.

    Raises
    ------
    ModelNotFound, VersionNotFound, ModelUnavailable
    MalformedBody, RowsRefused, UnsupportedMediaType
        If the body is no table of the model's columns. What is wrong with single rows of a CSV is left to the job.
    KeyReused
        If the idempotency key stands for another request.
    """
    options = read_options(request.query)
    if options.explain:
        raise InvalidRequest("A job gives no explanations. Ask predict for those of a few rows.")
    name = request.path["name"]
    manifest = service.manifest(name, _version(service, request))
    media_type = (request.media_type or "application/json") if request.body else CSV
    if request.body:
        _check(request, media_type, manifest.schema)
    job = Job(
        id=ulid(),
        model=name,
        version=manifest.version,
        probabilities=options.probabilities,
        media_type=media_type,
        owner=owner_of(request.key_id),
    )
    store = service.registry.store
    key = request.headers.get("idempotency-key")
    if key is not None:
        job = _claimed(store, request, key, job)
    if not store.create(layout.job_document(job.id), job.written()):
        job = Job.read(store, job.id)  # the same request was here before, perhaps when another version served
    if request.body:
        store.create(layout.job_input(job.id), request.body)
    return job


def accept_file(service: Service, name: str, version: int | None, file: Path) -> Job:
    """Give a new job whose input is a CSV file of this machine.

    Raises
    ------
    ModelNotFound, VersionNotFound, ModelUnavailable
    """
    number = version or chosen_version(service.releases.current(name), name, None)
    job = Job(id=ulid(), model=name, version=service.manifest(name, number).version)
    store = service.registry.store
    draft = layout.job_draft(job.id, ulid())
    writer = store.writer(draft)
    with file.open("rb") as source:
        while content := source.read(_PIECE_BYTES):
            writer.write(content)
    writer.close()
    store.create(layout.job_document(job.id), job.written())
    store.settle(draft, layout.job_input(job.id))
    return job


def _version(service: Service, request: Request) -> int:
    asked = request.path.get("version") or request.query.get("version")
    if asked is not None:
        return checked_version(asked)
    name = request.path["name"]
    return chosen_version(service.releases.current(name), name, request.client)


def _check(request: Request, media_type: str, schema: Schema) -> None:
    if media_type != CSV:
        native.read(request, schema)
        return
    header = splitting.first_row(request.body) or request.body
    try:
        read_csv(header, schema)
    except RowsRefused as error:
        if header == request.body or {violation.code for violation in error.violations} != {"no_rows"}:
            raise


def _claimed(store: Store, request: Request, key: str, job: Job) -> Job:
    """Give the job with the id that the key stands for: this one's, if nobody claimed it before."""
    if not 0 < len(key) <= _LONGEST_KEY:
        what = f"An Idempotency-Key has 1 to {_LONGEST_KEY} characters."
        raise InvalidRequest(what, [Violation("Idempotency-Key", "wrong_length", what)])
    asked = {**request.path, **request.query, "type": request.media_type}
    parts = [orjson.dumps(asked, option=orjson.OPT_SORT_KEYS), request.body]
    fingerprint = hashlib.sha256(b"\0".join(parts)).hexdigest()
    caller = hashlib.sha256(orjson.dumps([request.client, key])).hexdigest()
    claim: dict[str, Any] = {"id": job.id, "request": fingerprint}
    place = layout.job_claim(caller)
    if not store.create(place, orjson.dumps(claim)):
        claim = document(store.get(place) or b"")
    if claim["request"] != fingerprint:
        raise KeyReused
    return replace(job, id=claim["id"])

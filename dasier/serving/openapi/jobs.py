"""How batch jobs are described: what a job tells, and what can be done with one."""

from __future__ import annotations

from dasier.serving.openapi.operations import (
    CLIENT,
    NAME,
    PROBABILITIES,
    Json,
    Operation,
    json_content,
    option,
    ref,
)
from dasier.serving.openapi.shapes import INTEGER, STRING, array, obj

_TABLE: Json = {"type": "string", "description": "A header row with the columns' names, then rows."}

JOB_SCHEMA: Json = obj(
    {
        "id": STRING,
        "model": STRING,
        "version": INTEGER,
        "state": {"enum": ["waiting", "queued", "running", "done", "failed", "cancelled"]},
        "created": STRING,
        "finished": STRING,
        "rows_done": {**INTEGER, "description": "Rows that were answered."},
        "rows_refused": INTEGER,
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "links": {
            **ref("Links"),
            "description": "When it is done also results and refused, as CSV, for an hour.",
        },
        "upload": obj(
            {
                "method": STRING,
                "url": {**STRING, "description": "Absolute, or a path below the address of this API."},
                "headers": {"type": "object", "additionalProperties": STRING},
                "expires_in_s": INTEGER,
            }
        ),
        "detail": {**STRING, "description": "Why it failed."},
        "errors": array(ref("Violation")),
    },
    optional=("finished", "upload", "detail", "errors"),
)

JOB: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "A job's id.",
    "schema": {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},
}
IDEMPOTENCY_KEY: Json = {
    "name": "idempotency-key",
    "in": "header",
    "description": "The same key twice is one job.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
LOCATION = {"location": {"schema": {"type": "string"}, "description": "Where the job tells how it stands."}}

SUBMIT = Operation(
    id="submit",
    summary="Make a batch job; without a body, the answer says where to put the rows",
    tag="jobs",
    answers=json_content(ref("Job")),
    body={"text/csv": {"schema": _TABLE}, **json_content(ref("Table"))},
    optional_body=True,
    parameters=[
        NAME,
        option(
            "version", {"type": "integer", "minimum": 1, "maximum": 999_999}, "By default what serves now."
        ),
        PROBABILITIES,
        IDEMPOTENCY_KEY,
        CLIENT,
    ],
    headers=LOCATION,
    status="202",
)
CANCEL = Operation(
    id="cancel",
    summary="End a job that has not ended",
    tag="jobs",
    answers=json_content(ref("Job")),
    parameters=[JOB],
    method="delete",
)
STANDING = Operation(
    id="job",
    summary="Where a batch job stands, with links to its results",
    tag="jobs",
    answers=json_content(ref("Job")),
    parameters=[JOB],
)

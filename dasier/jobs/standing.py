"""Where a job stands, as the API says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from dasier import layout
from dasier.jobs.job import CSV, Job, chain, document, parts_of
from dasier.jobs.links import VALID_S, Links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dasier.errors import Violation
    from dasier.store import Store

PATIENCE = timedelta(days=1)
"""A job that is not done after this is given up: by the sweep, or by who asks where it stands if no sweep came by in time."""

UPLOAD_HEADERS = {"content-type": CSV, "if-none-match": "*"}
"""What an upload says: the bucket takes no object that could replace another."""


def told(store: Store, job: Job, *, new: bool = False, now: datetime | None = None) -> dict[str, Any]:
    """Give what there is to know of a job, with links that are good for an hour.

    Parameters
    ----------
    new : bool
        It was just made: nothing has come of it, and whoever made it may not be let to look.
    now : datetime, optional
        Aware; one that should have ended by then is ended.
    """
    links = Links(store)
    end = None if new else ended(store, job.id)
    size = store.size(layout.job_input(job.id)) if end is None else None
    if not new and end is None and (now or datetime.now(UTC)) - job.created > PATIENCE:
        give_up(store, job.id, has_input=size is not None)
        end = ended(store, job.id)
    done = chain(parts_of(store, job.id)) if not (new or end is not None or size is None) else []
    refused = sum(part.refused for part in done)
    answer: dict[str, Any] = {
        "id": job.id,
        "model": job.model,
        "version": job.version,
        "state": "waiting" if size is None else "running" if done else "queued",
        "created": job.created.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "rows_done": sum(part.rows for part in done) - refused,
        "rows_refused": refused,
        "progress": round(done[-1].end / max(1, size), 4) if done and size else 0.0,
        "links": {"self": f"/jobs/{job.id}"},
    }
    if end is not None:
        answer |= end
    elif size is None:
        address = links.link("PUT", layout.job_input(job.id))
        answer["upload"] = {
            "method": "PUT",
            "url": address,
            "headers": UPLOAD_HEADERS,
            "expires_in_s": VALID_S,
        }
    if answer["state"] == "done":
        answer["links"] |= {
            "results": links.link("GET", layout.job_results(job.id)),
            "refused": links.link("GET", layout.job_refused(job.id)),
        }
    return answer


def ended(store: Store, id_: str) -> dict[str, Any] | None:
    """Give how a job ended; None if it has not."""
    content = store.get(layout.job_end(id_))
    return None if content is None else document(content)


def end(store: Store, id_: str, state: str, **facts: Any) -> None:
    """Write down how a job ended, if nobody has: done, failed or cancelled."""
    store.create(layout.job_end(id_), orjson.dumps({"state": state, **facts}))


def fail(store: Store, id_: str, detail: str, violations: Sequence[Violation] = ()) -> None:
    """Write down that a job cannot be done, and why."""
    errors = [{"pointer": v.pointer, "code": v.code, "detail": v.detail} for v in violations]
    end(store, id_, "failed", detail=detail, errors=errors)


def give_up(store: Store, id_: str, *, has_input: bool) -> None:
    """Write down that a job waited too long."""
    fail(store, id_, "It was not done within a day." if has_input else "No rows were uploaded within a day.")

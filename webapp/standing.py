"""Where a batch job stands, in words; and where its files are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import format_decimal, ngettext
from flask_babel import lazy_gettext as _l

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.client import Job

HEADLINES = {
    "waiting": _l("Waiting for your table"),
    "queued": _l("Your table is here, and its turn comes"),
    "running": _l("The model is at work"),
    "done": _l("Your answers are ready"),
    "failed": _l("This table could not be answered"),
    "cancelled": _l("Stopped"),
    "unknown": _l("There is no such table, or not any more"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A job as its page shows it.

    Attributes
    ----------
    state : str
        As `dasier.client.Job` has it; ``unknown`` for one that is not known.
    headline, answered, refused : str
        What is the matter, and how many rows were answered and refused.
    progress : float
        0 to 1; of a job that is done, 1.
    moves : bool
        Whether there will be news without anybody doing anything.
    """

    state: str
    headline: str
    answered: str
    refused: str
    progress: float
    moves: bool

    @property
    def document(self) -> dict[str, Any]:
        """What the page's script asks for."""
        return asdict(self)


def standing(job: Job) -> Standing:
    """Give where a job stands; a state that is not known yet is shown as work that goes on."""
    state = job.state if job.state in HEADLINES else "running"
    return Standing(
        state=str(state),
        headline=str(HEADLINES[str(state)]),
        answered=answered(job.rows_done) if job.rows_done or job.ended else "",
        refused=refused(job.rows_refused) if job.rows_refused else "",
        progress=1.0 if state == "done" else job.progress,
        moves=not job.ended and state != "waiting",
    )


def answered(count: int) -> str:
    """Say how many rows were answered."""
    said = ngettext("%(rows)s row answered.", "%(rows)s rows answered.", count, rows=format_decimal(count))
    return str(said)


def refused(count: int) -> str:
    """Say how many rows were not."""
    rows = format_decimal(count)
    return str(
        ngettext("%(rows)s row could not be read.", "%(rows)s rows could not be read.", count, rows=rows)
    )


def downloads(job: Job) -> Mapping[str, str]:
    """Give where the files of a job are, for a browser; those that have no address are left out."""
    found = {which: address(job.links.get(which, "")) for which in ("results", "refused")}
    return {which: link for which, link in found.items() if link}


def address(link: str) -> str:
    """Give where a browser finds a job's file: S3's own address, or a path below that of the API; empty if it is neither."""
    if link.startswith("/") and not link.startswith("//"):
        return str(current_app.config["PUBLIC_API_URL"]).rstrip("/") + link
    return link if urlsplit(link).scheme in {"http", "https"} else ""

"""What the API answers of a batch job, typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A batch: where it stands, and where to put its input if none was sent.

    Attributes
    ----------
    state : str
        ``waiting`` for its rows, ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
    rows_done, rows_refused : int
        Rows that were answered, and those that could not be.
    progress : float
        0 to 1, by the bytes of the input.
    upload : mapping or None
        The presigned upload, when the job waits for its rows.
    links : mapping
        Of a job that is done: ``results`` and ``refused``, for an hour.
    document : mapping
        The whole answer.
    """

    id: str
    state: str | None
    rows_done: int
    rows_refused: int
    progress: float
    upload: Mapping[str, Any] | None
    links: Mapping[str, str]
    document: Mapping[str, Any] = field(repr=False)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in {"done", "failed", "cancelled"}

    @classmethod
    def read(cls, document: Mapping[str, Any], *, location: str | None = None) -> Job:
        """Read ``POST …/jobs`` or ``GET /jobs/{id}``; ``Location`` names a job whose body does not."""
        fallback = (location or "").rstrip("/").rpartition("/")[2]
        return cls(
            id=str(document.get("id") or fallback),
            state=document.get("state"),
            rows_done=int(document.get("rows_done") or 0),
            rows_refused=int(document.get("rows_refused") or 0),
            progress=float(document.get("progress") or 0),
            upload=document.get("upload"),
            links=document.get("links") or {},
            document=document,
        )

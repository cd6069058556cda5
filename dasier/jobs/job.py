"""What a job is, and a part of its results."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from dasier import layout
from dasier.errors import DocumentInvalid, JobNotFound
from dasier.ulid import time_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.store import Store

CSV = "text/csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked.

    Attributes
    ----------
    id : str
        A ULID, of which 80 bits are random: nobody guesses another's job.
    model : str
    version : int
        Chosen when the job was made: a release in the middle changes nothing.
    probabilities : bool
        Whether results have one for each class.
    media_type : str
        Of the input.
    owner : str or None
        A digest of the API key that it was made by; None if that was none, and then whoever knows the id may ask for it.
    """

    id: str
    model: str
    version: int
    probabilities: bool = True
    media_type: str = CSV
    owner: str | None = None

    @property
    def created(self) -> datetime:
        """When it was made."""
        return time_of(self.id) or datetime.min.replace(tzinfo=UTC)

    def is_of(self, key_id: str | None) -> bool:
        """Say whether who calls by an API key may ask for it."""
        return self.owner is None or self.owner == owner_of(key_id)

    def written(self) -> bytes:
        """Give the document that is kept."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def read(cls, store: Store, id_: str) -> Job:
        """Give the job of an id.

        Raises
        ------
        JobNotFound
        """
        content = store.get(layout.job_document(id_))
        if content is None:
            raise JobNotFound
        return cls(**document(content))


def owner_of(key_id: str | None) -> str | None:
    """Give whose a job is that was made by an API key."""
    return None if key_id is None else hashlib.sha256(f"job\0{key_id}".encode()).hexdigest()[:32]


def document(content: bytes) -> dict[str, Any]:
    """Read a document of a job.

    Raises
    ------
    DocumentInvalid
    """
    try:
        return dict(orjson.loads(content))
    except (ValueError, TypeError) as error:
        raise DocumentInvalid("document of a job") from error


_PART = re.compile(r"(\d{13})-(\d{13})-(\d{10})-(\d{7})-(\d{7})\.csv")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """The results of a block of the input; its name says all of this, so that a listing tells where a job stands.

    Attributes
    ----------
    start, end : int
        The bytes of the input that it answers.
    row : int
        Its first row, counted from 0 after the header.
    rows, refused : int
        How many rows it has, and how many of them were not answered.
    """

    start: int
    end: int
    row: int
    rows: int
    refused: int

    @property
    def name(self) -> str:
        """The end of its key."""
        return f"{self.start:013d}-{self.end:013d}-{self.row:010d}-{self.rows:07d}-{self.refused:07d}.csv"

    @classmethod
    def named(cls, key: str) -> Part | None:
        """Give the part that a key is; None if it is none.

        >>> Part.named("jobs/x/parts/" + Part(0, 512, 0, 9, 1).name)
        Part(start=0, end=512, row=0, rows=9, refused=1)
        """
        found = _PART.fullmatch(key.rpartition("/")[2])
        return cls(*map(int, found.groups())) if found else None


def chain(parts: Iterable[Part], start: int = 0) -> list[Part]:
    """Give the parts that answer the input without a gap from a byte on.

    Two programs of different versions may cut an input differently: then one way is followed.
    """
    following = {part.start: part for part in sorted(parts, reverse=True)}
    found: list[Part] = []
    while (part := following.get(start)) is not None:
        found.append(part)
        start = part.end
    return found


def parts_of(store: Store, id_: str) -> list[Part]:
    """Give the parts that are there."""
    entries = store.entries(layout.job_parts(id_))
    return [part for entry in entries if (part := Part.named(entry.key)) is not None]

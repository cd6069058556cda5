"""The rows that two versions are compared on: of a file, of the prediction log, or those that a version held out.

A row is kept as it was given. Each version reads it by its own schema, so that what one of them refuses is
counted and not lost.
"""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dasier import feedback, predictions
from dasier.errors import ComparisonRefused, MalformedBody, Violation
from dasier.gate.holdout import held_out
from dasier.schema import normalised
from dasier.serving.formats.table_csv import read_cells, reader
from dasier.serving.formats.table_json import FORMS
from dasier.serving.json_body import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dasier.manifest import Manifest
    from dasier.predictions import Prediction
    from dasier.registry import Registry
    from dasier.schema import Output, Schema

    Record = Mapping[str, Any]

MOST_LOGGED = 100_000
"""Rows of the log that are replayed at most: they are held in memory."""

MOST_OF_JOBS = 10_000
"""Beside them of batch jobs: a table of millions takes the place of nobody who asks for a few rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """n rows, and where they come from.

    Attributes
    ----------
    kind : str
        ``file``, ``log`` or ``held_out``.
    told : str
        Where the rows come from, as a sentence.
    records : tuple of mapping
        Column to cell, n of them; not every row need have every column.
    names : tuple of str
        What each row is called.
    texts : bool
        Whether every cell is text, as in a CSV: a schema says what it means.
    truth : tuple or None
        What was true of each row; None where it is not known.
    callers : tuple or None
        Who sent each row, by digest; None where it is not known.
    """

    kind: str
    told: str
    records: tuple[Record, ...]
    names: tuple[str, ...]
    texts: bool = False
    truth: tuple[Any, ...] | None = None
    callers: tuple[str | None, ...] | None = None

    def __len__(self) -> int:
        """Give n."""
        return len(self.records)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a row has."""
        return tuple(dict.fromkeys(name for record in self.records for name in record))

    def read_for(self, schema: Schema) -> list[dict[str, Any]]:
        """Give the rows in a schema's terms; columns that it does not have are left out."""
        readers = {column.name: reader(column) if self.texts else _as_is for column in schema.columns}
        return [
            {name: readers[name](cell) for name, cell in record.items() if name in readers}
            for record in self.records
        ]


def _as_is(cell: Any) -> Any:
    return cell


def from_file(body: bytes, media_type: str, *, output: Output, features: Iterable[str], title: str) -> Source:
    """Give the rows of a CSV or JSON document; the column of the target, if there is one, is the truth.

    Raises
    ------
    MalformedBody
        If it is neither, or has no rows.
    """
    texts = media_type == "text/csv"
    records = _table(*read_cells(body)) if texts else _documents(read_json(body))
    if not records:
        raise _malformed("There are no rows in it.")
    target = normalised(output.name)
    known = target not in set(features) and any(target in record for record in records)
    truth = tuple(record.get(target) for record in records) if known else None
    if texts and truth is not None:
        truth = tuple(cell or None for cell in truth)
    return Source(
        kind="file",
        told=f"{len(records)} rows of {title}",
        records=tuple(records),
        names=tuple(f"row {index}" for index in range(len(records))),
        texts=texts,
        truth=truth,
    )


def from_held_out(registry: Registry, manifest: Manifest, other: Manifest) -> Source:
    """Give the rows that a version held out, with their truth if they have one.

    Raises
    ------
    ComparisonRefused
        If it brings none.
    Untrusted
        If they are not the bytes that were published.
    """
    if "holdout" not in manifest.blobs:
        raise ComparisonRefused(
            f"Version {manifest.version} brings no held-out rows. Hand rows in with --rows FILE."
        )
    held = held_out(manifest, {"holdout": registry.blob(manifest, "holdout")})
    if held is None or not len(held):
        raise ComparisonRefused(
            f"Version {manifest.version} held out no rows. Hand rows in with --rows FILE."
        )
    names = list(held.inputs)
    records = tuple(dict(zip(names, cells, strict=True)) for cells in zip(*held.inputs.values(), strict=True))
    theirs = other.blobs.get("holdout")
    same = theirs is not None and theirs.sha256 == held.sha256
    told = f"the {len(records)} rows that version {manifest.version} held out"
    told += (
        f", which are those that version {other.version} held out as well"
        if same
        else f"; version {other.version} may have been fitted on some of them"
    )
    return Source(
        kind="held_out",
        told=told,
        records=records,
        names=tuple(f"row {index}" for index in range(len(records))),
        truth=None if held.truth is None else tuple(held.truth.tolist()),
    )


def from_log(
    registry: Registry, old: Manifest, new: Manifest, *, since: datetime, now: datetime
) -> Source | None:
    """Give the rows that callers sent and the log holds, with what feedback says was true; None if there are none.

    Of more than `MOST_LOGGED`, and of more than `MOST_OF_JOBS` of batch jobs, the newest. Of requests that were refused, or not
    sampled, the log holds no rows.

    Raises
    ------
    ComparisonRefused
        If a version takes columns that tell of a person: the log never holds them.
    Unavailable
        If the store does not answer.
    """
    personal = {c.name for one in (old, new) for c in one.schema.columns if c.personal}
    if personal:
        raise ComparisonRefused(
            f"The prediction log never holds what tells of a person ({', '.join(sorted(personal))}), so its rows cannot "
            "be asked again. Hand rows in with --rows FILE, or use --held-out."
        )
    truths = feedback.read(registry.store, new.name, first=since, last=now)
    asked: deque[_Logged] = deque(maxlen=MOST_LOGGED)
    of_jobs: deque[_Logged] = deque(maxlen=MOST_OF_JOBS)
    requests = blocks = without = rows = 0
    held = predictions.read(registry.store, new.name, since=since, until=now, most=sys.maxsize, jobs=True)
    for record in held:
        if datetime.fromisoformat(record.time) < since:
            continue
        requests += record.job is None
        blocks += record.job is not None
        without += record.columns is None
        kept = asked if record.job is None else of_jobs
        for logged in _logged(record, truths.get(record.id)):
            rows += 1
            kept.append(logged)
    every = [*of_jobs, *asked]
    if not every:
        return None
    told = f"{len(every)} rows that callers sent since {since:%Y-%m-%d %H:%M} UTC, of {requests} requests"
    told += f" and {blocks} blocks of batch jobs in the log" if blocks else " in the log"
    if rows > len(every):
        told += f"; {rows - len(every)} older rows are left out"
    if without:
        told += f"; of {without} {'of these' if blocks else 'requests'} it holds no rows"
    return Source(
        kind="log",
        told=told,
        records=tuple(one.cells for one in every),
        names=tuple(one.name for one in every),
        truth=tuple(one.truth for one in every) if any(one.truth is not None for one in every) else None,
        callers=tuple(one.caller for one in every),
    )


class _Logged(NamedTuple):
    """A row of the log."""

    cells: Record
    name: str
    truth: Any
    caller: str | None


def _logged(record: Prediction, actual: Any) -> Iterator[_Logged]:
    """Give the rows of a record; what was told of it counts if it is told of each of its rows."""
    if record.columns is None:
        return
    truths = actual if isinstance(actual, list) else [actual]
    known = len(truths) == record.rows
    lines = zip(*record.columns.values(), strict=False)
    for index, cells in enumerate(lines):
        at = index if record.positions is None else record.positions[index]
        truth = truths[at] if known else None
        yield _Logged(
            dict(zip(record.columns, cells, strict=True)), f"{record.id} row {at}", truth, record.client
        )


def _table(header: list[str], lines: list[list[str]]) -> list[dict[str, Any]]:
    names = [normalised(name) for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _malformed(f"The header has a column twice: {', '.join(twice)}.")
    return [dict(zip(names, line, strict=True)) for line in lines]


def _documents(document: Any) -> list[dict[str, Any]]:
    """Give the rows of the forms of JSON in which rows have names."""
    forms = [form for form in FORMS if isinstance(document, dict) and form in document]
    content = document[forms[0]] if len(forms) == 1 else document
    if isinstance(content, dict) and isinstance(content.get("columns"), list):
        names, rows = content["columns"], content.get("data")
        if isinstance(rows, list) and all(isinstance(row, list) and len(row) == len(names) for row in rows):
            content = [dict(zip(map(str, names), row, strict=True)) for row in rows]
    elif isinstance(content, dict) and content:
        columns = list(content.values())
        if all(isinstance(cells, list) and len(cells) == len(columns[0]) for cells in columns):
            content = [dict(zip(content, cells, strict=True)) for cells in zip(*columns, strict=True)]
    if not isinstance(content, list) or not all(isinstance(record, dict) for record in content):
        raise _malformed(f"Rows are objects in an array, or one of {', '.join(FORMS)} with names.")
    return [{normalised(name): cell for name, cell in record.items()} for record in content]


def _malformed(why: str) -> MalformedBody:
    return MalformedBody(f"The rows cannot be read. {why}", [Violation("#", "malformed_rows", why)])

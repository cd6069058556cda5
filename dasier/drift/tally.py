"""What callers sent and got, counted day by day from the prediction log in the bins of the baseline."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from dasier import predictions
from dasier.drift.spread import Spread, spreads
from dasier.errors import DocumentInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dasier.drift.statistics import Counts
    from dasier.manifest import Manifest
    from dasier.personal import Hashes, PersonalKey
    from dasier.predictions import Prediction
    from dasier.registry import Registry
    from dasier.schema import Schema

log = logging.getLogger("dasier")

OUTPUT = "output"
"""What the output's count is kept under; no column has this key, since columns are kept as ``column NAME``."""


@dataclass(frozen=True)
class Watched:
    """What of a version is watched: each column that the log holds, and the output.

    Attributes
    ----------
    spreads : dict of key to Spread
        ``output``, and ``column NAME`` for each column.
    personal : tuple of str
        Columns that the log never holds.
    unknown : tuple of str
        Columns of which the baseline says nothing.
    hashes : mapping of column to Hashes
        Of columns that the log holds as hashes alone.
    """

    spreads: dict[str, Spread]
    personal: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    hashes: Mapping[str, Hashes] = field(default_factory=dict)


def watched(registry: Registry, manifest: Manifest, key: PersonalKey | None = None) -> Watched | None:
    """Give what is watched of a version; None if it brings no baseline.

    Parameters
    ----------
    key : PersonalKey, optional
        Tells which category a hash stands for; without it columns that are hashed are not watched.

    Raises
    ------
    Untrusted
        If it is not the bytes that were published.
    DocumentInvalid
        If it is no baseline.
    """
    if "baseline" not in manifest.blobs:
        return None
    schema = manifest.schema
    hashes = {} if key is None else _hashes(schema, key, manifest.name)
    kinds = {
        column.name: str(column.kind)
        for column in schema.columns
        if not column.personal or column.name in hashes
    }
    output = schema.output
    try:
        baseline = json.loads(registry.blob(manifest, "baseline"))
        held = spreads(baseline, kinds)
        answer = Spread.of(
            output.name, "float" if output.task == "regression" else "label", baseline["output"]
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DocumentInvalid(f"baseline of version {manifest.version} of {manifest.name}") from error
    return Watched(
        {OUTPUT: answer} | {f"column {name}": spread for name, spread in held.items()},
        personal=tuple(column.name for column in schema.columns if column.name not in kinds),
        unknown=tuple(name for name in kinds if name not in held),
        hashes=hashes,
    )


def _hashes(schema: Schema, key: PersonalKey, model: str) -> dict[str, Hashes]:
    """Give what reads the hashes of each column whose values training knows all of."""
    return {
        column.name: key.hashes(column, model=model)
        for column in schema.columns
        if column.hashed and column.kind in {"category", "boolean"}
    }


_NUMBERS = ("requests", "failed", "refused", "blocks", "without_rows", "asked", "rows")


@dataclass(slots=True)
class Tally:
    """What was counted.

    Attributes
    ----------
    requests, failed, refused : int
        That reached the version; those that it could not answer, and those that were refused.
    blocks : int
        Of batch jobs; one none of whose rows was answered counts as refused too.
    without_rows : int
        Requests and blocks that were answered, but not sampled, or too long for a line: the log holds no rows of them.
    asked, rows : int
        Rows that were answered, and those of them that the log holds and this counts.
    counts : dict of key to array
        By `Watched.spreads`; each adds up to `rows`.
    """

    requests: int = 0
    failed: int = 0
    refused: int = 0
    blocks: int = 0
    without_rows: int = 0
    asked: int = 0
    rows: int = 0
    counts: dict[str, Counts] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count what another counted as well."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for key, counted in other.counts.items():
            self.counts[key] = self.counts[key] + counted if key in self.counts else counted

    def record(self, record: Prediction, what: Watched | None) -> None:
        """Count a record, and its rows if anything of them is watched.

        Raises
        ------
        ValueError, TypeError, KeyError
            If its rows are none of the version's; nothing of it is counted.
        """
        found = Tally(requests=1) if record.job is None else Tally(blocks=1)
        if record.errors:
            found.failed = 1
        elif record.refusals:
            found.refused = 1
        else:
            found.asked = record.rows - record.rows_refused
            if record.columns is None or record.outputs is None:
                found.without_rows = 1
            else:
                found.counts = {} if what is None else dict(_counted(record, what))
                found.rows = len(record.outputs["predictions"])
        self.add(found)

    def to_document(self) -> dict[str, int]:
        """Give JSON types, without the counts."""
        return {name: getattr(self, name) for name in _NUMBERS}


def _counted(record: Prediction, what: Watched) -> Iterator[tuple[str, Counts]]:
    columns, outputs = record.columns or {}, record.outputs or {}
    answers = outputs["predictions"]
    for key, spread in what.spreads.items():
        if key != OUTPUT and spread.name in what.hashes:
            found = what.hashes[spread.name].read(columns.get(spread.name))
            if found is None:
                continue
            cells = found
        else:
            cells = answers if key == OUTPUT else columns[spread.name]
        if len(cells) != len(answers):
            raise ValueError(record.id)
        yield key, spread.count(cells)


def total(days: Mapping[str, Tally]) -> Tally:
    """Give all days as one."""
    whole = Tally()
    for tally in days.values():
        whole.add(tally)
    return whole


def records(registry: Registry, name: str, *, since: datetime, until: datetime) -> Iterator[Prediction]:
    """Give what the log holds of a time, of requests and of batch jobs, the start included, however much it is."""
    held = predictions.read(registry.store, name, since=since, until=until, most=sys.maxsize, jobs=True)
    for record in held:
        if since <= datetime.fromisoformat(record.time) < until:
            yield record

"""Put the parts of a job together: results in the order of the input, and what was refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dasier import layout
from dasier.errors import RowsRefused, StoreUnavailable, Violation
from dasier.jobs import standing
from dasier.jobs.job import chain, parts_of
from dasier.jobs.writing import REFUSED_HEADER, Results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dasier.jobs.job import Job, Part
    from dasier.schema import Output
    from dasier.store import Store


def refused_key(part: str) -> str:
    """Give where a part's refusals are."""
    return part.removesuffix(".csv") + ".refused"


def join(store: Store, job: Job, output: Output, size: int) -> bool:
    """Write the results, then that the job is done; say whether all parts were there.

    Two workers who do so at once write the same bytes.

    Raises
    ------
    RowsRefused
        If the input has no rows.
    """
    there = parts_of(store, job.id)
    parts = chain(there)
    if there and (not parts or parts[-1].end < size):
        return False
    rows, refused = sum(part.rows for part in parts), sum(part.refused for part in parts)
    if not rows:
        raise RowsRefused([Violation("#", "no_rows", "There are no rows to answer.")])
    results = Results(output, probabilities=job.probabilities)
    keys = [layout.job_parts(job.id) + part.name for part in parts]
    _write(store, layout.job_results(job.id), results.header(), keys)
    _write(store, layout.job_refused(job.id), REFUSED_HEADER, _refusals(parts, keys))
    standing.end(
        store,
        job.id,
        "done",
        rows_done=rows - refused,
        rows_refused=refused,
        progress=1.0,
        finished=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )
    return True


def _refusals(parts: Iterable[Part], keys: Iterable[str]) -> Iterator[str]:
    return (refused_key(key) for part, key in zip(parts, keys, strict=True) if part.refused)


def _write(store: Store, key: str, header: bytes, parts: Iterable[str]) -> None:
    writer = store.writer(key)
    writer.write(header)
    for part in parts:
        content = store.get(part)
        if content is None:
            raise StoreUnavailable(f"reading {part}", "it is gone")
        writer.write(content)
    writer.close()

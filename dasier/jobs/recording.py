"""What the prediction log holds of a job: a record for each block that was answered, with a sample of its rows.

Drift and comparisons read it beside the records of requests (`dasier.predictions`). It stands apart from those, and says
nothing of time, so that whoever judges requests (a canary, latency, what a request costs) never meets it. It is written before the
block's part, under a key that the job and the place make: a block that is answered again, by a worker that goes on after one was killed
or by two at once, is there once.

Which rows are kept is drawn, one of each of so many equal stretches of the block, by the job's id and the place alone: the same again,
whoever answers, and no pattern of the table falls in with it.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier import layout
from dasier.errors import Unavailable
from dasier.predictions import KIND
from dasier.rows import concatenate
from dasier.runtimes import Outputs
from dasier.serving.observing import answers_of, digest, hashed_columns
from dasier.serving.prediction_log import line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.jobs.answering import Answer, Answered
    from dasier.jobs.job import Job, Part
    from dasier.manifest import Manifest
    from dasier.rows import Rows
    from dasier.serving.service import Service

log = logging.getLogger("dasier")

MOST_ROWS = 1_000
"""Of a block: with as many of each of its blocks a job of a million rows shows what is large enough to be alarmed."""

MOST_BYTES = 200_000
"""So much of a block's 8 MB at most is kept of rows and answers: some 2 % of a long job, however wide it is."""

_NUMBER_BYTES = 20
_LINE_BYTES = 1_000_000


class Recording:
    """Writes the records of one job.

    Parameters
    ----------
    service : Service
        Its settings say whether there is a log, how much of it, and what hashes columns that tell of a person.
    job : Job
    manifest : Manifest
        The version's that answers.
    """

    def __init__(self, service: Service, job: Job, manifest: Manifest) -> None:
        self._store, self._settings = service.registry.store, service.settings
        self._job, self._manifest = job, manifest

    def block(self, part: Part, answered: Answered) -> None:
        """Write what came of a block, if there is to be a log; it never fails the job."""
        if self._settings.prediction_log == "off" or not part.rows:
            return
        record = self._record(part, answered)
        key = layout.predictions_of_block(self._job.model, self._job.id, part.start)
        try:
            self._store.create(key, line(record, most_bytes=_LINE_BYTES))
        except Unavailable as error:
            log.warning("prediction log not written", extra={"job": self._job.id, "error": str(error)})

    def _record(self, part: Part, answered: Answered) -> dict[str, Any]:
        seed = hashlib.blake2b(f"{self._job.id} {part.start}".encode(), digest_size=8).digest()
        drawing = np.random.default_rng(int.from_bytes(seed))
        sampled = drawing.random() < self._settings.log_share
        refused = part.rows == part.refused
        record = {
            "kind": KIND,
            "id": f"{self._job.id}-{part.start}",
            "job": self._job.id,
            "time": f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:23]}Z",
            "model": self._manifest.name,
            "version": str(self._manifest.version),
            "release": None,
            "status": 422 if refused else 200,
            "rows": part.rows,
            "rows_refused": part.refused,
            "errors": 0,
            "refusals": int(refused),
            "client": digest(self._job.owner or self._job.id),
        }
        if sampled and answered.answers:
            record |= self._kept(part, answered.answers, drawing)
        return record

    def _kept(self, part: Part, answers: list[Answer], drawing: np.random.Generator) -> dict[str, Any]:
        """Give rows and answers as a record holds them."""
        n_rows = sum(len(one.rows) for one in answers)
        classes = len(self._manifest.schema.output.classes)
        row_bytes = (part.end - part.start) / part.rows + _NUMBER_BYTES * (1 + classes)
        most = min(n_rows, MOST_ROWS, max(1, int(MOST_BYTES / row_bytes)))
        at = np.arange(n_rows)
        if most < n_rows:
            edges = np.arange(most + 1) * n_rows // most
            at = edges[:-1] + (drawing.random(most) * np.diff(edges)).astype(np.intp)
        rows, numbers, outputs = _taken(answers, at)
        kept: dict[str, Any] = {"columns": rows.logged(), "outputs": answers_of(outputs)}
        if self._settings.personal_key is not None:
            kept["columns"] |= hashed_columns(rows, self._settings.personal_key, self._manifest.name)
        return kept if most == part.rows else kept | {"positions": (numbers - part.row).tolist()}


def _taken(answers: list[Answer], at: NDArray[np.intp]) -> tuple[Rows, NDArray[np.intp], Outputs]:
    """Give some of all rows that were answered, their numbers, and the answers to them."""
    starts = np.cumsum([0, *(len(one.rows) for one in answers)])
    pieces = [
        (one, at[(at >= start) & (at < start + len(one.rows))] - start)
        for one, start in zip(answers, starts, strict=False)
    ]
    parts = {
        name: np.concatenate([getattr(one.outputs, name)[places] for one, places in pieces])
        for name in ("predictions", "probabilities", "scores")
        if getattr(answers[0].outputs, name) is not None
    }
    rows = concatenate([one.rows.take(places) for one, places in pieces])
    return rows, np.concatenate([one.numbers[places] for one, places in pieces]), Outputs(**parts)

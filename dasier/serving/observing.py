"""Watch a request being answered, and write down what a version made of it (`dasier.predictions`)."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import AnswerLate
from dasier.predictions import KIND
from dasier.serving.asking import asked
from dasier.serving.metrics import metrics
from dasier.serving.predicting import predict
from dasier.serving.problems import kind_of
from dasier.ulid import ulid

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dasier.personal import PersonalKey
    from dasier.rows import Pointer, Rows
    from dasier.runtimes import Outputs
    from dasier.serving.counting import Counts
    from dasier.serving.exchange import Action, Request, Response
    from dasier.serving.loading import Loaded
    from dasier.serving.service import Chosen, Service

LATE = 503
"""The status of an answer that was not ready in time (`dasier.serving.deadline`)."""

MOST_ROWS = 100
"""Rows of a request that are kept; of more, so many at even distances."""


@dataclass(slots=True)
class Observation:
    """What is known of a request while it is answered.

    Attributes
    ----------
    id : str
        The prediction's.
    """

    id: str = field(default_factory=ulid)
    _chosen: Chosen | None = None
    _rows: Rows | None = None
    _outputs: Outputs | None = None
    _failed: bool = False
    error: str | None = None
    """The kind of error that the request ended with."""

    def asked(self, service: Service, request: Request) -> Loaded:
        """Give the version that the request is for (`dasier.serving.asking`)."""
        self._chosen = asked(service, request)
        return self._chosen.loaded

    def answered(self, loaded: Loaded, rows: Rows, pointer: Pointer) -> Outputs:
        """Give the version's answers to rows (`dasier.serving.predicting`)."""
        self._rows = rows
        self._failed = True
        self._outputs = predict(loaded, rows, pointer)
        self._failed = False
        return self._outputs

    def headers(self) -> dict[str, str]:
        """Give the headers that say which version answered, and by which id feedback names the prediction."""
        version = (
            {} if self._chosen is None else {"x-model-version": str(self._chosen.loaded.manifest.version)}
        )
        return version | {"x-prediction-id": self.id}

    def record(  # noqa: PLR0913 - keywords
        self,
        request: Request,
        *,
        status: int,
        latency_ms: float,
        sampled: bool,
        namespace: str,
        personal_key: PersonalKey | None = None,
    ) -> dict[str, Any] | None:
        """Give the record of the request; None if no version was found for it."""
        if self._chosen is None:
            return None
        manifest = self._chosen.loaded.manifest
        now = datetime.now(UTC)
        outcome = self._outcome(status)
        values = {
            "latency_ms": round(latency_ms, 3),
            "errors": int(outcome == "failed"),
            "refusals": int(outcome == "refused"),
            "fallbacks": int(self._chosen.instead_of is not None),
        }
        together = {"rows": 0 if self._rows is None else len(self._rows)}
        time_ms = int(now.timestamp() * 1000)
        record = metrics(
            values,
            model=manifest.name,
            version=manifest.version,
            time_ms=time_ms,
            namespace=namespace,
            together=together,
        ) | {
            "kind": KIND,
            "id": self.id,
            "time": f"{now.isoformat(timespec='milliseconds')[:23]}Z",
            "status": status,
            "error": self.error,
            "release": self._chosen.release,
            "instead_of": self._chosen.instead_of,
            "client": None if request.client is None else digest(request.client),
        }
        if sampled and self._rows is not None and self._outputs is not None:
            record |= _kept(self._rows, self._outputs)
            if personal_key is not None:
                rows, places = self._rows, record.get("positions")
                rows = rows if places is None else rows.take(np.array(places))
                record["columns"] |= hashed_columns(rows, personal_key, manifest.name)
        return record

    def count(self, counts: Counts, *, status: int, latency_s: float) -> None:
        """Count the request; one that no version was found for is counted without its model's name."""
        if self._chosen is None:
            counts.add("requests", label="unavailable" if status >= 500 else "not_found")
            return
        manifest = self._chosen.loaded.manifest
        name, version = manifest.name, str(manifest.version)
        rows = 0 if self._outputs is None or self._rows is None else len(self._rows)
        counts.request(name, version, outcome=self._outcome(status), rows=rows, latency_s=latency_s)
        if self.error is not None:
            counts.add("errors", name, version, self.error)
        if self._chosen.instead_of is not None:
            counts.add("fallbacks", name, version)

    def _outcome(self, status: int) -> str:
        """Give ``failed`` if it is the version or the service that failed, ``refused`` if the request is at fault."""
        if self._failed or status >= 500:
            return "failed"
        return "refused" if status >= 400 else "answered"


def observed(answer: Callable[[Service, Request, Observation], Response]) -> Action:
    """Give an action that answers and writes down how it went, once: when it ended, or when it was late."""

    def act(service: Service, request: Request) -> Response:
        seen = Observation()
        if service.prediction_log is None and service.counts is None:
            return answer(service, request, seen)
        began_s = time.perf_counter()

        def write(status: int) -> None:
            latency_s = time.perf_counter() - began_s
            if service.counts is not None:
                seen.count(service.counts, status=status, latency_s=latency_s)
            if service.prediction_log is None:
                return
            record = seen.record(
                request,
                status=status,
                latency_ms=1000 * latency_s,
                sampled=random.random() < service.settings.log_share,  # noqa: S311 (which rows are kept is no secret)
                namespace=service.settings.metrics_namespace,
                personal_key=service.settings.personal_key,
            )
            if record is not None:
                service.prediction_log.write(record)

        def late() -> None:
            seen.error = AnswerLate.__name__
            write(LATE)

        service.under_way[request.id] = late
        status = 500
        try:
            response = answer(service, request, seen)
            status = response.status
        except Exception as error:
            status, _ = kind_of(error)
            seen.error = type(error).__name__
            raise
        finally:
            if service.under_way.pop(request.id, None) is not None:
                write(status)
        return response

    return act


def _kept(rows: Rows, outputs: Outputs) -> dict[str, Any]:
    """Give rows and answers as a record holds them."""
    n_rows = len(rows)
    kept: dict[str, Any] = {}
    at: slice | NDArray[np.intp] = slice(None)
    if n_rows > MOST_ROWS:
        at = np.unique(np.linspace(0, n_rows - 1, MOST_ROWS).astype(np.intp))
        kept["positions"] = at.tolist()
        rows = rows.take(at)
    kept["columns"] = rows.logged()
    kept["outputs"] = answers_of(outputs, at)
    if rows.warnings:
        codes = [warning.code for warning in rows.warnings]
        kept["warnings"] = {code: codes.count(code) for code in dict.fromkeys(codes)}
    return kept


def answers_of(outputs: Outputs, at: slice | NDArray[np.intp] = slice(None)) -> dict[str, Any]:
    """Give answers as a record holds them."""
    parts = {
        "predictions": outputs.predictions,
        "probabilities": outputs.probabilities,
        "scores": outputs.scores,
    }
    return {name: part[at].tolist() for name, part in parts.items() if part is not None}


def hashed_columns(rows: Rows, key: PersonalKey, model: str) -> dict[str, list[str]]:
    """Give the columns that are to be hashed, as a record holds them."""
    return {
        column.name: key.hashed(rows.json_column(column), model=model, column=column.name)
        for column in rows.schema.columns
        if column.hashed
    }


def digest(client: str) -> str:
    """Give what a record calls a caller."""
    return blake2b(client.encode(), digest_size=8).hexdigest()

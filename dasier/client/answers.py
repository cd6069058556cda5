"""What the API answers, typed.

Each class reads one JSON object. Keys that a later API adds are ignored, and those that an API may leave
out have a default, so that a client and a service need not be updated together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dasier.schema import Label, Schema, Text


def text(value: Any) -> Text:
    """Give words by language; a bare string is the same in each.

    >>> text("Wine")
    {'en': 'Wine', 'fr': 'Wine'}
    """
    if isinstance(value, str):
        return {"en": value, "fr": value}
    return {str(language): str(words) for language, words in (value or {}).items()}


def moment(value: str | None) -> datetime | None:
    """Give an aware time from RFC 3339, or None."""
    return datetime.fromisoformat(value) if value else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One line of the list of models."""

    name: str
    title: Text
    summary: Text
    task: str
    version: int | None
    runtime: str | None
    updated: datetime | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ModelEntry:
        """Read one element of ``GET /models``."""
        runtime = document.get("runtime")
        return cls(
            name=document["name"],
            title=text(document.get("title")),
            summary=text(document.get("summary")),
            task=document["task"],
            version=document.get("version"),
            runtime=runtime.get("name") if isinstance(runtime, Mapping) else runtime,
            updated=moment(document.get("updated")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure on held-out rows, with the bounds of its interval where they were computed."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def read(cls, document: Any) -> Metric:
        """Read ``{"value", "low", "high"}``, or a bare number."""
        if not isinstance(document, Mapping):
            return cls(value=document)
        return cls(value=document["value"], low=document.get("low"), high=document.get("high"))


def metrics_of(measured: Any) -> dict[str, Metric]:
    """Give the metrics that are numbers, by name: a version that says something else of itself hides no other."""
    values = measured.get("values") if isinstance(measured, Mapping) else None
    found: dict[str, Metric] = {}
    for name, value in values.items() if isinstance(values, Mapping) else ():
        told = value if isinstance(value, Mapping) else {"value": value}
        bounds = [told.get(bound) for bound in ("low", "high")]
        if _is_number(told.get("value")) and all(bound is None or _is_number(bound) for bound in bounds):
            found[str(name)] = Metric.read(told)
    return found


def primary_of(measured: Any, metrics: Mapping[str, Metric]) -> str | None:
    """Give the name of the metric that matters most, of those that are numbers; None if there is none."""
    named = measured.get("primary") if isinstance(measured, Mapping) else None
    return named if isinstance(named, str) and named in metrics else next(iter(metrics), None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """How far a regression was off on held-out rows: truth minus prediction, in its unit.

    Attributes
    ----------
    share : float
        Of the held-out rows, this part was off by `low` to `high`.
    """

    share: float
    low: float
    high: float

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Residuals:
        """Read the ``residuals`` of a regression's metrics."""
        return cls(share=document["share"], low=document["low"], high=document["high"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """What one model is, takes and gives.

    Attributes
    ----------
    metrics : mapping from name to Metric
        Measured on held-out rows.
    residuals : Residuals or None
        A regression's.
    document : mapping
        The whole answer, for what has no field here.
    """

    name: str
    title: Text
    summary: Text
    limits: Text
    task: str
    version: int | None
    runtime: str | None
    runtime_reason: Text
    updated: datetime | None
    schema: Schema
    metrics: Mapping[str, Metric]
    residuals: Residuals | None
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ModelDescription:
        """Read ``GET /models/{name}``."""
        entry = ModelEntry.read(document)
        runtime = document.get("runtime")
        measured = document.get("metrics") or {}
        residuals = measured.get("residuals")
        return cls(
            name=entry.name,
            title=entry.title,
            summary=entry.summary,
            limits=text(document.get("limits")),
            task=entry.task,
            version=entry.version,
            runtime=entry.runtime,
            runtime_reason=text(runtime.get("reason")) if isinstance(runtime, Mapping) else {},
            updated=entry.updated,
            schema=Schema.from_dict(document["schema"]),
            metrics=metrics_of(measured),
            residuals=Residuals.read(residuals) if residuals else None,
            document=document,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Shapley values against a typical row: ``reference + sum(contributions)`` is the explained number.

    Attributes
    ----------
    of : str
        The class whose probability is explained, or ``"prediction"``.
    reference : float
        The number for the typical row.
    contributions : mapping from column to float
    """

    of: str
    reference: float
    contributions: Mapping[str, float]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Explanation:
        """Read the ``explanation`` of one prediction."""
        return cls(
            of=str(document["of"]),
            reference=float(document["reference"]),
            contributions={column: float(value) for column, value in document["contributions"].items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The answer to one row.

    Attributes
    ----------
    value : str, int, bool or float
        A class, a cluster, 1 or -1 of an anomaly detector, or a regression's number in ``unit``.
    probabilities : mapping from str(class) to float, or None
    score : float or None
        An anomaly detector's; negative is unusual.
    """

    value: Label
    unit: str | None = None
    probabilities: Mapping[str, float] | None = None
    score: float | None = None
    explanation: Explanation | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Prediction:
        """Read one element of ``predictions``."""
        explanation = document.get("explanation")
        return cls(
            value=document["prediction"],
            unit=document.get("unit"),
            probabilities=document.get("probabilities"),
            score=document.get("score"),
            explanation=Explanation.read(explanation) if explanation else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something unusual about one cell that was answered all the same; ``warnings`` in the API."""

    row: int
    column: str
    code: str
    detail: str

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Caution:
        """Read one element of ``warnings``."""
        return cls(
            row=int(document["row"]),
            column=document["column"],
            code=document["code"],
            detail=document.get("detail", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a request: prediction *i* is that of row *i*. Iterates over the predictions.

    Attributes
    ----------
    document : mapping
        The whole answer, as it came.
    """

    model: str
    version: int
    prediction_id: str | None
    predictions: tuple[Prediction, ...]
    warnings: tuple[Caution, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __iter__(self) -> Iterator[Prediction]:
        """Give the predictions in the order of the rows."""
        return iter(self.predictions)

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.predictions)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Answer:
        """Read the answer of ``predict``."""
        return cls(
            model=document["model"],
            version=int(document["version"]),
            prediction_id=document.get("prediction_id"),
            predictions=tuple(Prediction.read(one) for one in document["predictions"]),
            warnings=tuple(Caution.read(one) for one in document.get("warnings") or ()),
            document=document,
        )

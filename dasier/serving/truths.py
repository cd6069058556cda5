"""Read what a caller tells of predictions: one object ``{"prediction_id", "actual"}``, or a list of them."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dasier.errors import FeedbackRefused, MalformedBody, UnsupportedMediaType, Violation
from dasier.feedback import Truth
from dasier.rows import MAX_VIOLATIONS
from dasier.serving.json_body import read_json
from dasier.ulid import time_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from dasier.manifest import Manifest
    from dasier.registry import Registry
    from dasier.schema import Output
    from dasier.serving.exchange import Request

MEDIA_TYPES = ("application/json",)
MOST = 10_000
"""Predictions that one request may tell of."""

_AHEAD = timedelta(minutes=15)
"""How far the clock of the function that predicted may be ahead."""


def read(request: Request, output: Output, *, now: datetime) -> list[Truth]:
    """Give what a request tells.

    Parameters
    ----------
    output : Output
        What the model gives: the truth is of the same kind.

    Raises
    ------
    UnsupportedMediaType, MalformedBody
    FeedbackRefused
        If an id is none that a prediction has, or what was true is nothing that the model could have said.
    """
    if (request.media_type or MEDIA_TYPES[0]) not in MEDIA_TYPES:
        raise UnsupportedMediaType(MEDIA_TYPES)
    document = read_json(request.body)
    single = isinstance(document, dict)
    told = [document] if single else document
    if not isinstance(told, list) or not 1 <= len(told) <= MOST:
        what = f"Feedback is an object, or a list of 1 to {MOST}, with prediction_id and actual."
        raise MalformedBody(what, [Violation("#", "wrong_shape", what)])
    return checked(told, output, now=now, single=single)


def checked(told: list[Any], output: Output, *, now: datetime, single: bool = False) -> list[Truth]:
    """Give what is told, if all of it can be true of a prediction.

    Parameters
    ----------
    single : bool
        Whether it is told on its own, and not in a list: that is where pointers point.

    Raises
    ------
    FeedbackRefused
    """
    faults: list[Violation] = []
    known = _reader(output)
    for position, one in enumerate(told):
        faults += _faults(one, "#" if single else f"#/{position}", known, output, now)
    if faults:
        raise FeedbackRefused(faults[:MAX_VIOLATIONS])
    return [Truth(one["prediction_id"], _as_said(one["actual"], known)) for one in told]


def output_of(
    registry: Registry, name: str, manifest: Callable[[str, int], Manifest] | None = None
) -> Output:
    """Give what a model gives: of the version that serves, or served last, or was published last.

    Parameters
    ----------
    manifest : callable, optional
        Gives manifests, perhaps from memory; by default the registry does.

    Raises
    ------
    ModelNotFound, Untrusted
    """
    head = registry.head(name)
    version = (head.serving or head.previous) if head is not None else None
    return (manifest or registry.manifest)(name, version or registry.versions(name)[-1]).schema.output


def _as_said(actual: Any, known: Callable[[Any], Any]) -> Any:
    return [known(cell) for cell in actual] if isinstance(actual, list) else known(actual)


def _faults(
    one: Any, place: str, known: Callable[[Any], Any], output: Output, now: datetime
) -> list[Violation]:
    if not isinstance(one, dict):
        return [Violation(place, "wrong_type", "This is an object with prediction_id and actual.")]
    faults = [
        Violation(f"{place}/{key}", "missing", f"{key} is missing.")
        for key in ("prediction_id", "actual")
        if key not in one
    ]
    if set(one) - {"prediction_id", "actual"}:
        faults.append(Violation(place, "unknown_key", "Only prediction_id and actual are read."))
    id_ = one.get("prediction_id")
    made = time_of(id_) if isinstance(id_, str) else None
    if "prediction_id" in one and (made is None or made > now + _AHEAD):
        detail = (
            "No prediction has this id: give the prediction_id, or the header x-prediction-id, of an answer."
        )
        faults.append(Violation(f"{place}/prediction_id", "unknown_prediction", detail))
    if "actual" in one:
        actual = one["actual"]
        cells = actual if isinstance(actual, list) else [actual]
        if not cells or any(known(cell) is None for cell in cells):
            faults.append(Violation(f"{place}/actual", "wrong_type", f"What was true is {_wanted(output)}."))
    return faults


def _reader(output: Output) -> Callable[[Any], Any]:
    """Give what reads a cell as the model would have said it; None for what it never says.

    JSON tells no 1 from 1.0, and JavaScript writes both as 1; but neither is true, nor a text.
    """
    if output.task == "regression":
        return lambda cell: cell if type(cell) in (int, float) and math.isfinite(cell) else None
    labels = output.classes or ((1, -1) if output.task == "anomaly_detection" else ())
    known = {(isinstance(label, bool), label): label for label in labels}
    return lambda cell: (
        known.get((isinstance(cell, bool), cell)) if isinstance(cell, str | int | float) else None
    )


def _wanted(output: Output) -> str:
    if output.task == "regression":
        return "a finite number, or a list of one for each row"
    if output.task == "clustering":
        return "not known of a clustering, which has no truth"
    return "one of the model's classes, or a list of one for each row"

"""Answers to a bare array of records, which is how `vetiver.predict` asks.

It makes a frame of the answer, so every list in it must have one entry a row. The answer is DASIER's own with
two differences: ``predict`` holds the labels or numbers alone, as vetiver's server calls them, and a warning stands in
the prediction of its row. Source: ``vetiver.server.response_to_frame``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dasier.serving.exchange import Request


def is_asked_by(request: Request) -> bool:
    """Say whether a request that was read holds a bare array."""
    return request.media_type != "text/csv" and request.body.lstrip()[:1] == b"["


def document(answer: dict[str, Any]) -> dict[str, Any]:
    """Give DASIER's own answer in the form that becomes a frame.

    >>> prediction, warning = {"prediction": 3.5}, {"row": 0, "column": "a", "code": "c", "detail": "d"}
    >>> document({"model": "m", "predictions": [prediction], "warnings": [warning]})["predict"]
    [3.5]
    """
    framed = {key: value for key, value in answer.items() if key != "warnings"}
    for warning in answer["warnings"]:
        answer["predictions"][warning["row"]].setdefault("warnings", []).append(warning)
    return framed | {"predict": [one["prediction"] for one in answer["predictions"]]}

"""Answers to a bare array of records, which is how `vetiver.predict` asks.

It makes a frame of the answer, so every list in it must have one entry a row. The answer is DASIER's own with
two differences: ``predict`` holds the labels or numbers alone, as vetiver's server calls them, and a warning stands in
the prediction of its row. Source: ``vetiver.server.response_to_frame``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from dasier.serving.formats import native
from dasier.serving.formats.spliced import spliced

if TYPE_CHECKING:
    from dasier.rows import Rows
    from dasier.runtimes import Outputs
    from dasier.serving.exchange import Request
    from dasier.serving.loading import Loaded
    from dasier.serving.options import Options


def is_asked_by(request: Request) -> bool:
    """Say whether a request that was read holds a bare array."""
    return request.media_type != "text/csv" and request.body.lstrip()[:1] == b"["


def document(loaded: Loaded, rows: Rows, outputs: Outputs, *, id_: str, options: Options) -> dict[str, Any]:
    """Give DASIER's own answer in the form that becomes a frame."""
    parts = native.predictions(loaded, rows, outputs, options)
    return native.heading(loaded, id_) | {
        "predictions": spliced([*parts, _warned(rows), b"}"], len(rows)),
        "predict": outputs.predictions.tolist(),
    }


def _warned(rows: Rows) -> list[bytes]:
    """Give the warnings of each row, which go into its prediction."""
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for warning in rows.warnings:
        found[warning.row].append(native.told(warning))
    cells = [b""] * len(rows)
    for row, warnings in found.items():
        cells[row] = b',"warnings":' + orjson.dumps(warnings)
    return cells

"""DASIER's own answers: one object a row, with probabilities and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.errors import UnsupportedMediaType
from dasier.serving.formats.table_csv import read_csv
from dasier.serving.formats.table_json import read_table
from dasier.serving.json_body import read_json

if TYPE_CHECKING:
    from dasier.rows import Pointer, Rows
    from dasier.runtimes import Outputs
    from dasier.schema import Schema
    from dasier.serving.exchange import Request
    from dasier.serving.loading import Loaded
    from dasier.serving.options import Options

MEDIA_TYPES = ("application/json", "text/csv")


def read(request: Request, schema: Schema) -> tuple[Rows, Pointer]:
    """Give the rows of a request, by its content type; JSON if it names none.

    Raises
    ------
    UnsupportedMediaType, MalformedBody, RowsRefused
    """
    media_type = request.media_type or "application/json"
    if media_type == "text/csv":
        return read_csv(request.body, schema)
    if media_type == "application/json" or media_type.endswith("+json"):
        return read_table(read_json(request.body), schema)
    raise UnsupportedMediaType(MEDIA_TYPES)


def document(loaded: Loaded, rows: Rows, outputs: Outputs, *, id_: str, options: Options) -> dict[str, Any]:
    """Give the answer's document; row i of it is row i of the request."""
    output = loaded.manifest.schema.output
    predictions: list[dict[str, Any]] = [{"prediction": label} for label in outputs.predictions.tolist()]
    if output.unit is not None:
        for prediction in predictions:
            prediction["unit"] = output.unit
    if options.probabilities and outputs.probabilities is not None:
        keys = output.class_keys
        for prediction, shares in zip(predictions, outputs.probabilities.tolist(), strict=True):
            prediction["probabilities"] = dict(zip(keys, shares, strict=True))
    if outputs.scores is not None:
        for prediction, score in zip(predictions, outputs.scores.tolist(), strict=True):
            prediction["score"] = score
    if options.explain:
        from dasier.serving.explaining import explain  # noqa: PLC0415 (only who asks pays for it)

        for prediction, explanation in zip(predictions, explain(loaded.model, rows, outputs), strict=True):
            prediction["explanation"] = explanation
    return {
        "model": loaded.manifest.name,
        "version": loaded.manifest.version,
        "prediction_id": id_,
        "predictions": predictions,
        "warnings": [
            {"row": w.row, "column": w.column, "code": w.code, "detail": w.detail} for w in rows.warnings
        ],
    }

"""DASIER's own answers: one object a row, with probabilities and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from dasier.errors import UnsupportedMediaType
from dasier.serving.formats.spliced import spliced, written
from dasier.serving.formats.table_csv import read_csv
from dasier.serving.formats.table_json import read_table
from dasier.serving.json_body import read_json

if TYPE_CHECKING:
    from dasier.rows import Pointer, Rows, RowWarning
    from dasier.runtimes import Outputs
    from dasier.schema import Schema
    from dasier.serving.exchange import Request
    from dasier.serving.formats.spliced import Part
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
    parts = predictions(loaded, rows, outputs, options)
    return heading(loaded, id_) | {
        "predictions": spliced([*parts, b"}"], len(rows)),
        "warnings": [told(warning) for warning in rows.warnings],
    }


def heading(loaded: Loaded, id_: str) -> dict[str, Any]:
    """Give what an answer says of itself."""
    return {"model": loaded.manifest.name, "version": loaded.manifest.version, "prediction_id": id_}


def predictions(loaded: Loaded, rows: Rows, outputs: Outputs, options: Options) -> list[Part]:
    """Give the parts of each prediction's object, all but its end."""
    output = loaded.manifest.schema.output
    parts: list[Part] = [b'{"prediction":', written(outputs.predictions)]
    if output.unit is not None:
        parts += [b',"unit":' + orjson.dumps(output.unit)]
    if options.probabilities and outputs.probabilities is not None:
        openings = loaded.cache.get("probabilities") or _openings(loaded)
        shares = written(outputs.probabilities)
        for position, opening in enumerate(openings):
            parts += [opening, shares[position :: len(openings)]]
        parts.append(b"}")
    if outputs.scores is not None:
        parts += [b',"score":', written(outputs.scores)]
    if options.explain:
        from dasier.serving.explaining import explain  # noqa: PLC0415 (only who asks pays for it)

        found = explain(loaded.model, rows, outputs)
        parts += [b',"explanation":', [orjson.dumps(one, option=orjson.OPT_SERIALIZE_NUMPY) for one in found]]
    return parts


def _openings(loaded: Loaded) -> list[bytes]:
    """Give what stands before the probability of each class, worked out once for a version."""
    keys = [orjson.dumps(key) + b":" for key in loaded.manifest.schema.output.class_keys]
    found = [b',"probabilities":{' + keys[0], *[b"," + key for key in keys[1:]]]
    loaded.cache["probabilities"] = found
    return found


def told(warning: RowWarning) -> dict[str, Any]:
    """Give a warning as an answer tells it."""
    return {"row": warning.row, "column": warning.column, "code": warning.code, "detail": warning.detail}

"""A model's own paths and schemas: its columns, its classes, and examples that work."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from dasier.serving.formats.oip_metadata import datatype
from dasier.serving.openapi.operations import (
    CLIENT,
    OPTIONS,
    VERSION_HEADER,
    Json,
    Operation,
    json_content,
    ref,
)
from dasier.serving.openapi.paths import CSV, infer
from dasier.serving.openapi.schemas import answer, forms
from dasier.serving.openapi.shapes import INTEGER, NUMBER, array, nullable, obj

if TYPE_CHECKING:
    from dasier.manifest import Manifest
    from dasier.schema import Column, Output, Schema

_LARGEST = 2**53
_TYPES: dict[str, Json] = {
    "float": NUMBER,
    "integer": INTEGER | {"minimum": -_LARGEST, "maximum": _LARGEST},
    "boolean": {"type": "boolean"},
}


def fragment(manifest: Manifest) -> tuple[dict[str, Json], dict[str, Json]]:
    """Give the paths and the schemas of a version that serves."""
    name, schema = manifest.name, manifest.schema
    own = {part: f"{name}.{part}" for part in ("Row", "Array", "Columns", "Table", "Invocations", "Answer")}
    table = forms(_shapes(own, schema))
    schemas = {
        own["Row"]: _row(schema),
        own["Array"]: _row_array(schema),
        own["Columns"]: _columns(schema),
        own["Table"]: {"anyOf": [*table, array(ref(own["Row"]), minItems=1)]},
        own["Invocations"]: {"anyOf": table},
        own["Answer"]: answer(_prediction(schema.output), {"const": name}),
    }
    return _paths(manifest, own), schemas


def _paths(manifest: Manifest, own: dict[str, str]) -> dict[str, Json]:
    name, row = manifest.name, example_row(manifest.schema)
    examples = {
        "row": {"summary": "One plausible row", "value": {"instances": [row]}},
        "recorded": {
            "summary": "The row of the example answer",
            "value": {"inputs": _first_golden(manifest)},
        },
    }
    sheet = {"text/csv": CSV | {"example": _csv(row)}}
    predict = Operation(
        id=f"predict_{name}",
        summary=f"Predict with {name}",
        tag="predict",
        answers=json_content(ref(own["Answer"]), example=_answer(manifest)),
        body=json_content(ref(own["Table"]), examples=examples) | sheet,
        parameters=OPTIONS,
        headers=VERSION_HEADER,
        later=json_content(ref("Job")),
    )
    invocations = Operation(
        id=f"invocations_{name}",
        summary=f"Predict with {name}, in MLflow's wire format",
        tag="predict",
        answers=json_content(
            obj({"predictions": array(_label(manifest.schema.output))}, closed=True),
            example={"predictions": manifest.golden["outputs"]["predictions"][:1]},
        ),
        body=json_content(ref(own["Invocations"]), examples=examples) | sheet,
        parameters=[CLIENT],
        headers=VERSION_HEADER,
    )
    tensors = infer(f"v2_infer_{name}", f"Infer with {name}", [], example=_inference(manifest.schema, row))
    return {
        f"/models/{name}/predict": predict.written(),
        f"/models/{name}/invocations": invocations.written(),
        f"/v2/models/{name}/infer": tensors.written(),
    }


# --- schemas -------------------------------------------------------------------------------------


def _cell(column: Column) -> Json:
    schema = _TYPES.get(column.kind, {"type": "string"})
    return nullable(schema) if column.nullable else schema


def _row(schema: Schema) -> Json:
    row = schema.row_json_schema()
    row["properties"] = {c.name: row["properties"][c.name] | _cell(c) for c in schema.columns}
    return row


def _row_array(schema: Schema) -> Json:
    width = len(schema.columns)
    cells = [_cell(column) for column in schema.columns]
    return {"type": "array", "prefixItems": cells, "minItems": width, "maxItems": width}


def _columns(schema: Schema) -> Json:
    return obj({column.name: array(_cell(column), minItems=1) for column in schema.columns}, closed=True)


def _shapes(own: dict[str, str], schema: Schema) -> Json:
    width = len(schema.columns)
    exactly = {"minItems": width, "maxItems": width}
    rows = [array(ref(own["Row"]), minItems=1), array(ref(own["Array"]), minItems=1)]
    names = array({"enum": list(schema.names)}, uniqueItems=True, **exactly)
    data = array(array({"type": ["number", "boolean", "string", "null"]}, **exactly), minItems=1)
    return {
        "instances": {"anyOf": rows},
        "inputs": {"anyOf": [ref(own["Columns"]), *rows]},
        "dataframe_split": obj({"columns": names, "data": data, "index": {}}, optional=("columns", "index")),
        "dataframe_records": {"anyOf": rows},
    }


def _label(output: Output) -> Json:
    if output.task == "regression":
        return NUMBER
    return {"enum": list(output.classes)} if output.classes else INTEGER


def _prediction(output: Output) -> Json:
    properties: Json = {
        "prediction": _label(output),
        "explanation": ref("Explanation"),
        "warnings": array(ref("Warning"), description="Of this row, where a bare array was sent."),
    }
    if output.unit is not None:
        properties["unit"] = {"const": output.unit}
    if output.probabilities:
        properties["probabilities"] = obj(dict.fromkeys(output.class_keys, NUMBER), closed=True)
    if output.task == "anomaly_detection":
        properties["score"] = NUMBER | {"description": "Below 0 is an anomaly."}
    return obj(properties, optional=("explanation", "warnings", "probabilities", "score"), closed=True)


# --- examples ------------------------------------------------------------------------------------


def example_row(schema: Schema) -> Json:
    """Give a plausible row that is never refused."""
    return {c.name: c.typical if c.example is None and not c.nullable else c.example for c in schema.columns}


def _first_golden(manifest: Manifest) -> Json:
    return {name: cells[:1] for name, cells in manifest.golden["inputs"].items()}


def _answer(manifest: Manifest) -> Json:
    output, answered = manifest.schema.output, manifest.golden["outputs"]
    prediction: Json = {"prediction": answered["predictions"][0]}
    if output.unit is not None:
        prediction["unit"] = output.unit
    if "probabilities" in answered:
        prediction["probabilities"] = dict(zip(output.class_keys, answered["probabilities"][0], strict=True))
    if "scores" in answered:
        prediction["score"] = answered["scores"][0]
    return {
        "model": manifest.name,
        "version": manifest.version,
        "prediction_id": "01JD3Q4Z8V2M5N7P9R1T3W5X7Y",
        "predictions": [prediction],
        "warnings": [],
    }


def _inference(schema: Schema, row: Json) -> Json:
    inputs: list[Json] = []
    for column in schema.columns:
        cell: Any = row[column.name]
        inputs.append({"name": column.name, "shape": [1], "datatype": datatype(column), "data": [cell]})
    return {"inputs": inputs}


def _csv(row: Json) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row)
    writer.writerow(["" if cell is None else cell for cell in row.values()])
    return text.getvalue()

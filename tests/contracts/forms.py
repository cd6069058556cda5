"""The same rows in every form that the API reads."""

from __future__ import annotations

import csv
import io
import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.published import Api, built, records

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dasier.schema import Schema
    from tests.local.asgi import Answer

_PACKED = {"FP64": "<f8", "INT64": "<i8", "BOOL": "u1"}


def schema_of(name: str) -> Schema:
    return built(name).manifest.schema


def as_csv(rows: pd.DataFrame) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows.columns)
    for record in records(rows):
        writer.writerow(["" if cell is None else cell for cell in record.values()])
    return text.getvalue().encode()


def tensors(name: str, rows: pd.DataFrame, *, nested: bool = False) -> list[dict[str, Any]]:
    """Give an input a column, as the metadata describe it."""
    cells = records(rows)
    inputs = []
    for column in schema_of(name).columns:
        values = [record[column.name] for record in cells]
        kind = {"float": "FP64", "integer": "INT64", "boolean": "BOOL"}.get(column.kind, "BYTES")
        inputs.append(
            {
                "name": column.name,
                "shape": [len(values), 1] if nested else [len(values)],
                "datatype": kind,
                "data": [[value] for value in values] if nested else values,
            }
        )
    return inputs


def packed(inputs: list[dict[str, Any]], **document: Any) -> tuple[bytes, dict[str, str]]:
    """Give a body whose tensors are binary, and its headers; a null in BYTES has no binary form."""
    described, tail = [], b""
    for one in inputs:
        values = one["data"]
        if one["datatype"] == "BYTES":
            raw = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in values)
        else:
            raw = (
                np.array([np.nan if v is None else v for v in values])
                .astype(_PACKED[one["datatype"]])
                .tobytes()
            )
        tail += raw
        described.append(
            {k: v for k, v in one.items() if k != "data"} | {"parameters": {"binary_data_size": len(raw)}}
        )
    head = json.dumps({**document, "inputs": described}).encode()
    return head + tail, {"inference_header_content_length": str(len(head))}


def _split(rows: pd.DataFrame) -> dict[str, Any]:
    cells = records(rows)
    return {"columns": list(rows.columns), "data": [list(record.values()) for record in cells]}


def _columns(rows: pd.DataFrame) -> dict[str, list[Any]]:
    cells = records(rows)
    return {name: [record[name] for record in cells] for name in rows.columns}


def _reversed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows.columns[::-1]]


TABLES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "instances": lambda rows: {"instances": records(rows)},
    "instances of arrays": lambda rows: {"instances": _split(rows)["data"]},
    "instances, reordered": lambda rows: {"instances": records(_reversed(rows))},
    "inputs": lambda rows: {"inputs": _columns(rows)},
    "inputs, reordered": lambda rows: {"inputs": _columns(_reversed(rows))},
    "dataframe_split": lambda rows: {"dataframe_split": _split(rows)},
    "dataframe_split, reordered": lambda rows: {"dataframe_split": _split(_reversed(rows))},
    "dataframe_records": lambda rows: {"dataframe_records": records(rows)},
    "text/csv": as_csv,
    "text/csv, reordered": lambda rows: as_csv(_reversed(rows)),
}
"""What `predict` and `invocations` both read."""


def send(api: Api, target: str, body: Any, **headers: str) -> Answer:
    """Post a body with the content type that goes with it."""
    if isinstance(body, bytes):
        headers.setdefault("content_type", "text/csv; charset=utf-8")
    answer = api.post(target, body, **headers)
    assert answer.status == 200, answer.body
    return answer


def answered(name: str, answer: Answer) -> tuple[list[Any], Any]:
    """Give the predictions and probabilities of an answer of `predict`."""
    document = json.loads(answer.body)
    predictions = document["predictions"]
    labels = [one["prediction"] for one in predictions]
    if "probabilities" not in predictions[0]:
        return labels, None
    keys = schema_of(name).output.class_keys
    return labels, [[one["probabilities"][key] for key in keys] for one in predictions]

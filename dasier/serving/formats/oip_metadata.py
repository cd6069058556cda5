"""Open Inference Protocol v2: what the server and a version say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.serving.about import NAME, service_version
from dasier.serving.formats.oip_outputs import label_datatype, output_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dasier.manifest import Manifest
    from dasier.schema import Column

_PLATFORMS = {"onnx": "onnxruntime_onnx", "sklearn": "sklearn_pickle"}


def server() -> dict[str, Any]:
    """Give the server's metadata."""
    return {"name": NAME.lower(), "version": service_version(), "extensions": ["binary_tensor_data"]}


def model(manifest: Manifest, versions: Sequence[int]) -> dict[str, Any]:
    """Give a version's metadata; -1 stands for the number of rows."""
    output = manifest.schema.output
    shapes = {
        "predict": (label_datatype(output), [-1]),
        "predict_proba": ("FP64", [-1, len(output.classes)]),
        "score": ("FP64", [-1]),
    }
    return {
        "name": manifest.name,
        "versions": [str(version) for version in versions],
        "platform": _PLATFORMS.get(manifest.runtime.name, f"dasier_{manifest.runtime.name}"),
        "inputs": [
            {"name": column.name, "datatype": datatype(column), "shape": [-1]}
            for column in manifest.schema.columns
        ],
        "outputs": [
            {"name": name, "datatype": shapes[name][0], "shape": shapes[name][1]}
            for name in output_names(manifest)
        ],
    }


def datatype(column: Column) -> str:
    """Give the datatype that suits a column best.

    Whole numbers that may be null are FP64, whose NaN is a null also in binary data.

    >>> from dasier.schema import Column
    >>> datatype(Column(name="a", kind="integer")), datatype(Column(name="a", kind="integer", nullable=True))
    ('INT64', 'FP64')
    """
    if column.kind == "integer":
        return "FP64" if column.nullable else "INT64"
    return {"float": "FP64", "boolean": "BOOL"}.get(column.kind, "BYTES")

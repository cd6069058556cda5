"""Open Inference Protocol v2: what a version can be asked for, and its answers as tensors.

``predict`` is the label or the number, shape [n]; ``predict_proba`` the probabilities, FP64 [n, n_classes]
in the order of the classes; ``score`` an anomaly detector's decision function, FP64 [n], below 0 for
an anomaly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dasier.errors import MalformedBody, Violation
from dasier.rows import MAX_VIOLATIONS
from dasier.serving.exchange import Response, json_response
from dasier.serving.formats import oip_binary
from dasier.serving.formats.oip_tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dasier.manifest import Manifest
    from dasier.runtimes import Outputs
    from dasier.schema import Output
    from dasier.serving.formats.oip import Inference

DEFAULT = "predict"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that was asked for, and whether as binary data."""

    name: str
    binary: bool


def output_names(manifest: Manifest) -> tuple[str, ...]:
    """Give the outputs that a version has; golden records tell which numbers it answers with."""
    answers = manifest.golden["outputs"]
    names = [DEFAULT]
    if "probabilities" in answers:
        names.append("predict_proba")
    if "scores" in answers:
        names.append("score")
    return tuple(names)


def label_datatype(output: Output) -> str:
    """Give the datatype of ``predict``.

    >>> from dasier.schema import Output
    >>> label_datatype(Output(name="t", task="classification", classes=("a", "b")))
    'BYTES'
    >>> label_datatype(Output(name="t", task="regression"))
    'FP64'
    """
    if output.task == "regression":
        return "FP64"
    kinds = set(map(type, output.classes))
    if kinds == {bool}:
        return "BOOL"
    if str in kinds:
        return "BYTES"
    return "FP64" if float in kinds else "INT64"


def wanted_outputs(document: dict[str, Any], manifest: Manifest) -> tuple[Wanted, ...]:
    """Give what a request asks for: ``predict`` if it does not say.

    Raises
    ------
    MalformedBody
        Listing what no version, or not this one, can be asked for.
    """
    binary = (document.get("parameters") or {}).get("binary_data_output") is True
    items = document.get("outputs")
    if items is None or items == []:
        return (Wanted(DEFAULT, binary),)
    if not isinstance(items, list):
        raise _refused([Violation("#/outputs", "wrong_type", "Outputs are an array of objects with a name.")])
    names = output_names(manifest)
    faults: list[Violation] = []
    wanted: list[Wanted] = []
    for position, item in enumerate(items):
        place = f"#/outputs/{position}"
        parameters = item.get("parameters", {}) if isinstance(item, dict) else None
        if not isinstance(parameters, dict):
            faults.append(Violation(place, "wrong_type", "An output is an object with a name."))
        elif item.get("name") not in names:
            detail = f"This model's outputs are {', '.join(names)}."
            faults.append(Violation(f"{place}/name", "unknown_output", detail))
        else:
            own = parameters.get("binary_data")
            wanted.append(Wanted(item["name"], binary if own is None else own is True))
    if faults:
        raise _refused(faults[:MAX_VIOLATIONS])
    return tuple(dict.fromkeys(wanted))


def _refused(faults: list[Violation]) -> MalformedBody:
    return MalformedBody("The model has no such outputs.", faults)


def respond(
    manifest: Manifest, outputs: Outputs, asked: Inference, *, headers: Mapping[str, str]
) -> Response:
    """Give the answer: JSON, or JSON and binary data if any output was asked for so."""
    described: list[dict[str, Any]] = []
    tail: list[bytes] = []
    for one in asked.wanted:
        cells, datatype = _tensor(one.name, outputs, manifest.schema.output)
        tensor: dict[str, Any] = {"name": one.name, "shape": list(cells.shape), "datatype": datatype}
        if one.binary:
            raw = oip_binary.encoded(cells, DTYPES.get(datatype))
            tensor["parameters"] = {"binary_data_size": len(raw)}
            tail.append(raw)
        else:
            tensor["data"] = cells.ravel().tolist() if datatype == "BYTES" else cells.ravel()
        described.append(tensor)
    document: dict[str, Any] = {"model_name": manifest.name, "model_version": str(manifest.version)}
    if asked.id is not None:
        document["id"] = asked.id
    document["outputs"] = described
    if not tail:
        return json_response(document, headers=headers)
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(
        body=b"".join([head, *tail]),
        content_type=oip_binary.MEDIA_TYPE,
        headers={**headers, oip_binary.HEADER: str(len(head))},
    )


def _tensor(name: str, outputs: Outputs, output: Output) -> tuple[NDArray[Any], str]:
    if name == "predict_proba" and outputs.probabilities is not None:
        return outputs.probabilities, "FP64"
    if name == "score" and outputs.scores is not None:
        return outputs.scores, "FP64"
    datatype = label_datatype(output)
    dtype = {"BYTES": object, "BOOL": bool}.get(datatype) or DTYPES[datatype]
    return np.asarray(outputs.predictions).astype(dtype), datatype

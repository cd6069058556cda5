"""Golden records: a few inputs and exactly what was answered when the version was built.

They are replayed in a fresh process at the end of a build, when the gate judges a version, and
whenever a function loads one. What does not answer as it did is not served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import GoldenMismatch, RowsRefused
from dasier.rows import Rows, from_columns, pointer_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.manifest import Manifest
    from dasier.runtimes import Model, Outputs
    from dasier.schema import Schema

REPLAY_TOLERANCE = 1e-9
"""Floating-point sums may differ in their last bits between processors; more is another model."""


def record(rows: Rows, outputs: Outputs) -> dict[str, Any]:
    """Give golden records of rows and their answers, as a manifest holds them."""
    answers: dict[str, Any] = {"predictions": outputs.predictions.tolist()}
    if outputs.probabilities is not None:
        answers["probabilities"] = outputs.probabilities.tolist()
    if outputs.scores is not None:
        answers["scores"] = outputs.scores.tolist()
    inputs = {column.name: rows.json_column(column) for column in rows.schema.columns}
    return {"inputs": inputs, "outputs": answers}


def read_inputs(golden: Mapping[str, Any], schema: Schema) -> Rows:
    """Give the rows of golden records.

    Raises
    ------
    GoldenMismatch
        If they do not fit the schema.
    """
    try:
        return from_columns(schema, golden["inputs"], pointer_in("#/golden/inputs", by_column=True))
    except (RowsRefused, KeyError) as error:
        raise GoldenMismatch("its inputs do not fit its schema") from error


def replay(model: Model, manifest: Manifest) -> None:
    """Compare what a model answers with what it answered when it was built.

    Raises
    ------
    GoldenMismatch
        Saying which output is off, and by how much.
    """
    answered = model.predict(read_inputs(manifest.golden, manifest.schema))
    expected = manifest.golden["outputs"]
    tolerance = max(manifest.runtime.tolerance, REPLAY_TOLERANCE)
    if manifest.schema.output.task == "regression":
        _close("predictions", answered.predictions, expected["predictions"], tolerance)
    else:
        found = answered.predictions.tolist()
        wrong = [i for i, (a, b) in enumerate(zip(found, expected["predictions"], strict=False)) if a != b]
        if wrong or len(found) != len(expected["predictions"]):
            raise GoldenMismatch(
                f"{len(wrong)} of {len(found)} labels are others, the first in record {wrong[:1]}"
            )
    for name in ("probabilities", "scores"):
        if (getattr(answered, name) is None) != (name not in expected):
            raise GoldenMismatch(f"{name} are given now and were not, or the reverse")
        if name in expected:
            _close(name, getattr(answered, name), expected[name], tolerance)


def _close(name: str, found: Any, expected: Any, tolerance: float) -> None:
    wanted = np.asarray(expected, dtype=np.float64)
    if np.shape(found) != wanted.shape:
        raise GoldenMismatch(f"{name} have the shape {np.shape(found)}, not {wanted.shape}")
    # Relative to the largest magnitude of the output, so that values near 0 are not held to less than noise.
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    off = float(np.max(np.abs(np.asarray(found, dtype=np.float64) - wanted), initial=0.0)) / scale
    if not off <= tolerance:
        raise GoldenMismatch(f"{name} are off by up to {off:.3g}, over {tolerance:.3g}")

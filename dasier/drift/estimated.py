"""How good answers probably are where nobody has told what was true: by the probabilities that came with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.drift.tally import OUTPUT
from dasier.measuring.measures import Z_95

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.manifest import Manifest
    from dasier.predictions import Prediction
    from dasier.schema import Label

LEAST_ROWS = 20
"""As with feedback: fewer rows say nothing."""

REASONS = ("no_classes", "no_probabilities", "not_measured", "not_calibrated", "no_rows", "never_seen")
"""Why nothing is estimated; `dasier.words.drift` says each in words."""


class Sureness:
    """How sure a version was of its answers, over the rows that the log holds.

    Parameters
    ----------
    classes
        In the order of the probabilities. An answer's own probability counts, not the highest: where somebody chose
        a threshold, the answer need not be the likeliest class.
    """

    def __init__(self, classes: Sequence[Label]) -> None:
        self._places = {label: place for place, label in enumerate(classes)}
        self.rows, self.said, self.variance = 0, 0.0, 0.0

    def add(self, record: Prediction) -> None:
        """Count the rows of a record whose probabilities the log holds."""
        if record.errors or record.outputs is None or not record.outputs.get("probabilities"):
            return
        probabilities = np.asarray(record.outputs["probabilities"], dtype=np.float64)
        places = [self._places.get(label, -1) for label in record.outputs["predictions"]]
        if min(places) < 0 or not np.isfinite(probabilities).all():
            return
        own = probabilities[np.arange(len(places)), places]
        self.rows += len(own)
        self.said += float(own.sum())
        self.variance += float((own * (1 - own)).sum())


def estimated(sure: Sureness, manifest: Manifest, findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the accuracy that is expected of the answers, or why it cannot be given.

    Of calibrated probabilities the mean of the answers' own is the share of right answers to expect (average
    confidence; Guillory et al. 2021), whatever rows callers send, as long as the same row still has the same truth.

    Parameters
    ----------
    findings
        Of the report: where callers send much that training never saw, probabilities were never tried.

    Returns
    -------
    dict
        ``measure``, ``rows``, ``held_out`` (what the build found of the probabilities), ``why`` (one of `REASONS`, or
        None) and ``value`` with ``low`` and ``high``. The interval holds what chance does to so many rows (each is right or
        not, with its own probability), widened on either side by how far off the probabilities may have
        been on held-out rows, by the interval that was measured there.
    """
    held_out = manifest.metrics.get("confidence")
    found: dict[str, Any] = {
        "measure": "accuracy",
        "rows": sure.rows,
        "held_out": held_out,
        "value": None,
        "why": _why(sure, manifest, held_out, findings),
    }
    if found["why"] is None and held_out is not None:
        value = sure.said / sure.rows
        chance = Z_95 * math.sqrt(sure.variance) / sure.rows
        too_high = max(0.0, held_out["said"] - held_out["came"]["low"])
        too_low = max(0.0, held_out["came"]["high"] - held_out["said"])
        low, high = max(0.0, value - chance - too_high), min(1.0, value + chance + too_low)
        found["value"] = {"value": value, "low": low, "high": high}
    return found


def _why(
    sure: Sureness,
    manifest: Manifest,
    held_out: Mapping[str, Any] | None,
    findings: Sequence[Mapping[str, Any]],
) -> str | None:
    output = manifest.schema.output
    outside = any("outside" in one["alarmed"] for one in findings if one["key"] != OUTPUT)
    reasons = {
        "no_classes": output.task != "classification",
        "no_probabilities": not output.probabilities,
        "not_measured": held_out is None,
        "not_calibrated": held_out is not None and not held_out["calibrated"],
        "no_rows": sure.rows < LEAST_ROWS,
        "never_seen": outside,
    }
    return next((why for why in REASONS if reasons[why]), None)

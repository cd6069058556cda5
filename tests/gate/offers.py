"""Versions of one small model, each with its held-out rows: every answer of theirs is a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dasier.built import Built
from dasier.manifest import Blob, canonical
from tests import models

N_ROWS = 40
CELLS = np.linspace(0.0, 1.0, N_ROWS).tolist()
TRUTH = np.round(np.random.default_rng(0).normal(1.0, 0.5, N_ROWS), 3).tolist()


def mae(number: float) -> float:
    """Give how far a number is from the truth, as a build measures it."""
    return float(np.abs(np.array(TRUTH) - number).mean())


def offer(number: float, *, stated: float | None = None, **changes: Any) -> Built:
    """Give a version that always answers a number, and states how good that is."""
    return held(models.constant(number=number), mae(number) if stated is None else stated, **changes)


def held(
    build: Built,
    stated: float | None,
    *,
    inputs: dict[str, list[Any]] | None = None,
    target: list[Any] | None = TRUTH,
    **changes: Any,
) -> Built:
    """Give a build with held-out rows, and the metric that it states."""
    document: dict[str, Any] = {"inputs": inputs or {"x": CELLS}}
    if target is not None:
        document["target"] = target
    rows = canonical(document)
    values = {} if stated is None else {"mae": {"value": stated, "low": stated, "high": stated}}
    manifest = replace(
        build.manifest,
        **{
            "blobs": {**build.manifest.blobs, "holdout": Blob.of(rows, "application/json")},
            "metrics": {"primary": "mae", "values": values},
            **changes,
        },
    )
    return Built(manifest, {**build.blobs, "holdout": rows})


def found(verdict: dict[str, Any], rule: str) -> dict[str, Any]:
    """Give what a rule found."""
    (one,) = (one for one in verdict["rules"] if one["rule"] == rule)
    return dict(one)

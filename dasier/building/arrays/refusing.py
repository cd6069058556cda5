"""The error of what cannot be told in arrays."""

from __future__ import annotations

from dasier.errors import EstimatorUnsupported


def refused(what: str) -> EstimatorUnsupported:
    """Give the error that says what the arrays do not know."""
    return EstimatorUnsupported(f"the arrays do not know {what}")

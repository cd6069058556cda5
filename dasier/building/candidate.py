"""What is tried, in the order of `dasier.runtimes.NAMES`, and what is said where there is nothing to try."""

from __future__ import annotations

from dataclasses import dataclass

MEDIA_TYPES = {
    "arrays": "application/vnd.dasier.arrays",
    "onnx": "application/vnd.onnx",
    "sklearn": "application/vnd.dasier.sklearn-pickle",
}
"""What the bytes of each runtime's blob are."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A blob to be proved.

    Attributes
    ----------
    runtime : str
    name : str
        ``float64`` or ``float32``: what the arithmetic is done in; ``pickle`` for the estimator itself.
    blob : bytes
    """

    runtime: str
    name: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no blob, or why it is not served: for the card.

    Attributes
    ----------
    runtime, name : str
        As a `Candidate`'s.
    reason : str
        One sentence.
    """

    runtime: str
    name: str
    reason: str

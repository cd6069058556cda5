"""What a rule found of a version."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found.

    Attributes
    ----------
    rule : str
    passed : bool
    detail : str
        A sentence for people.
    figures : dict
        What was measured, in JSON types.
    """

    rule: str
    passed: bool
    detail: str
    figures: dict[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)


def number(value: float) -> str:
    """Give a number as a sentence holds it.

    >>> number(0.98123456), number(12345.6)
    ('0.9812', '1.235e+04')
    """
    return f"{value:.4g}"


def listed(parts: Iterable[str], *, most: int = 8) -> str:
    """Give parts as one sentence holds them, and how many more there are.

    >>> listed(["a", "b", "c"], most=2)
    'a; b; and 1 more'
    """
    every = list(parts)
    more = [f"and {len(every) - most} more"] if len(every) > most else []
    return "; ".join([*every[:most], *more])

"""The rules that a version is judged by: the recipe's table ``[gate]``, as its manifest holds it.

A build writes the table, the gate reads it; both take names, defaults and limits from here. Reading a manifest
is strict about what it knows and silent about keys of a later release.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from dasier.errors import DocumentInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.schema import Label

POLICIES = ("promote", "canary", "hold")
"""What the gate does with a version that passes: serve it, give it a share, or wait for a person."""

DEFAULT_CONFIDENCE = 0.95
"""The usual one: of models that are equally good one in twenty is refused by chance."""

DEFAULT_LATENCY_MS = 1_000.0
"""A person who waits for one answer still follows their thought (Nielsen 1993, Usability Engineering, ch. 5)."""

DEFAULT_SIZE_MB = 512.0
"""What all loaded models of a function may take together, by default (`dasier.serving.settings`)."""

MOST_CANARY_MINUTES = 14 * 24 * 60
"""A fortnight: a canary that needs longer has too few callers to show anything."""

DEFAULT_LEAST_ROWS = 20
"""With fewer rows one answer moves a share by more than 5 %: nothing is shown by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryRules:
    """How a canary goes that the gate starts and ends by itself.

    Attributes
    ----------
    share : int
        Per cent of the callers, 1 to 99.
    minutes : float
        How long it goes on at least.
    requests : int
        How many it answers at least.
    slower : float
        How many times the serving version's median latency is tolerated.
    """

    share: int = 10
    minutes: float = 60.0
    requests: int = 200
    slower: float = 2.0

    @property
    def sound(self) -> bool:
        """Whether each is in its range."""
        return (
            type(self.share) is int
            and 1 <= self.share <= 99
            and 0 <= self.minutes <= MOST_CANARY_MINUTES
            and type(self.requests) is int
            and self.requests >= 1
            and 1 <= self.slower < math.inf
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of the held-out rows that has a floor of its own.

    Attributes
    ----------
    column : str
        A feature, or the target.
    value
        What the column holds in the slice; None if it is a range.
    minimum, maximum : float or None
        Both ends belong to the slice; one may be open.
    metric : str
    floor : float
        The least value, or the greatest of a metric that is better when it is lower.
    least_rows : int
        With fewer held-out rows nothing is shown, and the rule does not pass.
    """

    column: str
    metric: str
    floor: float
    value: Label | None = None
    minimum: float | None = None
    maximum: float | None = None
    least_rows: int = DEFAULT_LEAST_ROWS

    @property
    def title(self) -> str:
        """Give the slice as people read it.

        >>> Slice(column="age", minimum=65, metric="mae", floor=3).title
        'age at least 65'
        """
        if self.value is not None:
            shown = str(self.value).lower() if isinstance(self.value, bool) else self.value
            return f"{self.column} = {shown}"
        if self.minimum is None:
            return f"{self.column} at most {self.maximum:.10g}"
        if self.maximum is None:
            return f"{self.column} at least {self.minimum:.10g}"
        return f"{self.column} {self.minimum:.10g} to {self.maximum:.10g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a version must show before it serves.

    Attributes
    ----------
    policy : str
        One of `POLICIES`.
    breaking : bool
        Declares that callers of the serving version must change.
    confidence : float
        Of the comparison with the serving version, one-sided; above 0.5 and below 1.
    metric : str or None
        What is compared; None for the task's own.
    margin : float
        How much worse is tolerated, in the metric's unit.
    floors : mapping of metric to float
        The least value on all held-out rows, or the greatest of a metric that is better when it is lower.
    slices : tuple of Slice
    latency_ms : float
        Budget of one answer to one row, the median.
    size_mb : float
        Budget of the model's bytes, in 10^6.
    canary : CanaryRules
    """

    policy: str = POLICIES[0]
    breaking: bool = False
    confidence: float = DEFAULT_CONFIDENCE
    metric: str | None = None
    margin: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)
    slices: tuple[Slice, ...] = ()
    latency_ms: float = DEFAULT_LATENCY_MS
    size_mb: float = DEFAULT_SIZE_MB
    canary: CanaryRules = field(default_factory=CanaryRules)

    def to_dict(self) -> dict[str, Any]:
        """Give JSON types: the policy, and whatever is not the default.

        >>> Rules(floors={"mae": 3.0}).to_dict()
        {'policy': 'promote', 'floors': {'mae': 3.0}}
        """
        usual = asdict(Rules())
        told = {key: value for key, value in asdict(self).items() if key == "policy" or value != usual[key]}
        if self.slices:
            told["slices"] = [
                {key: value for key, value in asdict(one).items() if value is not None} for one in self.slices
            ]
        return told

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Rules:
        """Read a manifest's table.

        Raises
        ------
        DocumentInvalid
            If it is no table of rules: a rule that cannot be read must not be passed over.
        """
        try:
            known = {f.name: document[f.name] for f in fields(cls) if f.name in document}
            known["floors"] = {str(name): float(floor) for name, floor in known.get("floors", {}).items()}
            known["slices"] = tuple(_slice(one) for one in known.get("slices", ()))
            canary = known.get("canary", {})
            known["canary"] = CanaryRules(
                **{f.name: canary[f.name] for f in fields(CanaryRules) if f.name in canary}
            )
            found = cls(**known)
            sound = (
                found.policy in POLICIES
                and found.canary.sound
                and isinstance(found.breaking, bool)
                and isinstance(found.metric, str | None)
                and 0.5 < found.confidence < 1.0
                and all(0 <= number < math.inf for number in (found.margin, found.latency_ms, found.size_mb))
            )
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            raise DocumentInvalid("manifest's table of rules for the gate") from error
        if not sound:
            raise DocumentInvalid("manifest's table of rules for the gate")
        return found


def _slice(document: Mapping[str, Any]) -> Slice:
    known = {f.name: document[f.name] for f in fields(Slice) if f.name in document}
    found = Slice(**known)
    ranged = (found.minimum, found.maximum) != (None, None)
    ends = [float(end) for end in (found.minimum, found.maximum) if end is not None]
    if (
        ranged == (found.value is not None)
        or not all(map(math.isfinite, (*ends, float(found.floor))))
        or not found.least_rows >= 1
        or not isinstance(found.column, str)
        or not isinstance(found.metric, str)
    ):
        raise ValueError(found.title)
    return found

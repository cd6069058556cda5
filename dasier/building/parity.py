"""The proof that a runtime answers as the fitted estimator does.

A conversion is chosen only where this finds it equal: labels the same on every row, numbers
within the bound, and no answer where the estimator gives none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dasier.building.probes import Probes
    from dasier.rows import Rows
    from dasier.runtimes import Model, Outputs

TOLERANCE = 1e-6
"""The bound: absolute for probabilities, relative for everything else."""

SAME_ARITHMETIC = 1e-12
"""The bound where scikit-learn itself answers: the same float64 operations, but a matrix product
sums in another order when a matrix lies otherwise in memory, as a DataFrame's may."""

_NEGLIGIBLE = 1e-6
"""A number this much smaller than the largest answer is compared as if it were that large: a
relative error of something that cancelled to nearly nothing says nothing."""


_ONE_BY_ONE = 100
"""How many rows of a kind are tried alone, where the estimator refuses some: those are found, and must be refused."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What a proof found.

    Attributes
    ----------
    rows : int
        How many rows were compared.
    kinds : mapping from str to int
        How many of each kind.
    tolerance : float
    deviations : mapping from str to float
        The largest, of ``probabilities`` (absolute), ``predictions`` and ``scores`` (relative).
    labels_equal : bool
    failure : str or None
        Which kind of row, which output and how far off; None if it is equal within the bound.
    skipped : tuple of str
        Kinds that the estimator itself refuses to answer.
    refused : tuple of str
        Kinds of which it refuses at least one row: those, and others.
    unprobed : int
        Thresholds of its trees that no row stands at: a transformation hides them.
    """

    rows: int
    kinds: Mapping[str, int]
    tolerance: float
    deviations: Mapping[str, float] = field(default_factory=dict)
    labels_equal: bool = True
    failure: str | None = None
    skipped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unprobed: int = 0

    @property
    def proved(self) -> bool:
        """Whether the two are equal within the bound."""
        return self.failure is None

    def to_dict(self) -> dict[str, Any]:
        """Give the form that a manifest holds."""
        return {
            "rows": self.rows,
            "kinds": dict(self.kinds),
            "tolerance": self.tolerance,
            "deviations": dict(self.deviations),
            "labels_equal": self.labels_equal,
            "skipped": list(self.skipped),
            "refused": list(self.refused),
            "unprobed": self.unprobed,
        }


def prove(reference: Model, model: Model, probes: Probes, *, tolerance: float = TOLERANCE) -> Parity:
    """Compare two models on every row.

    Parameters
    ----------
    reference
        What is right: a `dasier.building.reference.Reference`.
    model
        What is tried.
    probes
    tolerance
        0 asks for the same bits.

    Returns
    -------
    Parity
        With the largest deviations of all rows, and the first kind of row that fails.
    """
    deviations: dict[str, float] = {}
    kinds: dict[str, int] = {}
    skipped: list[str] = []
    refused: list[str] = []
    failures: list[str] = []
    labels_equal = True
    for kind, rows in probes.kinds.items():
        asked = _asked(reference, rows)
        if len(asked.refused):
            refused.append(kind)
            answered = sum(_answers(model, asked.refused.take([row])) for row in range(len(asked.refused)))
            if answered:
                failures.append(
                    f"{kind} rows: it answers {answered} of {len(asked.refused)} that the estimator refuses"
                )
        if asked.expected is None:
            skipped.append(kind)
            continue
        compared, expected = asked.answered, asked.expected
        kinds[kind] = len(compared)
        try:
            found = model.predict(compared)
        except Exception as error:  # noqa: BLE001 (a runtime may raise anything; it is refused and the reason shown)
            failures.append(f"{kind} rows: it fails ({type(error).__name__}: {str(error)[:200]})")
            continue
        for comparison in _comparisons(
            expected, found, is_regression=rows.schema.output.task == "regression"
        ):
            if comparison.output == "labels":
                labels_equal = labels_equal and comparison.deviation == 0
            else:
                largest = max(deviations.get(comparison.output, 0.0), comparison.deviation)
                deviations[comparison.output] = largest
            if not comparison.deviation <= (0 if comparison.output == "labels" else tolerance):
                failures.append(f"{kind} rows: {comparison.told}")
    if not kinds:
        failures.append("the estimator answers none of the rows")
    failure = failures[0] if failures else None
    return Parity(
        sum(kinds.values()),
        kinds,
        tolerance,
        deviations,
        labels_equal,
        failure,
        tuple(skipped),
        tuple(refused),
        probes.unprobed,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rows that the estimator answers, and how (None if it answers none of them), and those that it refuses."""

    answered: Rows
    expected: Outputs | None
    refused: Rows


def _asked(reference: Model, rows: Rows) -> _Asked:
    try:
        return _Asked(rows, reference.predict(rows), rows.take(slice(0)))
    except Exception:  # noqa: BLE001 (scikit-learn raises ValueError for most, IndexError for some)
        rows = rows.take(slice(_ONE_BY_ONE))
        answers = np.array([_answers(reference, rows.take([place])) for place in range(len(rows))])
    answered, refused = rows.take(np.flatnonzero(answers)), rows.take(np.flatnonzero(~answers))
    return _Asked(answered, reference.predict(answered) if len(answered) else None, refused)


def _answers(model: Model, row: Rows) -> bool:
    """Say whether a model has an answer to a row: a number that is not finite reaches no caller."""
    try:
        return not len(model.predict(row).unanswered())
    except Exception:  # noqa: BLE001 (as above)
        return False


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One output of one kind of row: its largest deviation, and that in words."""

    output: str
    deviation: float
    told: str


def _comparisons(expected: Outputs, found: Outputs, *, is_regression: bool) -> list[_Comparison]:
    numbers = [("scores", expected.scores, found.scores)]
    compared: list[_Comparison] = []
    if is_regression:
        numbers.append(("predictions", expected.predictions, found.predictions))
    else:
        compared.append(_labels(expected.predictions, found.predictions))
    for output, right, given in numbers:
        if right is not None or given is not None:
            deviation = _relative(right, given)
            compared.append(_Comparison(output, deviation, f"{output} are {deviation:.2g} off (relative)"))
    right, given = expected.probabilities, found.probabilities
    if right is not None or given is not None:
        deviation = _absolute(right, given)
        compared.append(_Comparison("probabilities", deviation, f"probabilities are {deviation:.2g} off"))
    return compared


def _labels(right: NDArray[Any], given: NDArray[Any]) -> _Comparison:
    if right.shape != given.shape:
        return _Comparison("labels", np.inf, f"labels have the shape {given.shape}, not {right.shape}")
    differ = int(np.count_nonzero(right != given))
    return _Comparison("labels", float(differ), f"{differ} of {len(right)} labels differ")


def _absolute(right: NDArray[np.float64] | None, given: NDArray[np.float64] | None) -> float:
    """Give the largest difference; infinite where one has no number and the other has."""
    if right is None or given is None or right.shape != given.shape:
        return np.inf
    same = (right == given) | (np.isnan(right) & np.isnan(given))
    with np.errstate(invalid="ignore"):
        differences = np.where(same, 0.0, np.abs(right - given))
    return float(np.nan_to_num(differences, nan=np.inf).max(initial=0.0))


def _relative(right: NDArray[np.float64] | None, given: NDArray[np.float64] | None) -> float:
    if right is None or given is None or right.shape != given.shape:
        return np.inf
    sizes = np.abs(right)
    floor = _NEGLIGIBLE * np.nan_to_num(sizes, nan=0.0, posinf=0.0).max(initial=0.0)
    scale = np.maximum(np.nan_to_num(sizes, nan=1.0, posinf=1.0), floor or 1.0)
    return _absolute(right / scale, given / scale)

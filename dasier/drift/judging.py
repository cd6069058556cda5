"""What has drifted: each column and the output against training, by tests that are corrected for their number.

Something is alarmed only if chance hardly explains it *and* it is large. With many rows every test finds differences that
matter to nobody; with few rows a large difference may be chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dasier.drift import statistics
from dasier.drift.tally import OUTPUT

if TYPE_CHECKING:
    from dasier.drift.spread import Spread
    from dasier.drift.statistics import Counts
    from dasier.drift.tally import Tally, Watched

Level = Literal["stable", "moderate", "large"]

CHANCE = 0.01
"""How often a report on data that has not changed may call anything significant: after Holm's correction it is the
rate of reports, not of tests. A report a day is then wrong once in a hundred days at most, before sizes are looked at."""

MODERATE, LARGE = 0.1, 0.25
"""From which stability index on a spread has shifted a little, and a lot (Siddiqi 2006, Credit Risk Scorecards, ch. 9)."""

MORE = 0.05
"""How much larger than in training a share of nulls, or of what training never saw, is large: one row in twenty. Our choice."""

LEAST_ROWS = 100
"""With fewer rows a tenth of them is under ten, and nothing is alarmed."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a column.

    Attributes
    ----------
    name : str
        ``kolmogorov_smirnov`` or ``chi_square`` (how it is spread), ``nulls``, ``outside``.
    value, trained : float
        What was seen, and what training had: a share; of the spread its statistic, and 0.
    p : float
    size : float
        Of the effect: a stability index above what chance gives, or a difference of shares.
    large : bool
        Whether the size is one to be told of.
    """

    name: str
    value: float
    trained: float
    p: float
    size: float
    large: bool


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a column, or the output, has moved, and whether that is alarmed.

    Attributes
    ----------
    key : str
        As `Watched.spreads` has it.
    name, kind : str
    rows : int
    psi, psi_by_chance : float
    tests : tuple of Test
    corrected : tuple of float
        Their p-values, corrected for all tests of the report.
    enough : bool
        Whether there were rows enough to be alarmed.
    """

    key: str
    name: str
    kind: str
    rows: int
    psi: float
    psi_by_chance: float
    tests: tuple[Test, ...]
    corrected: tuple[float, ...]
    enough: bool

    @property
    def alarmed(self) -> tuple[str, ...]:
        """The tests by which it is alarmed."""
        both = zip(self.tests, self.corrected, strict=True)
        return tuple(test.name for test, p in both if self.enough and test.large and p <= CHANCE)

    @property
    def level(self) -> Level:
        """How far the spread has shifted, above what chance gives."""
        above = self.psi - self.psi_by_chance
        return "large" if above >= LARGE else "moderate" if above >= MODERATE else "stable"

    def to_document(self) -> dict[str, Any]:
        """Give JSON types."""
        return {
            "name": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "psi": round(self.psi, 4),
            "psi_by_chance": round(self.psi_by_chance, 4),
            "level": self.level,
            "alarmed": list(self.alarmed),
            "tests": [
                {
                    "name": test.name,
                    "value": round(test.value, 6),
                    "trained": round(test.trained, 6),
                    "p": test.p,
                    "p_corrected": corrected,
                    "large": test.large,
                }
                for test, corrected in zip(self.tests, self.corrected, strict=True)
            ],
        }


def judge(what: Watched, tally: Tally) -> list[Shift]:
    """Give what is found of the output and each column, what is worst first."""
    tested = {
        key: _tests(spread, tally.counts[key])
        for key, spread in what.spreads.items()
        if key in tally.counts and spread.trained.sum()
    }
    every = [test.p for tests in tested.values() for test in tests]
    corrected = iter(statistics.holm(every))
    found = [
        _finding(key, what.spreads[key], tally, tests, tuple(next(corrected) for _ in tests))
        for key, tests in tested.items()
    ]
    return sorted(found, key=lambda one: (not one.alarmed, one.key != OUTPUT, one.psi_by_chance - one.psi))


def _finding(
    key: str, spread: Spread, tally: Tally, tests: tuple[Test, ...], corrected: tuple[float, ...]
) -> Shift:
    index, by_chance = _psi(spread, tally.counts[key])
    rows = int(tally.counts[key].sum())  # all, but of a column that is hashed those under the key of today
    enough = rows >= LEAST_ROWS
    return Shift(key, spread.name, spread.kind, rows, index, by_chance, tests, corrected, enough)


def _psi(spread: Spread, counted: Counts) -> tuple[float, float]:
    """Give the stability index, and what is expected of it by chance."""
    old, new = spread.coarse(spread.trained), spread.coarse(counted)
    n_old, n_new = int(old.sum()), int(new.sum())
    if not n_old or not n_new:
        return 0.0, 0.0
    return statistics.psi(old, new), statistics.psi_by_chance(len(old), n_old, n_new)


def _tests(spread: Spread, counted: Counts) -> tuple[Test, ...]:
    """Give how a column is spread, how often it is null, and how often training never saw the like."""
    index, by_chance = _psi(spread, counted)
    name, test = (
        ("chi_square", statistics.chi_square)
        if spread.edges is None
        else ("kolmogorov_smirnov", statistics.kolmogorov_smirnov)
    )
    value, p = test(spread.tested(spread.trained), spread.tested(counted))
    above = index - by_chance
    return (
        Test(name, value, 0.0, p, above, large=above >= LARGE),
        _nulls(spread, counted),
        _outside(spread, counted),
    )


def _nulls(spread: Spread, counted: Counts) -> Test:
    old, new = int(spread.trained[-1]), int(counted[-1])
    n_old, n_new = int(spread.trained.sum()), int(counted.sum())
    p = statistics.other_share((old, n_old), (new, n_new))
    return _share("nulls", old / n_old, new / n_new if n_new else 0.0, p, either=True)


def _outside(spread: Spread, counted: Counts) -> Test:
    n_old, n_new = (int(counts[:-1].sum()) for counts in (spread.trained, counted))
    outside = spread.outside(counted)
    if spread.edges is None:
        trained = spread.singles / n_old if n_old else 0.0
        p = statistics.unseen_share(spread.singles, spread.doubles, n_old, outside, n_new)
    else:
        trained = min(
            1.0, 2 / (n_old + 1)
        )  # of a row more, one time in so many it is the least or the greatest
        p = statistics.outside_range(n_old, outside, n_new)
    return _share("outside", trained, outside / n_new if n_new else 0.0, p)


def _share(name: str, trained: float, seen: float, p: float, *, either: bool = False) -> Test:
    size = abs(seen - trained) if either else seen - trained
    return Test(name, seen, trained, p, size, large=size >= MORE)

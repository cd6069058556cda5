"""Drift: how often reports on unchanged data are wrong, and how soon a shift is found.

Simulated: training rows and callers' rows are drawn anew for each report, from populations of few and many columns, of
numbers and of categories; nothing is served, the rows are counted and judged as the log's are. The tables of docs/drift.md.

    nice .venv/bin/python benchmarks/drift.py --reports 300 --seed 2026
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dasier.drift.judging import CHANCE, LEAST_ROWS, judge  # noqa: E402
from dasier.drift.report import MOST_DAYS  # noqa: E402
from dasier.drift.tally import Tally  # noqa: E402
from dasier.measuring.measures import wilson  # noqa: E402
from tests.drift.populations import POPULATIONS, SHIFTS, population, tallied, trained  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

SIZES = ((100, 100), (100, 2_000), (1_000, 100), (1_000, 2_000), (5_000, 5_000))
"""Rows that were fitted on, and rows of a report."""

VERSIONS, REPORTS_OF_EACH = 40, 100
TRAFFIC = (20, 100, 500)
MOST = 28
"""A shift that is not found in so many days is told as not found."""

TIMES = 25


def false_alarms(reports: int, seed: int) -> None:
    """Print how many reports on unchanged data are significant, and alarmed."""
    print(
        f"\n| population | fitted on | rows of a report | significant | alarmed (95 % interval), of {reports} |"
    )
    print("|---|---:|---:|---:|---:|")
    for place, (name, draw) in enumerate(POPULATIONS.items()):
        for n_trained, n_seen in SIZES:
            rng = np.random.default_rng([seed, place, n_trained, n_seen])
            significant = alarmed = 0
            for _ in range(reports):
                what = trained(draw(n_trained, rng))
                found = judge(what, tallied(what, draw(n_seen, rng)))
                significant += any(p <= CHANCE for one in found for p in one.corrected)
                alarmed += any(one.alarmed for one in found)
            told = wilson(alarmed, reports)
            ends = f"{100 * told['low']:.1f} to {100 * told['high']:.1f}"
            print(
                f"| {name} | {n_trained:,} | {n_seen:,} | {100 * significant / reports:.1f} % | "
                f"{100 * told['value']:.1f} % ({ends}) |",
                flush=True,
            )


def by_version(seed: int) -> None:
    """Print how the rate differs between versions: one that was fitted on unusual rows is compared with those every day."""
    print(f"\nOf {VERSIONS} versions each, the share of {REPORTS_OF_EACH} reports that is alarmed:\n")
    print("| population | fitted on | rows of a report | mean | worst version |")
    print("|---|---:|---:|---:|---:|")
    for name, n_trained, n_seen in (
        ("mixed, 10 columns", 100, 200),
        ("mixed, 10 columns", 1_000, 200),
        ("numbers, 2 columns", 100, 200),
    ):
        draw = POPULATIONS[name]
        rng = np.random.default_rng([seed, n_trained, n_seen])
        rates = [_rate(draw, n_trained, n_seen, rng) for _ in range(VERSIONS)]
        print(
            f"| {name} | {n_trained:,} | {n_seen:,} | {100 * np.mean(rates):.1f} % | {100 * max(rates):.0f} % |",
            flush=True,
        )


def _rate(
    draw: Callable[[int, np.random.Generator], pd.DataFrame],
    n_trained: int,
    n_seen: int,
    rng: np.random.Generator,
) -> float:
    what = trained(draw(n_trained, rng))
    wrong = sum(
        any(one.alarmed for one in judge(what, tallied(what, draw(n_seen, rng))))
        for _ in range(REPORTS_OF_EACH)
    )
    return wrong / REPORTS_OF_EACH


def how_soon(seed: int) -> None:
    """Print after how many days a shift is alarmed and its column named."""
    print(
        f"\nDays until the column is alarmed (median of {TIMES}, slowest in brackets), fitted on 1,000 rows:\n"
    )
    print("| shift | " + " | ".join(f"{rows} rows a day" for rows in TRAFFIC) + " |")
    print("|---|" + "---:|" * len(TRAFFIC))
    for place, shift in enumerate(SHIFTS):
        told = []
        for rows in TRAFFIC:
            rng = np.random.default_rng([seed, place, rows])
            days = sorted(_days(shift, rows, rng) for _ in range(TIMES))
            shown = [f"over {MOST}" if day > MOST else str(day) for day in (days[TIMES // 2], days[-1])]
            told.append(f"{shown[0]} ({shown[1]})")
        print(f"| {shift} | " + " | ".join(told) + " |", flush=True)


def _days(shift: str, rows: int, rng: np.random.Generator) -> int:
    """Give the day, counted from the shift, whose report names the column, by days as `dasier.drift.report.of_day` takes them."""
    column, becomes = SHIFTS[shift]
    what = trained(population(1_000, rng))
    before = [tallied(what, population(rows, rng)) for _ in range(MOST_DAYS)]
    for day in range(1, MOST + 1):
        table = population(rows, rng)
        before.append(tallied(what, table.assign(**{column: becomes(table, rng)})))
        looked_at = before[-1:] if rows >= LEAST_ROWS else before[-MOST_DAYS:]
        whole = Tally()
        for tally in looked_at:
            whole.add(tally)
        if any(one.name == column and one.alarmed for one in judge(what, whole)):
            return day
    return MOST + 1


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reports", type=int, default=300, help="of each size and population")
    parser.add_argument("--seed", type=int, default=2026)
    asked = parser.parse_args()
    how_soon(asked.seed)
    by_version(asked.seed)
    false_alarms(asked.reports, asked.seed)


if __name__ == "__main__":
    main()

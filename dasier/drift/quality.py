"""How good the answers turned out to be, where feedback tells what was true, beside what was held out."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.errors import DataInvalid
from dasier.measuring.measures import intervals
from dasier.measuring.quality import HIGHER_IS_BETTER, PRIMARY, measures_of
from dasier.rules import Rules
from dasier.runtimes import Outputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.manifest import Manifest
    from dasier.predictions import Prediction
    from dasier.schema import Label, Output

LEAST_TOLD = 20
"""With fewer rows whose truth is known one of them moves a share by over 5 %: no interval is given."""

SEED = 1979
_PARTS = ("predictions", "probabilities", "scores")


class Told:
    """Answers whose truth is known, by the day of the prediction."""

    def __init__(self) -> None:
        self.days: defaultdict[str, dict[str, list[Any]]] = defaultdict(
            lambda: {name: [] for name in ("truth", *_PARTS)}
        )

    def add(self, record: Prediction, actual: Label | Sequence[Label] | None) -> None:
        """Keep the rows of a record that the log holds; what was told counts if it is told of each row that was asked."""
        if actual is None or record.outputs is None or record.errors:
            return
        truths = list(actual) if isinstance(actual, list) else [actual]
        answers = record.outputs.get("predictions", [])
        places = range(len(answers)) if record.positions is None else record.positions
        if len(truths) != record.rows or len(places) != len(answers):
            return
        day = self.days[record.time[:10]]
        day["truth"] += [truths[place] for place in places]
        for name in _PARTS:
            day[name] += record.outputs.get(name) or []

    def rows(self, days: Sequence[str]) -> int:
        """Give how many rows of some days are told."""
        return sum(len(self.days[day]["truth"]) for day in days if day in self.days)

    def measured(self, days: Sequence[str], output: Output) -> dict[str, Any]:
        """Give each measure of some days' answers with its interval; none of fewer rows than `LEAST_TOLD`.

        Raises
        ------
        DataInvalid
            If something is told that the version does not know.
        """
        n_rows = self.rows(days)
        if n_rows < LEAST_TOLD:
            return {}
        parts = {
            name: [cell for day in days if day in self.days for cell in self.days[day][name]]
            for name in ("truth", *_PARTS)
        }
        whole = {name: np.asarray(parts[name]) for name in _PARTS[1:] if len(parts[name]) == n_rows}
        outputs = Outputs(_labels(parts["predictions"]), **whole)
        measures = measures_of(outputs, _labels(parts["truth"]), output)
        return dict(intervals(measures, n_rows, seed=SEED))


def _labels(cells: list[Any]) -> np.ndarray[Any, Any]:
    held = np.empty(len(cells), dtype=object)
    held[:] = cells
    return held


def realised(told: Told, manifest: Manifest) -> dict[str, Any]:
    """Give what quality turned out to be, over all days and by day, beside the held-out rows'.

    It is ``worse`` if its whole interval is worse than the whole interval of the held-out rows by more than the margin
    that the recipe tolerates: few rows, on either side, accuse nobody.
    """
    days = sorted(told.days)
    rules, output = Rules.read(manifest.gate), manifest.schema.output
    metric = rules.metric or PRIMARY[output.task]
    held_out = (manifest.metrics.get("values") or {}).get(metric)
    found: dict[str, Any] = {
        "metric": metric,
        "rows": told.rows(days),
        "value": None,
        "held_out": held_out,
        "margin": rules.margin,
        "worse": False,
        "enough": told.rows(days) >= LEAST_TOLD,
        "why": None,
        "days": [],
    }
    if not found["enough"]:
        found["why"] = f"Rows whose truth is known: {found['rows']}; it takes {LEAST_TOLD}."
        return found
    try:
        found["value"] = told.measured(days, output).get(metric)
        found["days"] = [
            {"day": day, "rows": told.rows([day]), "value": told.measured([day], output).get(metric)}
            for day in days
        ]
    except DataInvalid as error:
        found["why"] = f"It cannot be measured: {error}."
        return found
    if found["value"] is None:
        found["why"] = f"{metric} is not defined on what is known."
    found["worse"] = worse(found["value"], held_out, metric, rules.margin)
    return found


def worse(
    now: Mapping[str, float] | None, held_out: Mapping[str, float] | None, metric: str, margin: float
) -> bool:
    """Say whether an interval lies on the wrong side of another, farther off than the margin.

    >>> worse({"low": 0.7, "high": 0.8}, {"low": 0.85, "high": 0.95}, "accuracy", 0.02)
    True
    >>> worse({"low": 0.7, "high": 0.8}, {"low": 0.85, "high": 0.95}, "accuracy", 0.1)
    False
    """
    if now is None or held_out is None or metric not in HIGHER_IS_BETTER:
        return False
    if HIGHER_IS_BETTER[metric]:
        return now["high"] < held_out["low"] - margin
    return now["low"] > held_out["high"] + margin

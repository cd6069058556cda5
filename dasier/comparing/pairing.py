"""Two versions side by side on the same rows: the rows that both answer, and what either refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.comparing.answering import Answered, answered
from dasier.errors import ComparisonRefused
from dasier.gate.comparison import incumbent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dasier.comparing.sources import Source
    from dasier.manifest import Manifest
    from dasier.registry import Registry
    from dasier.rehearsal import Limits
    from dasier.schema import Column

_REASONS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers of two versions to the rows that both of them answer.

    Attributes
    ----------
    source : Source
        All rows that were given.
    places : ndarray of int, shape (m,)
        Those that both answer.
    old, new : Answered
        Of those m.
    refusals : dict
        How many rows were refused, by which version and why, in JSON types.
    """

    source: Source
    places: NDArray[np.intp]
    old: Answered
    new: Answered
    refusals: dict[str, Any]

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of either schema; of those in both, as the new one has them."""
        return {**self.old.manifest.schema.by_name, **self.new.manifest.schema.by_name}

    def cells(self) -> dict[str, list[Any]]:
        """Give the cells of the m rows by column, as the versions read them."""
        found: dict[str, list[Any]] = {}
        for one in (self.new, self.old):
            if one.rows is not None:
                for column in one.manifest.schema.columns:
                    if column.name not in found:
                        found[column.name] = one.rows.json_column(column)
        return found


def manifests(registry: Registry, name: str, version: int, against: int | None) -> tuple[Manifest, Manifest]:
    """Give the manifests of the version that is compared with, and of the version; their signatures checked.

    Raises
    ------
    NotFound, Untrusted
    ComparisonRefused
        If they cannot be compared, or no other version has served.
    """
    registry.versions(name)
    if against is None:
        serving = incumbent(registry, name, version)
        if serving is None:
            raise ComparisonRefused(
                f"No other version of {name} has served: name one with --against VERSION."
            )
        against = serving.version
    if against == version:
        raise ComparisonRefused(
            f"Version {version} against itself says nothing: name another with --against."
        )
    old, new = registry.manifest(name, against), registry.manifest(name, version)
    before, after = old.schema.output, new.schema.output
    if before.task != after.task:
        raise ComparisonRefused(
            f"Version {against} is a {before.task}, version {version} a {after.task}: their answers have nothing in common."
        )
    if before.unit != after.unit and None not in (before.unit, after.unit):
        raise ComparisonRefused(
            f"Version {against} answers in {before.unit}, version {version} in {after.unit}: "
            "the difference of the two has no unit."
        )
    return old, new


def paired(registry: Registry, old: Manifest, new: Manifest, source: Source, limits: Limits) -> Pair:
    """Let two versions answer the same rows, each in a process of its own, at the same time.

    Raises
    ------
    ComparisonRefused
        If one of them must not be loaded, or does not come through.
    """
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(answered, registry, old, source, limits)
        after = answered(registry, new, source, limits)
        before = waiting.result()
    places = np.intersect1d(before.places, after.places)
    told = refusals(len(source), before, after)
    return Pair(source, places, before.among(places), after.among(places), told)


def refusals(n_rows: int, before: Answered, after: Answered) -> dict[str, Any]:
    """Give how many of n rows both answer, how many only one of them refuses, or both, and why."""
    old, new = set(before.places.tolist()), set(after.places.tolist())
    return {
        "given": n_rows,
        "compared": len(old & new),
        "refused_by_old_only": len(new - old),
        "refused_by_new_only": len(old - new),
        "refused_by_both": n_rows - len(old | new),
        "why": {
            side: [{"detail": why, "rows": rows} for why, rows in one.refused.most_common(_REASONS)]
            for side, one in (("old", before), ("new", after))
        },
    }

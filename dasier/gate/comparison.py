"""Whether a version is worse than the one that serves, on the same held-out rows.

The rows are the new version's. The version that serves answers them in a rehearsal of its own, so that neither
can harm the other or the gate, nor sees the truth. Where the two cannot be compared the verdict says why, and
the recipe's floors are what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier import runtimes
from dasier.built import Built
from dasier.errors import DataInvalid, NotFound, RowsRefused, Untrusted
from dasier.gate.compatibility import same_question
from dasier.gate.findings import Finding, number
from dasier.gate.holdout import AGREE
from dasier.measuring.pairs import Difference, difference
from dasier.measuring.quality import HIGHER_IS_BETTER, MEASURED, PRIMARY, measures_of
from dasier.rehearsal import Limits, Rehearsal, rehearse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.gate.holdout import HeldOut
    from dasier.manifest import Manifest
    from dasier.measuring.measures import Measure
    from dasier.registry import Registry
    from dasier.rows import Rows
    from dasier.rules import Rules

    Theirs = Callable[[], dict[str, Measure]]

SEED = 1979
"""Of the resamples: a verdict is the same whoever gives it."""


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The version that callers have now.

    Attributes
    ----------
    version : int
    manifest : Manifest or None
        None if it cannot be believed.
    why : str
        Why not.
    """

    version: int
    manifest: Manifest | None
    why: str = ""


def incumbent(registry: Registry, name: str, version: int) -> Incumbent | None:
    """Give the version that serves, or that did last: not the one that is judged. None if there is none."""
    head = registry.head(name)
    if head is None:
        return None
    for release in registry.history(name, head):
        if release.serving not in (None, version):
            try:
                return Incumbent(release.serving, registry.manifest(name, release.serving))
            except (Untrusted, NotFound) as error:
                return Incumbent(release.serving, None, str(error))
    return None


def measured(registry: Registry, old: Manifest, held: HeldOut, limits: Limits) -> dict[str, Measure]:
    """Give the measures of a version on rows that another one brought; none if they have no truth.

    Raises
    ------
    RowsRefused
        If it cannot read them.
    Untrusted
        If it must not be loaded, or does not come through.
    DataInvalid
        If it does not know what is true of them.
    """
    if held.truth is None:
        return {}
    answers = rehearsed(registry, old, held.rows(old.schema), limits).answers
    return {} if answers is None else measures_of(answers, held.truth, old.schema.output)


def rehearsed(
    registry: Registry, manifest: Manifest, rows: Rows, limits: Limits, *, may_refuse: bool = False
) -> Rehearsal:
    """Let a version, whose manifest is believed, answer rows in a process of its own.

    Raises
    ------
    Untrusted
        If it must not be loaded, or does not come through.
    """
    runtimes.check_requirements(manifest.runtime.name, manifest.runtime.requires)
    model = registry.blob(manifest, "model")
    cells = {column.name: rows.json_column(column) for column in manifest.schema.columns}
    return rehearse(Built(manifest, {"model": model}), limits, rows=cells, may_refuse=may_refuse)


class _Apart(Exception):
    """Two versions that cannot be compared, and why."""


def compared(  # noqa: PLR0913 - keywords
    manifest: Manifest,
    *,
    against: Incumbent | None,
    rules: Rules,
    held: HeldOut | None,
    measures: Mapping[str, Measure],
    theirs: Theirs,
) -> Finding:
    """Compare a version with the one that serves.

    Parameters
    ----------
    theirs
        Gives the measures of the version that serves, on the same rows (`measured`).
    """
    if against is None:
        detail = "No other version has served: there is nothing to compare with."
        return Finding("comparison", True, detail, {"compared": False})
    task = manifest.schema.output.task
    metric = rules.metric or PRIMARY[task]
    try:
        old = _comparable(against, manifest)
        if held is None or metric not in measures:
            return _unshown(against, old, rules, metric)
        other = _of_serving(theirs, metric)
    except _Apart as apart:
        return _left_out(against, rules, str(apart))
    found = difference(
        measures[metric],
        other,
        len(held),
        higher_is_better=HIGHER_IS_BETTER[metric],
        confidence=rules.confidence,
        seed=SEED,
    )
    if found is None:
        detail = f"{metric} is not defined on these held-out rows."
        return Finding("comparison", False, detail, _figures(against, metric))
    return _judged(found, metric, against, rules, held)


def _comparable(against: Incumbent, manifest: Manifest) -> Manifest:
    task = manifest.schema.output.task
    if against.manifest is None:
        raise _Apart(f"it is not to be believed. {against.why}")
    if not same_question(against.manifest.schema.output, manifest.schema.output):
        raise _Apart("it answers another question")
    if not MEASURED[task]:
        raise _Apart(f"a {task} has no truth to be measured against")
    return against.manifest


def _unshown(against: Incumbent, old: Manifest, rules: Rules, metric: str) -> Finding:
    """Refuse a version that brings nothing to compare by, where the one that serves was measured."""
    if metric not in (old.metrics.get("values") or {}):
        return _left_out(against, rules, f"neither brings held-out rows that show {metric}")
    detail = (
        f"Version {against.version} was measured by {metric}, but this version's held-out rows cannot show it: "
        "nothing says that it is not worse."
    )
    return Finding("comparison", False, detail, _figures(against, metric))


def _of_serving(theirs: Theirs, metric: str) -> Measure:
    try:
        found = theirs()
    except RowsRefused as error:
        why = f"it cannot read this version's held-out rows ({listed_violations(error)})"
        raise _Apart(why) from error
    except (Untrusted, DataInvalid) as error:
        raise _Apart(f"it does not answer them here. {error}") from error
    if metric not in found:
        raise _Apart(f"it has no {metric}")
    return found[metric]


def listed_violations(error: RowsRefused) -> str:
    """Give the first things that are wrong, in a line."""
    return " ".join(dict.fromkeys(violation.detail for violation in error.violations[:3]))


def _judged(found: Difference, metric: str, against: Incumbent, rules: Rules, held: HeldOut) -> Finding:
    noise = AGREE * max(1.0, abs(found.first), abs(found.second))
    passed = found.high >= -rules.margin - noise
    per_cent = f"{100 * rules.confidence:g} %"
    said = (
        f"On the same {len(held)} held-out rows {metric} is {number(found.first)}, and "
        f"{number(found.second)} for version {against.version}: "
    )
    if abs(found.better) <= noise:
        said += "the same."
    elif found.better > 0:
        said += f"better by {number(found.better)}."
    elif not passed:
        said += (
            f"worse by {number(-found.better)}, with {per_cent} confidence by at least {number(-found.high)}"
        )
        said += f", more than the {number(rules.margin)} that is tolerated." if rules.margin else "."
    elif rules.margin and -found.better <= rules.margin:
        said += (
            f"worse by {number(-found.better)}, no more than the {number(rules.margin)} that is tolerated."
        )
    else:
        said += f"worse by {number(-found.better)}, which so many rows do not tell from chance with {per_cent} confidence."
    figures = _figures(against, metric) | {
        "compared": True,
        "rows": len(held),
        "value": found.first,
        "serving_value": found.second,
        "better_by": found.better,
        "low": found.low,
        "high": found.high,
        "confidence": rules.confidence,
        "margin": rules.margin,
        "resamples": found.resamples,
        "seed": SEED,
        "same_rows_as_serving": _same_rows(against, held),
    }
    return Finding("comparison", passed, said, figures)


def _same_rows(against: Incumbent, held: HeldOut) -> bool:
    blob = against.manifest.blobs.get("holdout") if against.manifest else None
    return blob is not None and blob.sha256 == held.sha256


def _figures(against: Incumbent, metric: str) -> dict[str, Any]:
    return {"compared": False, "serving": against.version, "metric": metric}


def _left_out(against: Incumbent, rules: Rules, why: str) -> Finding:
    left = "Its floors decide alone." if rules.floors or rules.slices else "Its recipe sets no floors either."
    detail = f"Not compared with version {against.version}: {why.rstrip('.')}. {left}"
    return Finding("comparison", True, detail, {"compared": False, "serving": against.version})

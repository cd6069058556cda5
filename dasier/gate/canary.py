"""Judge a canary by what it did: promote it, take it back, or wait.

It is judged by the prediction log: the requests that its release sent to it, beside those that the same release
left with the version that serves. So no clock says what counts, and no request of before or after does, nor any row of a batch job.

A canary is looked at again and again, and each look may be wrong by chance. Half of the error that the recipe
tolerates (one minus its confidence) is shared out among the looks of the canary's time, one a minute (Bonferroni);
the other half is left for the last. Requests count as independent: of a caller who asks the same thing in a loop
the tests are surer than they should be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dasier.errors import DataInvalid
from dasier.gate.counted import MOST_LATENCIES, Counted
from dasier.gate.findings import Finding, number
from dasier.gate.looking import look
from dasier.measuring.measures import fisher, weighted_median
from dasier.measuring.pairs import difference_apart
from dasier.measuring.quality import HIGHER_IS_BETTER, PRIMARY
from dasier.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dasier.gate.sides import Side
    from dasier.registry import Registry
    from dasier.releases import Release
    from dasier.schema import Output

Decision = Literal["promote", "revert", "wait"]

LEAST = 20
"""With fewer on either side neither latency nor quality is compared: one of them moves a share by over 5 %."""

_PARTS = ("predictions", "probabilities", "scores")
_BY_SCORES = frozenset({"log_loss", "roc_auc"})

ALLOWANCE_MS = 5.0
"""A median that is so much later is tolerated whatever the factor: nobody notices, and busy machines do it."""

SEED = 1979


@dataclass(frozen=True, slots=True)
class Trial:
    """How a canary stands.

    Attributes
    ----------
    decision : Decision
    why : str
        A sentence for the release log.
    canary, serving : Side
    minutes : float
        Since it was started.
    findings : tuple of Finding
        On errors, latency and quality.
    """

    decision: Decision
    why: str
    canary: Side
    serving: Side
    minutes: float
    findings: tuple[Finding, ...]

    def to_document(self) -> dict[str, Any]:
        """Give JSON types."""
        return {
            "decision": self.decision,
            "why": self.why,
            "minutes": round(self.minutes, 1),
            "canary": self.canary.to_document(),
            "serving": self.serving.to_document(),
            "findings": [finding.to_document() for finding in self.findings],
        }


def trial(registry: Registry, name: str, release: Release, *, now: datetime, keep: bool = False) -> Trial:
    """Give how the canary of a release stands.

    Parameters
    ----------
    release : Release
        One that has a canary.
    now : datetime
        Aware.
    keep : bool
        Whether what is counted is put down for the next look (`dasier.gate.looking`).

    Raises
    ------
    Unavailable
        If the store does not answer.
    Untrusted, DocumentInvalid
        If the canary's manifest is not to be believed.
    """
    if release.canary is None or release.serving is None:
        raise ValueError(release.number)
    since = datetime.fromisoformat(release.when)
    manifest = registry.manifest(name, release.canary.version)
    rules, output = Rules.read(manifest.gate), manifest.schema.output
    parts = _PARTS if (rules.metric or PRIMARY[output.task]) in _BY_SCORES else _PARTS[:1]
    counted = Counted(release.canary.version, release.serving, parts=parts)
    look(registry.store, name, release, counted, now=now, keep=keep)
    canary, serving = counted.sides()
    return weighed(canary, serving, rules, output, minutes=(now - since) / timedelta(minutes=1))


def weighed(canary: Side, serving: Side, rules: Rules, output: Output, *, minutes: float) -> Trial:
    """Give what is decided of a canary by what the two sides did so far."""
    over = minutes >= rules.canary.minutes and canary.requests >= rules.canary.requests
    error = (1 - rules.confidence) / 2
    confidence = 1 - (error if over else error / max(1.0, rules.canary.minutes))
    findings = (
        _errors(canary, serving, confidence),
        _latency(canary, serving, rules, confidence),
        _quality(canary, serving, rules, output, confidence),
    )
    failed = [finding for finding in findings if not finding.passed]
    decision: Decision = "revert" if failed else "promote" if over else "wait"
    return Trial(
        decision, _why(decision, canary, minutes, failed or findings), canary, serving, minutes, findings
    )


def _errors(canary: Side, serving: Side, confidence: float) -> Finding:
    chance = fisher((canary.errors, canary.requests), (serving.errors, serving.requests))
    passed = not canary.errors or chance > 1 - confidence
    detail = f"{canary.errors} of {canary.requests} requests failed, {serving.errors} of {serving.requests} with version {serving.version}"
    if not passed:
        detail += f": by chance that happens in {number(100 * chance)} % of cases"
    figures = {
        "errors": canary.errors,
        "requests": canary.requests,
        "serving_errors": serving.errors,
        "serving_requests": serving.requests,
        "chance": chance,
        "confidence": confidence,
    }
    return Finding("errors", passed, detail + ".", figures)


def _latency(canary: Side, serving: Side, rules: Rules, confidence: float) -> Finding:
    if min(len(canary.latencies_ms), len(serving.latencies_ms)) < LEAST:
        return Finding("latency", True, f"Fewer than {LEAST} answers on a side: latency is not compared.")
    slower = rules.canary.slower
    ours, theirs = _thinned(canary.latencies_ms), _thinned(serving.latencies_ms)
    bound = np.maximum(slower * theirs, theirs + ALLOWANCE_MS)
    found = difference_apart(
        weighted_median(ours),
        weighted_median(bound),
        (len(ours), len(bound)),
        higher_is_better=False,
        confidence=confidence,
        seed=SEED,
    )
    passed = found is None or found.high >= 0
    medians = float(np.median(ours)), float(np.median(theirs))
    detail = f"The median latency is {number(medians[0])} ms, {number(medians[1])} ms with version {serving.version}"
    if not passed:
        detail += f": more than {slower:g} times as long"
    figures = {
        "median_ms": medians[0],
        "serving_median_ms": medians[1],
        "slower": slower,
        "confidence": confidence,
    }
    return Finding("latency", passed, detail + ".", figures)


def _thinned(latencies_ms: list[float]) -> NDArray[np.float64]:
    every = np.asarray(latencies_ms, dtype=np.float64)
    if len(every) <= MOST_LATENCIES:
        return every
    return every[np.linspace(0, len(every) - 1, MOST_LATENCIES).astype(np.intp)]


def _quality(canary: Side, serving: Side, rules: Rules, output: Output, confidence: float) -> Finding:
    metric = rules.metric or PRIMARY[output.task]
    n_rows = tuple(sum(len(actual) for _, actual in side.told) for side in (canary, serving))
    if min(n_rows) < LEAST:
        detail = f"The truth of fewer than {LEAST} rows on a side is known: quality is not compared."
        return Finding("quality", True, detail, {"rows": n_rows[0], "serving_rows": n_rows[1]})
    try:
        ours, theirs = (side.measures(output).get(metric) for side in (canary, serving))
    except DataInvalid as error:
        return Finding("quality", True, f"Quality is not compared: {error}.")
    found = None
    if ours is not None and theirs is not None:
        found = difference_apart(
            ours,
            theirs,
            (n_rows[0], n_rows[1]),
            higher_is_better=HIGHER_IS_BETTER[metric],
            confidence=confidence,
            seed=SEED,
        )
    if found is None:
        return Finding("quality", True, f"Quality is not compared: {metric} is not defined on what is known.")
    passed = found.high >= -rules.margin
    detail = (
        f"By what turned out to be true {metric} is {number(found.first)} on {n_rows[0]} rows, "
        f"{number(found.second)} on {n_rows[1]} rows with version {serving.version}"
    )
    if not passed:
        detail += f": worse by {number(-found.better)}"
    figures = {
        "metric": metric,
        "value": found.first,
        "serving_value": found.second,
        "rows": n_rows[0],
        "serving_rows": n_rows[1],
        "low": found.low,
        "high": found.high,
        "confidence": confidence,
    }
    return Finding("quality", passed, detail + ".", figures)


def _why(decision: Decision, canary: Side, minutes: float, findings: Iterable[Finding]) -> str:
    so_far = f"{canary.requests} requests in {_told(minutes)}"
    said = " ".join(finding.detail for finding in findings)
    if decision == "promote":
        return f"The canary held up for {so_far}. {said}"
    return (
        f"The canary did not hold up after {so_far}. {said}" if decision == "revert" else f"{so_far}. {said}"
    )


def _told(minutes: float) -> str:
    whole = round(minutes)
    return "a minute" if whole <= 1 else f"{whole} minutes"

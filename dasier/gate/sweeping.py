"""Judge what has no verdict, and release what passed.

It is level-triggered: it looks at what is, not at what an event said, so that events may be
repeated, reordered or lost. A verdict is written once. Whether a version that passed was
released is read from the log: a gate that died between the two is caught up with by the next.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dasier import releasing
from dasier.errors import DasierError, ReleaseRefused
from dasier.gate.judging import WHO, judge
from dasier.rehearsal import Limits
from dasier.rules import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.registry import Registry

log = logging.getLogger("dasier")

DEFAULT_POLICY = POLICIES[0]


def sweep(
    registry: Registry,
    names: Iterable[str] | None = None,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[dict[str, Any]]:
    """Judge every version that has no verdict, release what passed, and give the new verdicts.

    A model whose store does not answer, or whose documents cannot be believed, is left for the
    next sweep, and logged; the others are judged all the same.
    """
    verdicts: list[dict[str, Any]] = []
    for name in registry.names() if names is None else names:
        try:
            verdicts.extend(_sweep_model(registry, name, limits))
        except DasierError as error:  # whatever is wrong with one model is no reason to leave the others
            log.warning("model left for the next sweep", extra={"model": name, "error": str(error)})
    return verdicts


def _sweep_model(registry: Registry, name: str, limits: Limits) -> list[dict[str, Any]]:
    verdicts: list[dict[str, Any]] = []
    for version in sorted(set(registry.versions(name)) - registry.judged(name)):
        verdict = judge(registry, name, version, limits=limits)
        # Another gate may have been first; what is in the store is the verdict.
        if registry.record_verdict(name, version, verdict):
            verdicts.append(verdict)
            log.info("version judged", extra={"model": name, "version": version, "passed": verdict["passed"]})
    _release_newest(registry, name)
    return verdicts


def _release_newest(registry: Registry, name: str) -> None:
    """Promote the newest version that passed, if it is newer than any that was ever released."""
    head = registry.head(name)
    if head is not None and head.serving is None:
        return  # paused by a person: a person lets it serve again
    released = 0
    if head is not None:
        known = [head.serving, head.previous, head.canary.version if head.canary else None]
        released = max(version for version in known if version is not None)
    for version in sorted(registry.judged(name), reverse=True):
        if version <= released:
            return
        verdict = registry.verdict(name, version)
        if verdict is None or not verdict["passed"]:
            continue
        if _already_released(registry, name, version):
            return
        if registry.manifest(name, version).gate.get("policy", DEFAULT_POLICY) != "promote":
            continue
        try:
            releasing.promote(registry, name, version, who=WHO, why="passed the gate")
        except ReleaseRefused:
            return
        log.info("version released", extra={"model": name, "version": version})
        return


def _already_released(registry: Registry, name: str, version: int) -> bool:
    """Say whether a person took this version back after it had served."""
    return any(
        version in (release.serving, release.canary.version if release.canary else None)
        for release in registry.releases(name)
    )

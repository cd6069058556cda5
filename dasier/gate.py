"""The gate: judge every version that has no verdict, and let those serve that pass.

It is level-triggered: it looks at what is, not at what an event said, so that events may be
repeated, reordered or lost. A verdict is written once. Whether a version that passed was
released is read from the log: a gate that died between the two is caught up with by the next.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dasier import releasing, runtimes
from dasier.built import Built
from dasier.errors import DasierError, ReleaseRefused, Untrusted
from dasier.rehearsal import Limits, rehearse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.manifest import Manifest
    from dasier.registry import Registry

log = logging.getLogger("dasier")

WHO = "gate"
DEFAULT_POLICY = "promote"


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


def judge(registry: Registry, name: str, version: int, *, limits: Limits = Limits()) -> dict[str, Any]:  # noqa: B008 - frozen
    """Give the verdict on a version: every rule until one fails that the next ones stand on.

    Raises
    ------
    Unavailable
        If the store does not answer: no verdict is better than a wrong one.
    """
    findings: list[Finding] = []
    try:
        manifest = registry.manifest(name, version)
        findings.append(Finding("signature", True, "Signed by a trusted key, for this model and version."))
        runtimes.check_requirements(manifest.runtime.name, manifest.runtime.requires)
        findings.append(
            Finding(
                "libraries",
                True,
                "Built with library versions that run it here.",
                dict(manifest.runtime.requires),
            )
        )
        blobs = {role: registry.blob(manifest, role) for role in manifest.blobs}
        size_bytes = sum(map(len, blobs.values()))
        findings.append(
            Finding(
                "digests", True, "Every blob has the bytes that were published.", {"size_bytes": size_bytes}
            )
        )
        findings.append(_rehearsed(manifest, blobs, limits))
    except Untrusted as error:
        failed = ("signature", "libraries", "digests", "rehearsal")[len(findings)]
        findings.append(Finding(failed, False, str(error)))
    return {
        "name": name,
        "version": version,
        "passed": all(finding.passed for finding in findings),
        "when": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "who": WHO,
        "rules": [
            {"rule": f.rule, "passed": f.passed, "detail": f.detail, "figures": f.figures} for f in findings
        ],
    }


def sweep(registry: Registry, names: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Judge every version that has no verdict, release what passed, and give the new verdicts.

    A model whose store does not answer, or whose documents cannot be believed, is left for the
    next sweep, and logged; the others are judged all the same.
    """
    verdicts: list[dict[str, Any]] = []
    for name in registry.names() if names is None else names:
        try:
            verdicts.extend(_sweep_model(registry, name))
        except DasierError as error:  # whatever is wrong with one model is no reason to leave the others
            log.warning("model left for the next sweep", extra={"model": name, "error": str(error)})
    return verdicts


def _sweep_model(registry: Registry, name: str) -> list[dict[str, Any]]:
    verdicts: list[dict[str, Any]] = []
    for version in sorted(set(registry.versions(name)) - registry.judged(name)):
        verdict = judge(registry, name, version)
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


def _rehearsed(manifest: Manifest, blobs: dict[str, bytes], limits: Limits) -> Finding:
    measured = rehearse(Built(manifest, blobs), limits)
    detail = "It loads in a process of its own and answers its golden records as when it was built."
    figures = {
        "memory_bytes": measured.memory_bytes,
        "load_ms": round(measured.load_ms, 3),
        "answer_ms": round(measured.answer_ms, 3),
    }
    return Finding("rehearsal", True, detail, figures)

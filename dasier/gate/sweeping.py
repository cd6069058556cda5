"""Judge what has no verdict, release what passed, and end the canaries that the gate ends by itself.

It is level-triggered: it looks at what is, not at what an event said, so that events may be
repeated, reordered or lost. A verdict is written once. Whether a version that passed was
released is read from the log: a gate that died between the two is caught up with by the next.
Looking costs one listing, however many models there are, and a document or two of each.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dasier import releasing
from dasier.errors import Conflict, DasierError, ReleaseRefused
from dasier.gate.canary import trial
from dasier.gate.judging import WHO, judge
from dasier.rehearsal import Limits
from dasier.rules import Rules
from dasier.unforeseen import Unforeseen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.registry import Contents, Registry
    from dasier.releases import Release

log = logging.getLogger("dasier")


def sweep(
    registry: Registry,
    names: Iterable[str] | None = None,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    now: datetime | None = None,
) -> list[dict[str, Any]]:
    """Judge every version that has no verdict, release what passed, and give the new verdicts.

    A model whose store does not answer, or whose documents cannot be believed, is left for the
    next sweep, and logged; the others are judged all the same.

    Parameters
    ----------
    names
        Models; all of them if it is not given.
    now : datetime
        Aware; when the canaries' time is compared with.

    Raises
    ------
    Unavailable
        If the store does not list what there is.
    ExceptionGroup
        If something unforeseen was raised, after all other models and versions were judged.
    """
    when = now or datetime.now(UTC)
    verdicts: list[dict[str, Any]] = []
    unforeseen = Unforeseen()
    wanted = [registry.contents()] if names is None else (registry.contents(name) for name in names)
    for name, contents in ((name, one) for found in wanted for name, one in found.items()):
        try:
            with unforeseen.passed_over(DasierError, model=name):
                verdicts.extend(_judge(registry, name, contents, limits, unforeseen))
                _sweep_model(registry, name, contents, when)
        except Conflict as error:
            log.info("somebody else released meanwhile", extra={"model": name, "error": str(error)})
        except DasierError as error:  # whatever is wrong with one model is no reason to leave the others
            log.warning("model left for the next sweep", extra={"model": name, "error": str(error)})
    unforeseen.raised("versions were judged")
    return verdicts


def _judge(
    registry: Registry, name: str, contents: Contents, limits: Limits, unforeseen: Unforeseen
) -> list[dict[str, Any]]:
    """Judge what of a model has no verdict, and give the verdicts that are new."""
    verdicts: list[dict[str, Any]] = []
    for version in sorted(contents.versions - contents.verdicts):
        with unforeseen.passed_over(DasierError, model=name, version=version):
            verdict = judge(registry, name, version, limits=limits)
            # Another gate may have been first; what is in the store is the verdict.
            if registry.record_verdict(name, version, verdict):
                verdicts.append(verdict)
                log.info(
                    "version judged", extra={"model": name, "version": version, "passed": verdict["passed"]}
                )
    return verdicts


def _sweep_model(registry: Registry, name: str, contents: Contents, now: datetime) -> None:
    # Judging takes seconds, in which people may have decided; without it what was listed is as good.
    newest = max(contents.releases, default=0)
    judged = contents.versions - contents.verdicts
    head = registry.head(name) if judged else registry.release(name, newest) if newest else None
    _release(registry, name, contents.verdicts | judged, head, now)


def _release(
    registry: Registry, name: str, judged: frozenset[int], head: Release | None, now: datetime
) -> None:
    """Release the newest version that passed, as its recipe wants it, or else see how the canary does."""
    if head is not None and head.serving is None:
        return  # paused by a person: a person lets it serve again
    version = _newest_to_release(registry, name, judged, head)
    if version is not None:
        _let_serve(registry, name, version, head)
    elif head is not None and head.canary is not None and head.canary.automatic:
        _end_canary(registry, name, head, now)


def _newest_to_release(
    registry: Registry, name: str, judged: frozenset[int], head: Release | None
) -> int | None:
    """Give the newest version that passed, if it is newer than any that was ever released and need not be held."""
    released = 0
    if head is not None:
        known = [head.serving, head.previous, head.canary.version if head.canary else None]
        released = max(version for version in known if version is not None)
    for version in sorted(judged, reverse=True):
        if version <= released:
            return None
        verdict = registry.verdict(name, version)
        if verdict is None or not verdict["passed"]:
            continue
        if _already_released(registry, name, version):
            return None
        if Rules.read(registry.manifest(name, version).gate).policy != "hold":
            return version
    return None


def _let_serve(registry: Registry, name: str, version: int, head: Release | None) -> None:
    """Promote a version, or give it a canary's share if its recipe says so and something serves."""
    rules = Rules.read(registry.manifest(name, version).gate)
    try:
        if rules.policy == "canary" and head is not None and head.serving is not None:
            canary = rules.canary
            why = f"passed the gate; for {canary.minutes:g} minutes and {canary.requests} requests at least"
            releasing.canary(
                registry, name, version, share=canary.share, who=WHO, why=why, automatic=True, on=head
            )
        else:
            on = head or releasing.EMPTY
            releasing.promote(registry, name, version, who=WHO, why="passed the gate", on=on)
    except ReleaseRefused as error:
        log.warning("version not released", extra={"model": name, "version": version, "error": str(error)})
        return
    log.info("version released", extra={"model": name, "version": version, "policy": rules.policy})


def _end_canary(registry: Registry, name: str, head: Release, now: datetime) -> None:
    """Promote a canary or take it back, if it is time."""
    stands = trial(registry, name, head, now=now, keep=True)
    figures = {"model": name, "version": stands.canary.version, "requests": stands.canary.requests}
    log.info("canary looked at", extra={**figures, "decision": stands.decision})
    if stands.decision == "promote":
        releasing.promote(registry, name, stands.canary.version, who=WHO, why=stands.why, on=head)
    elif stands.decision == "revert":
        releasing.rollback(registry, name, who=WHO, why=stands.why, on=head)


def _already_released(registry: Registry, name: str, version: int) -> bool:
    """Say whether a person took this version back after it had served."""
    return any(
        version in (release.serving, release.canary.version if release.canary else None)
        for release in registry.releases(name)
    )

"""Decide what serves: promote, roll back, start a canary, pause.

Each decision is one entry at the end of the release log, made on what the log said when it was
read: if somebody else was first, it is refused and nothing has changed. Whoever decided on a log that
they read earlier passes that entry as `on`, or `EMPTY` if the log was.

What stands at the end of the log and is no release stops the gate, which passes what it read, and not a person at a
terminal, who passes nothing: they decide on the newest entry that can be read, and theirs comes after what cannot.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from dasier import layout
from dasier.errors import DocumentInvalid, ReleaseRefused
from dasier.releases import Action, Canary, Release

if TYPE_CHECKING:
    from dasier.registry import Registry


class Empty:
    """A log without an entry, as what a decision was made on."""


EMPTY = Empty()


def promote(  # noqa: PLR0913 - keywords, each a field of the entry
    registry: Registry,
    name: str,
    version: int,
    *,
    who: str,
    why: str,
    force: bool = False,
    on: Release | Empty | None = None,
) -> Release:
    """Let a version serve.

    Raises
    ------
    ModelNotFound, Untrusted
        If there is no such version, or it must not be believed.
    ReleaseRefused
        If it serves already, or has no passing verdict and is not forced with a reason.
    ReleaseTaken
        If another release was logged in the meantime.
    """
    head = _head(registry, name, on)
    if head is not None and _serves(registry, name, head, version):
        raise ReleaseRefused(f"Version {version} of {name} serves already.")
    forced = _judged(registry, name, version, why=why, force=force)
    return _append(registry, name, head, action="promote", serving=version, who=who, why=why, forced=forced)


def rollback(  # noqa: PLR0913 - keywords, each a field of the entry
    registry: Registry,
    name: str,
    *,
    who: str,
    why: str,
    to: int | None = None,
    on: Release | Empty | None = None,
) -> Release:
    """Let the version serve again that did before, or another that once did.

    Raises
    ------
    ReleaseRefused
        If there is none, or it serves already.
    VersionNotFound, Untrusted
        If it is gone, or must not be believed (any more): nothing would serve.
    ReleaseTaken
        If another release was logged in the meantime.
    """
    head = _head(registry, name, on)
    if head is None:
        raise ReleaseRefused(f"{name} has no release to go back from.")
    if to is not None and _serves(registry, name, head, to):
        raise ReleaseRefused(f"Version {to} of {name} serves already.")
    if to is not None:
        found = next((r.serving for r in registry.history(name, head) if r.serving == to), None)
    elif head.canary and head.serving:
        found = head.serving  # a canary is what is taken back first
    else:
        found = _before(registry, name, head)
    if found is None:
        missing = "earlier release" if to is None else f"release of version {to}"
        raise ReleaseRefused(f"{name} has no {missing} to go back to.")
    if found != head.serving:  # a canary is taken back from what serves, however that stands
        registry.manifest(name, found)
    return _append(registry, name, head, action="rollback", serving=found, who=who, why=why)


def _before(registry: Registry, name: str, head: Release) -> int | None:
    """Give what served before the version that serves now was promoted.

    Going back twice goes back two versions, not to the first again: a rollback is no promotion.
    """
    promoted = head.serving is None
    for release in registry.history(name, head):  # newest first, and rarely more than a few of them
        if not promoted:
            promoted = release.action == "promote" and release.serving == head.serving
        elif release.serving is not None and release.serving != head.serving:
            return release.serving
    return None


def canary(  # noqa: PLR0913 - keywords, each a field of the entry
    registry: Registry,
    name: str,
    version: int,
    *,
    share: int,
    who: str,
    why: str,
    automatic: bool = False,
    force: bool = False,
    on: Release | Empty | None = None,
) -> Release:
    """Let a second version answer a share of the callers.

    Parameters
    ----------
    share : int
        Per cent of the callers, 1 to 99.
    automatic : bool
        Whether the gate ends it by itself (`dasier.gate.canary`).

    Raises
    ------
    ReleaseRefused
        If nothing serves, the share is out of range, or the version serves already or has no
        passing verdict and is not forced with a reason.
    ReleaseTaken
        If another release was logged in the meantime.
    """
    if not 1 <= share <= 99:
        raise ReleaseRefused(f"A canary's share is 1 to 99 per cent, not {share}.")
    head = _head(registry, name, on)
    if head is None or head.serving is None:
        raise ReleaseRefused(f"No version of {name} serves; promote one first.")
    if head.serving == version:
        raise ReleaseRefused(f"Version {version} of {name} serves already.")
    forced = _judged(registry, name, version, why=why, force=force)
    return _append(
        registry,
        name,
        head,
        action="canary",
        serving=head.serving,
        second=Canary(version, share, automatic),
        who=who,
        why=why,
        forced=forced,
    )


def pause(registry: Registry, name: str, *, who: str, why: str, on: Release | Empty | None = None) -> Release:
    """Let no version serve, until one is promoted.

    Raises
    ------
    ReleaseRefused
        If none serves.
    ReleaseTaken
        If another release was logged in the meantime.
    """
    head = _head(registry, name, on)
    if head is None or head.serving is None:
        raise ReleaseRefused(f"No version of {name} serves.")
    return _append(registry, name, head, action="pause", serving=None, who=who, why=why)


def _head(registry: Registry, name: str, on: Release | Empty | None) -> Release | None:
    """Give the entry that a decision is made on: what its author saw, or else the newest."""
    if on is None:
        return _last(registry, name)
    return on if isinstance(on, Release) else None


def _last(registry: Registry, name: str) -> Release | None:
    """Give the newest entry that can be read, past what stands after it and is none.

    Raises
    ------
    DocumentInvalid
        If what is none stands further ahead than the next entry would: it would be the newest for ever.
    """
    try:
        return registry.head(name)
    except DocumentInvalid:
        numbers = sorted(registry.contents(name)[name].releases, reverse=True)
        found = next((one for number in numbers if (one := registry.readable(name, number))), None)
        past = [number for number in numbers if found is None or number > found.number]
        if past and past[0] > len(past) + (found.number if found else 0):
            raise DocumentInvalid(
                f"release {past[0]} of {name} ({layout.release(name, past[0])})",
                advice="It stands further ahead than the next release would, which could never be the newest. "
                "Find out who wrote it, and remove it: nothing follows it.",
            ) from None
        return found


def _serves(registry: Registry, name: str, head: Release, version: int) -> bool:
    """Say whether a version serves all callers already: not if nobody knows, for what stands after the entry is none."""
    return head.serving == version and head.canary is None and registry.is_last(name, head)


def _judged(registry: Registry, name: str, version: int, *, why: str, force: bool) -> bool:
    """Say whether a version needs force; refuse it if it needs force and has none."""
    registry.versions(name)
    registry.manifest(name, version)
    verdict = registry.verdict(name, version)
    if verdict is not None and verdict["passed"]:
        return False
    if not force or not why.strip():
        state = "has no verdict yet" if verdict is None else "did not pass the gate"
        raise ReleaseRefused(
            f"Version {version} of {name} {state}. Promoting it all the same takes --force and a --reason, "
            "and stays visible in the release log."
        )
    return True


def _append(  # noqa: PLR0913 - keywords, each a field of the entry
    registry: Registry,
    name: str,
    head: Release | None,
    *,
    action: Action,
    serving: int | None,
    who: str,
    why: str,
    second: Canary | None = None,
    forced: bool = False,
) -> Release:
    release = Release(
        number=1 if head is None else head.number + 1,
        id=uuid4().hex,
        action=action,
        serving=serving,
        canary=second,
        previous=None if head is None else head.serving,
        who=who,
        why=why,
        when=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        forced=forced,
    )
    return registry.append(name, release)

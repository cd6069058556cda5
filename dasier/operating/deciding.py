"""Read what somebody decided, and log it, exactly as `dasier promote`, `rollback`, `canary` and `pause` do.

Two things differ from the command. A decision names the release that it was made on, so that a person acts on what they
saw; and nothing is forced: a version without a passing verdict takes the command, and the rights of whoever runs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from dasier import releasing
from dasier.errors import (
    DocumentInvalid,
    MalformedBody,
    ReleaseRefused,
    ReleaseTaken,
    UnsupportedMediaType,
    Violation,
)
from dasier.layout import HIGHEST
from dasier.releases import Action
from dasier.serving.json_body import read_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.registry import Registry
    from dasier.releases import Release
    from dasier.serving.exchange import Request

MEDIA_TYPE = "application/json"
LONGEST_REASON = 500
ACTIONS = get_args(Action)
NEEDS = {"promote": {"version"}, "canary": {"version", "share"}}
"""Beside reason and release."""
TAKES = {"promote": {"version"}, "canary": {"version", "share", "automatic"}, "rollback": {"version"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to serve from now on.

    Attributes
    ----------
    action : Action
    reason : str
        One line.
    on : int
        The number of the release that was seen; 0 if there was none.
    version, share : int or None
    automatic : bool
        Whether the gate ends the canary by itself.
    """

    action: Action
    reason: str
    on: int
    version: int | None = None
    share: int | None = None
    automatic: bool = False

    @classmethod
    def read(cls, request: Request) -> Decision:
        """Read a request's body.

        Raises
        ------
        UnsupportedMediaType
        MalformedBody
            Listing all that is wrong.
        """
        if (request.media_type or MEDIA_TYPE) != MEDIA_TYPE:
            raise UnsupportedMediaType([MEDIA_TYPE])
        document = read_json(request.body)
        if not isinstance(document, dict):
            raise MalformedBody("A decision is an object.", [Violation("#", "wrong_type", "Send an object.")])
        found = list(_problems(document))
        if found:
            raise MalformedBody("This is no decision that can be taken.", found)
        return cls(**document | {"reason": _line(document["reason"])})


def _problems(document: dict[str, Any]) -> list[Violation]:
    action = str(document.get("action"))
    if action not in ACTIONS:
        return [Violation("#/action", "wrong_value", f"An action is one of {', '.join(ACTIONS)}.")]
    known = {"action", "reason", "on"} | TAKES.get(action, set())
    holds: dict[str, tuple[Callable[[Any], bool], str]] = {
        "reason": (_is_reason, f"Say why, in 1 to {LONGEST_REASON} characters."),
        "on": (
            lambda it: _is_number(it, 0, HIGHEST),
            "The number of the release that you saw; 0 if none was.",
        ),
        "version": (lambda it: _is_number(it, 1, HIGHEST), "A version's number."),
        "share": (lambda it: _is_number(it, 1, 99), "Per cent of the callers, 1 to 99."),
        "automatic": (lambda it: isinstance(it, bool), "True or false."),
    }
    needed = {"reason", "on"} | NEEDS.get(action, set())
    return [
        *(Violation(f"#/{key}", "missing", holds[key][1]) for key in sorted(needed - document.keys())),
        *(
            Violation("#", "unknown", "There is more in it than this action takes.")
            for _ in document.keys() - known
        ),
        *(
            Violation(f"#/{key}", "wrong_value", told)
            for key, (well, told) in holds.items()
            if key in document and key in known and not well(document[key])
        ),
    ]


def _is_number(value: object, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _is_reason(value: object) -> bool:
    return isinstance(value, str) and 0 < len(_line(value)) <= LONGEST_REASON and _line(value).isprintable()


def _line(text: str) -> str:
    return " ".join(text.split())


def decide(registry: Registry, name: str, decision: Decision, *, who: str) -> Release:
    """Log a decision, and give its entry; the same one sent twice, because its answer was lost, is one.

    Raises
    ------
    ModelNotFound, VersionNotFound, Untrusted
    ReleaseRefused
        If the log would not make sense.
    ReleaseTaken
        If somebody else decided since the release that was seen.
    """
    registry.versions(name)
    head = _head(registry, name)
    try:
        if (0 if head is None else head.number) != decision.on:
            raise _taken(registry, name, head, decision.on + 1)
        return _log(registry, name, decision, head, who)
    except ReleaseTaken:
        first = registry.readable(name, decision.on + 1)
        if first is not None and _is_of(first, decision, who):
            return first
        raise


def _head(registry: Registry, name: str) -> Release | None:
    """Give the newest release; of what is none nobody here can see what it was to say, so nobody here decides on it."""
    try:
        return registry.head(name)
    except DocumentInvalid as error:
        raise ReleaseRefused(
            "What stands at the end of the release log is no release. `dasier doctor` names it; at a terminal "
            f"`dasier promote {name} VERSION` or `dasier rollback {name}` decides past it."
        ) from error


def _log(registry: Registry, name: str, decision: Decision, head: Release | None, who: str) -> Release:
    said: dict[str, Any] = {"who": who, "why": decision.reason, "on": head or releasing.EMPTY}
    version = decision.version or 0
    if decision.action == "promote":
        return releasing.promote(registry, name, version, **said)
    if decision.action == "canary":
        share = decision.share or 0
        return releasing.canary(registry, name, version, share=share, automatic=decision.automatic, **said)
    if decision.action == "rollback":
        return releasing.rollback(registry, name, to=decision.version, **said)
    return releasing.pause(registry, name, **said)


def _taken(registry: Registry, name: str, head: Release | None, number: int) -> ReleaseTaken:
    """Give who was first; whoever names a release that there is not yet is told of the newest."""
    first = registry.readable(name, number) or head
    if first is None:
        return ReleaseTaken(name, number=0, who="nobody", action="promote", version=None)
    return ReleaseTaken(name, number=first.number, who=first.who, action=first.action, version=first.serving)


def _is_of(release: Release, decision: Decision, who: str) -> bool:
    canary = None if release.canary is None else (release.canary.version, release.canary.share)
    wanted = (decision.version, decision.share) if decision.action == "canary" else None
    serves = decision.version if decision.action in {"promote", "rollback"} else None
    return (release.action, release.who, release.why, canary) == (
        decision.action,
        who,
        decision.reason,
        wanted,
    ) and serves in (None, release.serving)

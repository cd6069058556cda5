"""The release log of a model: an entry says what serves from then on, and why.

An entry holds the whole state, so that the highest number alone says which version serves and
which has a canary's share. Nothing is ever overwritten: a rollback is one more entry.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from dasier import layout
from dasier.errors import DocumentInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

Action = Literal["promote", "rollback", "canary", "pause"]


@dataclass(frozen=True, slots=True)
class Canary:
    """A second version, and the share of callers that it answers."""

    version: int
    share: int
    """Per cent, 1 to 99."""
    automatic: bool = False
    """Whether the gate ends it by itself, by the rules of its recipe; else a person does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One entry.

    Attributes
    ----------
    number : int
        From 1, without gaps; the order of the log, whatever the clocks said.
    id : str
        Random, so that a writer recognises its own entry.
    action : Action
    serving : int or None
        The version that serves from now on; None when the model is paused.
    canary : Canary or None
    previous : int or None
        The version that served until now.
    who, why : str
    when : str
        ISO 8601, UTC; for people, and since when a canary is judged.
    forced : bool
        Whether it was promoted without a passing verdict.
    """

    number: int
    id: str
    action: Action
    serving: int | None
    previous: int | None
    who: str
    why: str
    when: str
    canary: Canary | None = None
    forced: bool = False

    def to_document(self) -> dict[str, Any]:
        """Give JSON types."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Release:
        """Read what `to_document` gave; keys that a later release added are ignored.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is none: a version that is no number is no place in the store.
        """
        known = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
        if known.get("canary"):
            told = known["canary"]
            known["canary"] = Canary(told["version"], told["share"], told.get("automatic", False))
        found = cls(**known)
        numbers = [found.number, found.serving, found.previous]
        if found.canary is not None:
            numbers += [found.canary.version, found.canary.share]
        if not all(number is None or type(number) is int for number in numbers) or found.number is None:
            raise TypeError(numbers)
        if not all(isinstance(text, str) for text in (found.who, found.why, found.when)):
            raise TypeError(found.when)
        if found.canary is not None and datetime.fromisoformat(found.when).tzinfo is None:
            raise ValueError(found.when)
        return found


def read(content: bytes, *, name: str, number: int) -> Release:
    """Give the release that stands in the place of a number in a model's log.

    Raises
    ------
    DocumentInvalid
        If it is none, or another: whoever asked for the one that follows a copy would be given the copy again, without end.
    """
    try:
        found = Release.from_document(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(name, number) from error
    if found.number != number:
        raise _unreadable(name, number)
    return found


def _unreadable(name: str, number: int) -> DocumentInvalid:
    return DocumentInvalid(
        f"release {number} of {name} ({layout.release(name, number)})",
        advice=f"Find out who wrote it. `dasier promote {name} VERSION` or `dasier rollback {name}` decides anew, on the "
        "newest release that can be read, and passes over it.",
    )

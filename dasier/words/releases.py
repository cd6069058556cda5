"""What an entry of the release log did, in words: English and French."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.schema import Text


_GATE = "gate"
"""Who the gate is in the log."""

_REASONS: dict[str, Text] = {
    "passed the gate": {"en": "It passed the gate.", "fr": "Elle a été admise par le contrôle."},
}
"""What the gate writes and people read most; its other reasons hold figures, and stay as they were written."""


def reason(entry: Mapping[str, Any]) -> Text:
    """Give why: as somebody wrote it, in whatever language, or what the gate usually says in each."""
    why = str(entry.get("why") or "")
    known = _REASONS.get(why) if entry.get("who") == _GATE else None
    return known or _both(why, why)


def told(entry: Mapping[str, Any]) -> Text:
    r"""Give what an entry did: which version serves from then on, in whose place.

    Parameters
    ----------
    entry : mapping
        As the log holds it: ``action``, ``serving``, ``previous``, ``canary``, ``number``.

    Examples
    --------
    >>> told({"number": 2, "action": "promote", "serving": 2, "previous": 1})["en"]
    'Version 2 serves, in place of version 1.'
    >>> told({"number": 3, "action": "canary", "serving": 2, "previous": 2, "canary": {"version": 3, "share": 5}})["fr"]
    'La version 3 répond à 5\xa0% des appelants, la version 2 aux autres.'
    """
    serving, previous, canary = entry["serving"], entry["previous"], entry.get("canary")
    if serving is None:
        return _both(
            f"No version serves from here on; until then it was version {previous}.",
            f"Plus aucune version ne sert\u00a0; jusque-là, c’était la version {previous}.",
        )
    if canary:
        return standing(entry)
    if previous == serving:
        return _both(
            f"Version {serving} goes on serving, from then on everybody.",
            f"La version {serving} continue de servir, dès lors tout le monde.",
        )
    return _changed(entry["action"], serving, previous, first=entry["number"] == 1)


def standing(entry: Mapping[str, Any] | None) -> Text:
    """Give what serves after an entry; None is an empty log."""
    if entry is None:
        return _both("No version has served yet.", "Aucune version n’a encore servi.")
    serving, canary = entry["serving"], entry.get("canary")
    if serving is None:
        return _both("Paused: no version serves.", "En pause\u00a0: aucune version ne sert.")
    if canary:
        version, share = canary["version"], canary["share"]
        by_itself = canary.get("automatic") is True
        return _both(
            f"Version {version} answers {share}% of the callers, version {serving} the others."
            + (" The gate ends this trial by itself." if by_itself else ""),
            f"La version {version} répond à {share}\u00a0% des appelants, la version {serving} aux autres."
            + (" Le contrôle met lui-même fin à cet essai." if by_itself else ""),
        )
    return _both(f"Version {serving} serves.", f"La version {serving} sert.")


def _changed(action: str, serving: int, previous: int | None, *, first: bool) -> Text:
    if previous is None:
        return _both(
            f"Version {serving} serves, {'the first to do so' if first else 'after a pause'}.",
            f"La version {serving} sert, {'la première à le faire' if first else 'après une pause'}.",
        )
    if action == "rollback":
        return _both(
            f"Back to version {serving}, from version {previous}.",
            f"Retour à la version {serving}, depuis la version {previous}.",
        )
    return _both(
        f"Version {serving} serves, in place of version {previous}.",
        f"La version {serving} sert, à la place de la version {previous}.",
    )


def _both(english: str, french: str) -> Text:
    return {"en": english, "fr": french}

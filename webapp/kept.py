"""What somebody asked and was answered, sealed into the page, so that a change of language or theme loses neither.

The site stores nothing. The page carries the answer, signed with the site's secret, and brings it back: it is shown in
another language as it was given, without asking the model again, and nobody can have the site show what no model said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was typed into a model's form, and the answer to it.

    Attributes
    ----------
    typed : mapping from the controls' names to str
    written : str
        The language that it was typed in.
    answer : mapping or None
        As the API gave it; None if there was none.
    """

    name: str
    typed: Mapping[str, str]
    written: str
    answer: Mapping[str, Any] | None = None

    def sealed(self) -> str:
        """Give it as a text that only this site can make."""
        content = {"name": self.name, "typed": dict(self.typed), "written": self.written}
        return str(_seal().dumps({**content, "answer": self.answer}))


def opened(sealed: str, name: str) -> Kept | None:
    """Give what was sealed for a model; None if this site did not seal it."""
    try:
        kept = Kept(**_seal().loads(sealed))
    except BadData:
        return None
    return kept if kept.name == name else None


def _seal() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="kept answer")

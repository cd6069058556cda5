"""The options of a prediction, from the query string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.errors import MalformedBody, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {"true": True, "1": True, "": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller asked for beside the predictions."""

    explain: bool = False
    probabilities: bool = True


def read_options(query: Mapping[str, str]) -> Options:
    """Give the options of a query.

    Raises
    ------
    MalformedBody
        If one is neither true nor false. Parameters that are not ours are ignored.
    """
    if not query:
        return Options()
    chosen = {name: _WORDS.get(query[name].lower()) for name in Options.__dataclass_fields__ if name in query}
    wrong = [name for name, value in chosen.items() if value is None]
    if wrong:
        raise MalformedBody(
            "An option is neither true nor false.",
            [Violation(f"?{name}", "wrong_type", "This option takes true or false.") for name in wrong],
        )
    return Options(**{name: value for name, value in chosen.items() if value is not None})

"""Many rows asked in parts, each part small enough for the API: what comes of each row, whatever happens to others."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dasier.errors import InvalidRequest, Unavailable
from webapp.wording import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dasier.client import Answer, Caution, Client, ModelDescription, Prediction

PART_ROWS = 500
PART_CELLS = 50_000
"""A thousand columns make parts of fifty rows: a part stays well under the API's 4 MB."""
_POINTER = re.compile(r"#/instances/([0-9]{1,6})(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one row: a prediction with its cautions, or what was wrong; neither if it was not asked."""

    prediction: Prediction | None = None
    version: int | None = None
    cautions: tuple[Caution, ...] = ()
    errors: Mapping[str, str] | None = None


def ask(
    client: Client,
    described: ModelDescription,
    rows: Sequence[Mapping[str, Any]],
    *,
    is_late: Callable[[], bool],
) -> list[Outcome]:
    """Give what came of each row, in their order; once it is late, nothing more is asked."""
    outcomes = [Outcome()] * len(rows)
    size = max(1, min(PART_ROWS, PART_CELLS // max(1, len(described.schema.columns))))
    for start in range(0, len(rows), size):
        if is_late():
            break
        places = list(range(start, min(start + size, len(rows))))
        try:
            for place, outcome in _part(client, described.name, rows, places):
                outcomes[place] = outcome
        except Unavailable:
            break
    return outcomes


def _part(
    client: Client, name: str, rows: Sequence[Mapping[str, Any]], places: list[int]
) -> Iterator[tuple[int, Outcome]]:
    """Ask a part; rows that the API refuses are taken out, and the others asked again.

    Raises
    ------
    Unavailable
    """
    while places:
        try:
            yield from zip(places, _outcomes(client.predict(name, [rows[it] for it in places])), strict=True)
        except InvalidRequest as error:
            wrong = _wrong(error, len(places))
            yield from ((places[at], Outcome(errors=found)) for at, found in wrong.items())
            places = [place for at, place in enumerate(places) if at not in wrong]
        else:
            return


def _outcomes(answer: Answer) -> Iterator[Outcome]:
    for at, prediction in enumerate(answer.predictions):
        cautions = tuple(replace(one, row=0) for one in answer.warnings if one.row == at)
        yield Outcome(prediction=prediction, version=answer.version, cautions=cautions)


def _wrong(error: InvalidRequest, count: int) -> dict[int, dict[str, str]]:
    """Give what is wrong by row and column; every row, if the API points at none of them."""
    found: dict[int, dict[str, str]] = {}
    for violation in error.violations:
        match = _POINTER.fullmatch(violation.pointer)
        if match and int(match[1]) < count:
            found.setdefault(int(match[1]), {})[match[2] or ""] = refused(violation.code)
    return found or {at: {"": refused("")} for at in range(count)}

"""Which runtime serves an estimator: the first that is proved equal, `sklearn` as the last resort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.building.detach import detach
from dasier.building.export import Candidate, Refused, candidates
from dasier.building.parity import SAME_ARITHMETIC, TOLERANCE, Parity, Reference, prove
from dasier.building.probes import probes
from dasier.building.refusals import in_french
from dasier.errors import EstimatorUnsupported
from dasier.runtimes import load
from dasier.runtimes.sklearn import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from dasier.rows import Rows
    from dasier.schema import Schema, Text


@dataclass(frozen=True, slots=True)
class Choice:
    """A runtime, its blob, and why.

    Attributes
    ----------
    runtime : str
    blob : bytes
    parity : Parity
        The proof for this blob.
    reasons : Text
        For the card, in English and French: what was proved, and why the preferred runtime was not
        taken. What only a library says stays in its English.
    refused : tuple of Refused
        What was tried before.
    """

    runtime: str
    blob: bytes
    parity: Parity
    reasons: Text
    refused: tuple[Refused, ...] = ()

    @property
    def reason(self) -> str:
        """The reason in English."""
        return self.reasons["en"]


def choose(
    estimator: Any, features: pd.DataFrame | None, schema: Schema, held_out: Rows, *, seed: int
) -> Choice:
    """Give the preferred runtime that is proved to answer as the estimator does.

    Parameters
    ----------
    estimator
        Fitted, on a DataFrame or an array.
    features
        Some rows of what it was fitted on, for their dtypes; None if that was an array.
    schema
    held_out
        Rows that it was not fitted on.
    seed
        Of the probes.

    Raises
    ------
    EstimatorUnsupported
        If not even the estimator's own detached copy answers as it does.
    """
    reference = Reference(estimator, schema, features)
    rows = probes(schema, held_out, estimator, seed=seed)
    refused: list[Refused] = []
    for tried in _tried(estimator, schema):
        if isinstance(tried, Refused):
            refused.append(tried)
            continue
        try:
            model = load(tried.runtime, tried.blob, schema)
        except Exception as error:  # noqa: BLE001 (a runtime may raise anything; its reason is shown)
            refused.append(Refused(tried.runtime, tried.name, f"it does not load: {_first_line(error)}"))
            continue
        tolerance = SAME_ARITHMETIC if tried.runtime == "sklearn" else TOLERANCE
        parity = prove(reference, model, rows, tolerance=tolerance)
        if parity.proved:
            return Choice(tried.runtime, tried.blob, parity, _reasons(tried, parity, refused), tuple(refused))
        refused.append(Refused(tried.runtime, tried.name, str(parity.failure)))
    message = f"{type(estimator).__name__} cannot be served. " + " ".join(
        f"{one.runtime} ({one.name}): {one.reason}." for one in refused
    )
    raise EstimatorUnsupported(message)


def _tried(estimator: Any, schema: Schema) -> Iterator[Candidate | Refused]:
    yield from candidates(estimator, schema)
    mixed = {column.name for column in schema.number_columns} if not schema.numeric else ()
    yield Candidate("sklearn", "pickle", dump(detach(estimator, schema.names, numbers=mixed)))


def _reasons(chosen: Candidate, parity: Parity, refused: list[Refused]) -> Text:
    worst = f"{max(parity.deviations.values(), default=0.0):.1g}"
    english = f"equal to the fitted estimator on {parity.rows} rows, at most {worst} off"
    french = (
        f"égal à l’estimateur entraîné sur {parity.rows} lignes, écart d’au plus {worst.replace('.', ',')}"
    )
    if chosen.runtime != "sklearn":
        return {"en": f"{chosen.name} graph, {english}", "fr": f"graphe {chosen.name}, {french}"}
    reasons = list(dict.fromkeys(one.reason for one in refused))
    why = "\u00a0; ".join(map(in_french, reasons))
    return {
        "en": f"{english}; ONNX was refused: {'; '.join(reasons)}",
        "fr": f"{french}\u00a0; ONNX a été refusé\u00a0: {why}",
    }


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

"""Which runtime serves an estimator: of those that are proved equal the cheapest, `sklearn` as the last resort."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dasier.building import arrays, export
from dasier.building.candidate import Candidate, Refused
from dasier.building.costs import ANSWERS, Cost, cheapest, measured
from dasier.building.detach import detach
from dasier.building.parity import SAME_ARITHMETIC, Parity, prove
from dasier.building.probes import OF_CONVERSIONS, Probes, probes
from dasier.building.reference import Reference
from dasier.building.refusals import in_french
from dasier.errors import EstimatorUnsupported
from dasier.runtimes import NAMES, load
from dasier.runtimes.sklearn import dump

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

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
        For the card, in English and French: what was proved, and why no other runtime was
        taken. What only a library says stays in its English.
    refused : tuple of Refused
        What was tried in vain.
    costs : mapping from runtime to Cost
        What was measured, where several were proved (`dasier.building.costs`).
    """

    runtime: str
    blob: bytes
    parity: Parity
    reasons: Text
    refused: tuple[Refused, ...] = ()
    costs: Mapping[str, Cost] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reason in English."""
        return self.reasons["en"]


def choose(  # noqa: PLR0913 (what was fitted, on what, and which runtimes may be taken)
    estimator: Any,
    features: pd.DataFrame | None,
    schema: Schema,
    held_out: Rows,
    *,
    fitted: Rows | None = None,
    seed: int,
    runtimes: Collection[str] = NAMES,
) -> Choice:
    """Give the runtime that is proved to answer as the estimator does, the cheapest of several.

    Parameters
    ----------
    estimator
        Fitted, on a DataFrame or an array.
    features
        Some rows of what it was fitted on, for their dtypes; None if that was an array.
    schema
    held_out
        Rows that it was not fitted on.
    fitted
        Rows that it was fitted on, if they are known.
    seed
        Of the probes.
    runtimes
        Those that may be taken.

    Raises
    ------
    EstimatorUnsupported
        If not even the estimator's own detached copy answers as it does.
    """
    reference = Reference(estimator, schema, features)
    rows = probes(schema, held_out, estimator, fitted=fitted, seed=seed)
    refused: list[Refused] = []
    proved: dict[str, tuple[Candidate, Parity]] = {}
    for tried in _tried(estimator, schema, runtimes):
        if tried.runtime in proved or (tried.runtime == "sklearn" and proved):
            continue
        found = tried if isinstance(tried, Refused) else _proof(tried, reference, schema, rows)
        if isinstance(found, Refused):
            refused.append(found)
        elif isinstance(tried, Candidate):
            proved[tried.runtime] = tried, found
    if not proved:
        message = f"{type(estimator).__name__} cannot be served. " + " ".join(
            f"{one.runtime} ({one.name}): {one.reason}." for one in refused
        )
        raise EstimatorUnsupported(message)
    costs: Mapping[str, Cost] = {}
    if len(proved) > 1:
        costs = measured([one for one, _ in proved.values()], schema, rows.kinds["held_out"])
    chosen, parity = proved[cheapest(costs) if costs else next(iter(proved))]
    reasons = _reasons(chosen, parity, refused, costs)
    return Choice(chosen.runtime, chosen.blob, parity, reasons, tuple(refused), costs)


def _tried(estimator: Any, schema: Schema, runtimes: Collection[str]) -> Iterator[Candidate | Refused]:
    """Give what may be taken, lazily: nothing is pickled where arrays or a graph are proved."""
    if "arrays" in runtimes:
        yield from arrays.candidates(estimator, schema)
    if "onnx" in runtimes:
        yield from export.candidates(estimator, schema)
    if "sklearn" in runtimes:
        mixed = {column.name for column in schema.number_columns} if not schema.numeric else ()
        yield Candidate("sklearn", "pickle", dump(detach(estimator, schema.names, numbers=mixed)))


def _proof(tried: Candidate, reference: Reference, schema: Schema, rows: Probes) -> Parity | Refused:
    """Give the proof that a candidate answers as the estimator does, or why it is refused."""
    try:
        model = load(tried.runtime, tried.blob, schema)
    except Exception as error:  # noqa: BLE001 (a runtime may raise anything; its reason is shown)
        return Refused(tried.runtime, tried.name, f"it does not load: {_first_line(error)}")
    if tried.runtime == "sklearn":  # the estimator's own copy has no excuse for answering otherwise
        parity = prove(reference, model, rows.without(OF_CONVERSIONS), tolerance=SAME_ARITHMETIC)
    else:
        parity = prove(reference, model, rows)
    if not parity.proved:
        return Refused(tried.runtime, tried.name, str(parity.failure))
    if tried.runtime == "arrays" and max(parity.deviations.values(), default=0.0) <= SAME_ARITHMETIC:
        return replace(parity, tolerance=SAME_ARITHMETIC)
    return parity


def _reasons(chosen: Candidate, parity: Parity, refused: list[Refused], costs: Mapping[str, Cost]) -> Text:
    worst = f"{max(parity.deviations.values(), default=0.0):.1g}"
    english = f"equal to the fitted estimator on {parity.rows} rows, at most {worst} off"
    french = (
        f"égal à l’estimateur entraîné sur {parity.rows} lignes, écart d’au plus {worst.replace('.', ',')}"
    )
    what = {"onnx": ("graph", "graphe"), "arrays": ("arrays", "tableaux")}.get(chosen.runtime)
    if what:
        english, french = f"{chosen.name} {what[0]}, {english}", f"{what[1]} {chosen.name}, {french}"
    for other in (name for name in costs if name != chosen.runtime):
        less = costs[chosen.runtime].total_s < costs[other].total_s
        en, fr = (
            ("less time than", "moins de temps que") if less else ("about as long as", "autant de temps que")
        )
        english += f"; starting and answering {ANSWERS:,} rows takes {en} on {other}"
        french += f"\u00a0; démarrer et répondre à {ANSWERS} lignes prend {fr} sur {other}"
    if chosen.runtime != "sklearn":
        return {"en": english, "fr": french}
    for runtime, en, fr in _LIGHTER:
        reasons = list(dict.fromkeys(one.reason for one in refused if one.runtime == runtime))
        if reasons:
            english += f"; {en}: {'; '.join(reasons)}"
            french += f"\u00a0; {fr}\u00a0: " + "\u00a0; ".join(map(in_french, reasons))
    return {"en": english, "fr": french}


_LIGHTER = (
    ("arrays", "arrays were refused", "les tableaux ont été refusés"),
    ("onnx", "ONNX was refused", "ONNX a été refusé"),
)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

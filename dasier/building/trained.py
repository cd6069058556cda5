"""A fitted estimator with its rows: where the three ways in meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dasier.building.refinements import Refinements

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.base import BaseEstimator

    from dasier.schema import Task, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What people are told of a model.

    Attributes
    ----------
    title, summary, use, out_of_scope, limits, data : Text
        In English and French; ``data`` says where the rows come from.
    licence, source : str
        Of the data.
    model_licence : str
        Of the model itself.
    """

    title: Text
    summary: Text
    use: Text = field(default_factory=dict)
    out_of_scope: Text = field(default_factory=dict)
    limits: Text = field(default_factory=dict)
    data: Text = field(default_factory=dict)
    licence: str = ""
    source: str = ""
    model_licence: str = ""

    def to_document(self) -> dict[str, Any]:
        """Give what the manifest keeps beside title, summary and limits: what was stated, and no blank."""
        told = {
            "use": self.use,
            "out_of_scope": self.out_of_scope,
            "data": self.data,
            "licence": self.licence,
            "source": self.source,
            "model_licence": self.model_licence,
        }
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What `assemble` makes a version of.

    Attributes
    ----------
    name : str
    task : Task
    about : About
    estimator : BaseEstimator
        Fitted.
    table : DataFrame
        All rows, tidy: the features in the order of fitting, and the target if there is one.
    target : str or None
    fitted_rows, held_out : DataFrame
        Parts of ``table``: what the estimator was fitted on, and what measures it.
    split : mapping
        How they were divided, for the card: JSON types.
    seed : int
    refinements : Refinements
    gate : mapping
        Rules for the gate.
    origin : mapping
        Where it comes from: ``kind`` (recipe, import, csv) and what identifies it.
    notes : tuple of Text
        What a reader must know.
    """

    name: str
    task: Task
    about: About
    estimator: BaseEstimator
    table: pd.DataFrame
    target: str | None
    fitted_rows: pd.DataFrame
    held_out: pd.DataFrame
    split: Mapping[str, Any]
    seed: int
    refinements: Refinements = field(default_factory=Refinements)
    gate: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any]
    notes: tuple[Text, ...] = ()

    @property
    def features(self) -> list[str]:
        """The columns that the estimator takes, in order."""
        return [name for name in self.table.columns if name != self.target]

"""Make a version of a fitted estimator: schema, runtime, proof, measures, golden records, card."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building.choice import choose
from dasier.building.describing import described
from dasier.building.frames import to_rows
from dasier.building.infer import infer
from dasier.building.judged import judge
from dasier.building.lazily import rehearsed
from dasier.building.one_answer import check_answers, of_one_target
from dasier.building.probes import probes
from dasier.building.threads import one_thread
from dasier.errors import EstimatorUnsupported, RehearsalFailed
from dasier.runtimes import NAMES, load

if TYPE_CHECKING:
    from dasier.building.trained import Trained
    from dasier.built import Built
    from dasier.rows import Rows
    from dasier.schema import Schema

_MOST_FITTED = 1_000
"""So many of the rows that were fitted on are read; a part of them is asked."""

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""


def assemble(
    trained: Trained, *, progress: Progress = lambda _: None, runtimes: Collection[str] = NAMES
) -> Built:
    """Give a version that is ready to publish, on one of those runtimes.

    Raises
    ------
    DataInvalid
        If the rows cannot be used.
    EstimatorUnsupported
        If no runtime is proved to answer as the estimator does, or the result does not answer in
        a fresh process.
    """
    progress("infer the schema")
    trained = replace(trained, estimator=of_one_target(trained.estimator))
    estimator = trained.estimator
    check_answers(estimator, trained.held_out[trained.features])
    schema = infer(
        trained.table,
        task=trained.task,
        target=trained.target,
        refinements=trained.refinements,
        classes=_classes(trained),
        probabilities=trained.task == "classification" and hasattr(estimator, "predict_proba"),
    )
    held_out = to_rows(trained.held_out, schema)
    with one_thread():
        progress("choose a runtime and prove parity")
        features = trained.fitted_rows[trained.features]
        choice = choose(
            estimator,
            features,
            schema,
            held_out,
            fitted=_fitted(trained, schema),
            seed=trained.seed,
            runtimes=runtimes,
        )
        model = load(choice.runtime, choice.blob, schema)
        progress(
            "measure on the sample" if trained.split.get("kind") == "sample" else "measure on held-out rows"
        )
        judged = judge(trained, schema, choice, model, held_out)
        progress("write the card")
        built = described(trained, judged)
        rows = probes(schema, held_out, estimator, seed=trained.seed) if choice.runtime == "sklearn" else None
    progress("rehearse in a fresh process")
    try:
        chosen = rehearsed(built, rows)
    except RehearsalFailed as error:
        raise EstimatorUnsupported(f"{trained.name} cannot be served. {error}") from error
    return replace(built, manifest=replace(built.manifest, runtime=chosen))


def _fitted(trained: Trained, schema: Schema) -> Rows | None:
    """Give rows that the estimator was fitted on, evenly spaced; None where nobody knows them."""
    if trained.split.get("kind") == "sample":
        return None
    rows = trained.fitted_rows
    return to_rows(rows.iloc[:: -(-len(rows) // _MOST_FITTED)], schema)


def _classes(trained: Trained) -> list[Any] | None:
    """Give the classes, or the groups, that the estimator knows; None where it does not say."""
    if trained.task == "classification":
        classes = getattr(trained.estimator, "classes_", None)
        return None if classes is None else list(np.asarray(classes).tolist())
    if trained.task != "clustering":
        return None
    clusterer = _last(trained.estimator)
    # A group that no training row is in still has its centre, and may get a row later.
    groups = set(range(len(getattr(clusterer, "cluster_centers_", ()))))
    groups.update(np.unique(np.asarray(getattr(clusterer, "labels_", ()), dtype=np.int64)).tolist())
    return sorted(groups) or None


def _last(estimator: Any) -> Any:
    """Give what answers inside a pipeline or a search."""
    if hasattr(estimator, "best_estimator_"):
        return _last(estimator.best_estimator_)
    return _last(estimator.steps[-1][1]) if hasattr(estimator, "steps") else estimator

"""Make a version of a fitted estimator: schema, runtime, proof, measures, golden records, card."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dasier import golden
from dasier.building import lookalikes, provenance
from dasier.building.baseline import baseline
from dasier.building.candidate import MEDIA_TYPES
from dasier.building.card import card
from dasier.building.choice import Choice, choose
from dasier.building.disclosure import held_rows
from dasier.building.evaluate import evaluate
from dasier.building.frames import to_rows
from dasier.building.importance import importance
from dasier.building.infer import infer
from dasier.building.lazily import rehearsed
from dasier.building.one_answer import check_answers, of_one_target
from dasier.building.plots import draw
from dasier.building.probes import probes
from dasier.building.slices import slices
from dasier.building.steps import steps, summary
from dasier.building.threads import one_thread
from dasier.built import Built
from dasier.errors import EstimatorUnsupported, RehearsalFailed
from dasier.manifest import Blob, Manifest, RuntimeChoice, canonical
from dasier.rows import Rows, concatenate
from dasier.runtimes import NAMES, Outputs, load, runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dasier.building.trained import Trained
    from dasier.runtimes import Model
    from dasier.schema import Schema
    from dasier.words import Language

Progress = Callable[[str], None]
"""Told what is being done, in a few words."""

LANGUAGES: tuple[Language, ...] = ("en", "fr")
_GOLDEN_ROWS = 16


@dataclass(frozen=True, slots=True)
class _Judged:
    """A model with its answers to the held-out rows."""

    schema: Schema
    choice: Choice
    model: Model
    held_out: Rows
    outputs: Outputs
    truth: NDArray[Any] | None
    metrics: dict[str, Any]
    space: NDArray[np.float64] | None


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
        choice = choose(estimator, features, schema, held_out, seed=trained.seed, runtimes=runtimes)
        model = load(choice.runtime, choice.blob, schema)
        progress(
            "measure on the sample" if trained.split.get("kind") == "sample" else "measure on held-out rows"
        )
        judged = _judge(trained, schema, choice, model, held_out)
        progress("write the card")
        built = _built(trained, judged)
        rows = probes(schema, held_out, estimator, seed=trained.seed) if choice.runtime == "sklearn" else None
    progress("rehearse in a fresh process")
    try:
        described = rehearsed(built, rows)
    except RehearsalFailed as error:
        raise EstimatorUnsupported(f"{trained.name} cannot be served. {error}") from error
    return replace(built, manifest=replace(built.manifest, runtime=described))


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


def _judge(trained: Trained, schema: Schema, choice: Choice, model: Model, held_out: Rows) -> _Judged:
    try:
        outputs = model.predict(held_out)
    except ValueError as error:
        first_line = str(error).partition("\n")[0]
        raise EstimatorUnsupported(
            f"{trained.name}: the estimator cannot answer rows that were held out: {first_line}. "
            "Let its encoders accept what they have not seen (handle_unknown)."
        ) from error
    truth = None if trained.target is None else trained.held_out[trained.target].to_numpy()
    space = _space(trained, held_out)
    if truth is None and trained.task in {"classification", "regression"}:
        # Brought from elsewhere with a sample that has no target: nothing can be measured.
        metrics: dict[str, Any] = {"split": dict(trained.split), "primary": None, "values": {}}
    else:
        metrics = evaluate(outputs, truth, output=schema.output, split=trained.split, space=space)
        metrics["importance"] = importance(
            lambda frame: model.predict(to_rows(frame, schema)),
            trained.held_out[trained.features],
            truth if trained.task in {"classification", "regression"} else None,
            output=schema.output,
            seed=trained.seed,
        )
        metrics["slices"] = slices(
            outputs,
            truth,
            trained.held_out,
            schema=schema,
            importance=metrics["importance"],
            seed=trained.seed,
        )
    return _Judged(schema, choice, model, held_out, outputs, truth, metrics, space)


def _space(trained: Trained, held_out: Rows) -> NDArray[np.float64] | None:
    """Give the held-out rows where clusters and anomalies live: after all steps but the last."""
    if trained.task not in {"clustering", "anomaly_detection"}:
        return None
    steps = getattr(trained.estimator, "steps", None)
    if steps and len(steps) > 1:
        space = trained.estimator[:-1].transform(trained.held_out[trained.features])
        return np.asarray(space.toarray() if hasattr(space, "toarray") else space, dtype=np.float64)
    finite = held_out.schema.numeric and bool(np.isfinite(held_out.numbers).all())
    return held_out.numbers if finite else None


def _built(trained: Trained, judged: _Judged) -> Built:
    schema, choice, about = judged.schema, judged.choice, trained.about
    inside = held_rows(trained.estimator)
    described = RuntimeChoice(
        name=choice.runtime,
        reason=choice.reasons,
        requires=runtime(choice.runtime).requirements(),
        tolerance=choice.parity.tolerance if choice.runtime != "sklearn" else 0.0,
        refused=tuple({"runtime": r.runtime, "name": r.name, "reason": r.reason} for r in choice.refused),
        parity=choice.parity.to_dict(),
        costs={name: cost.to_dict() for name, cost in choice.costs.items()},
    )
    contents = _contents(trained, judged)
    manifest = Manifest(
        name=trained.name,
        version=0,
        id="",
        created=provenance.now(),
        created_by=provenance.whoami(),
        title=about.title,
        summary=about.summary,
        limits=about.limits,
        about=about.to_document(),
        source=dict(trained.origin),
        data=_data(trained, judged) | {"in_model": bool(inside)},
        seed=trained.seed,
        environment=provenance.environment(),
        estimator={
            "class": type(trained.estimator).__name__,
            "summary": summary(trained.estimator),
            "steps": steps(trained.estimator),
        },
        schema=schema,
        metrics=judged.metrics,
        runtime=described,
        golden=golden.record(*_golden_rows(judged, trained)),
        blobs=_described(contents),
        gate=trained.gate,
        notes=(*trained.notes, *inside, *lookalikes.notes(schema.names)),
    )
    cards = _cards(manifest, judged)
    everything = contents | cards
    return Built(
        replace(manifest, blobs=_described(everything)),
        {role: content for role, (content, _) in everything.items()},
    )


def _described(contents: Mapping[str, tuple[bytes, str]]) -> dict[str, Blob]:
    return {role: Blob.of(content, media) for role, (content, media) in contents.items()}


def _data(trained: Trained, judged: _Judged) -> dict[str, Any]:
    """Give what the manifest keeps of the rows: how many, of which class, where nulls stood, and their digest."""
    found: dict[str, Any] = {
        "rows": len(trained.table),
        "sha256": provenance.data_digest(trained.table),
        "nulls": {
            name: int(cells.isna().sum())
            for name, cells in trained.fitted_rows[trained.features].items()
            if cells.isna().any()
        },
    }
    if trained.target is None or trained.task != "classification":
        return found
    sample = trained.split.get("kind") == "sample"
    parts = {"held_out": trained.held_out} | ({} if sample else {"fitted": trained.fitted_rows})
    found["classes"] = {
        str(label): {part: int((rows[trained.target] == label).sum()) for part, rows in parts.items()}
        for label in judged.schema.output.classes
    }
    return found


def _golden_rows(judged: _Judged, trained: Trained) -> tuple[Rows, Outputs]:
    """Give rows that nobody's data is in, and the model's answers: made up inside the training range."""
    # Twice: rows with nulls and with unseen categories are varied from others, which must be made up too.
    inside = probes(judged.schema, judged.held_out, seed=trained.seed).kinds["inside"]
    made = probes(judged.schema, inside, seed=trained.seed)
    parts = [made.kinds[kind] for kind in ("inside", "nulls", "unseen") if kind in made.kinds]
    parts = [part for part in parts if _answers(judged.model, part)]
    if not parts:
        raise EstimatorUnsupported(f"{trained.name} answers no row that is made up inside the training range")
    share = -(-_GOLDEN_ROWS // len(parts))
    rows = concatenate([part.take(slice(share)) for part in parts])
    return rows, judged.model.predict(rows)


def _answers(model: Model, rows: Rows) -> bool:
    """Say whether a model answers rows: an encoder may refuse a category that it never saw."""
    try:
        model.predict(rows)
    except ValueError:
        return False
    return True


def _contents(trained: Trained, judged: _Judged) -> dict[str, tuple[bytes, str]]:
    held = {"inputs": golden.record(judged.held_out, judged.outputs)["inputs"]}
    if judged.truth is not None:
        held["target"] = judged.truth.tolist()
    spread = baseline(trained.fitted_rows, judged.outputs, judged.schema)
    return {
        "model": (judged.choice.blob, MEDIA_TYPES[judged.choice.runtime]),
        "holdout": (canonical(held), "application/json"),
        "baseline": (canonical(spread), "application/json"),
    }


def _cards(manifest: Manifest, judged: _Judged) -> dict[str, tuple[bytes, str]]:
    contents: dict[str, tuple[bytes, str]] = {}
    for language in LANGUAGES:
        pictures = draw(
            judged.metrics,
            schema=judged.schema,
            language=language,
            outputs=judged.outputs,
            truth=judged.truth,
            space=judged.space,
        )
        told = card(manifest, language=language, pictures=pictures)
        contents[f"card.{language}.md"] = (told.markdown.encode(), "text/markdown; charset=utf-8")
        contents[f"card.{language}.html"] = (told.html.encode(), "text/html; charset=utf-8")
    return contents

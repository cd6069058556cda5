"""What a build writes down of a model that it judged: the manifest, the blobs, the golden records, the cards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dasier import golden
from dasier.building import lookalikes, provenance
from dasier.building.baseline import baseline
from dasier.building.candidate import MEDIA_TYPES
from dasier.building.card import card
from dasier.building.disclosure import held_rows
from dasier.building.plots import draw
from dasier.building.probes import probes
from dasier.building.steps import steps, summary
from dasier.built import Built
from dasier.errors import EstimatorUnsupported
from dasier.manifest import Blob, Manifest, RuntimeChoice, canonical
from dasier.rows import Rows, concatenate
from dasier.runtimes import runtime
from dasier.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.building.judged import Judged
    from dasier.building.trained import Trained
    from dasier.runtimes import Model, Outputs

_GOLDEN_ROWS = 16


def described(trained: Trained, judged: Judged) -> Built:
    """Give a version that was not tried in a fresh process yet.

    Raises
    ------
    EstimatorUnsupported
        If it answers no row that golden records could be made of.
    """
    schema, choice, about = judged.schema, judged.choice, trained.about
    inside = held_rows(trained.estimator)
    chosen = RuntimeChoice(
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
        runtime=chosen,
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


def _data(trained: Trained, judged: Judged) -> dict[str, Any]:
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


def _golden_rows(judged: Judged, trained: Trained) -> tuple[Rows, Outputs]:
    """Give rows that nobody's data is in, and the model's answers: made up inside the training range."""
    # Twice: rows with nulls and with unseen categories are varied from others, which must be made up too.
    inside = probes(judged.schema, judged.held_out, seed=trained.seed).kinds["inside"]
    made = probes(judged.schema, inside, seed=trained.seed)
    parts = [made.kinds[kind] for kind in ("inside", "nulls", "unseen") if kind in made.kinds]
    answered = [_answered(judged.model, part) for part in parts]
    parts = [part for part in answered if part is not None]
    if not parts:
        raise EstimatorUnsupported(f"{trained.name} answers no row that is made up inside the training range")
    share = -(-_GOLDEN_ROWS // len(parts))
    rows = concatenate([part.take(slice(share)) for part in parts])
    return rows, judged.model.predict(rows)


def _answered(model: Model, rows: Rows) -> Rows | None:
    """Give the rows that get a finite answer; None if none does, as where an encoder refuses a category."""
    try:
        broken = set(model.predict(rows).unanswered().tolist())
    except ValueError:
        return None
    kept = [place for place in range(len(rows)) if place not in broken]
    return rows.take(kept) if kept else None


def _contents(trained: Trained, judged: Judged) -> dict[str, tuple[bytes, str]]:
    held = {"inputs": golden.record(judged.held_out, judged.outputs)["inputs"]}
    if judged.truth is not None:
        held["target"] = judged.truth.tolist()
    spread = baseline(trained.fitted_rows, judged.outputs, judged.schema)
    return {
        "model": (judged.choice.blob, MEDIA_TYPES[judged.choice.runtime]),
        "holdout": (canonical(held), "application/json"),
        "baseline": (canonical(spread), "application/json"),
    }


def _cards(manifest: Manifest, judged: Judged) -> dict[str, tuple[bytes, str]]:
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

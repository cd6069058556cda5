"""What a built version says of groups, of names that look alike, and of the sample that an estimator came with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import BisectingKMeans, KMeans, MeanShift
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dasier.building.assembling import assemble
from dasier.building.importing import bring
from dasier.building.refinements import OutputNotes, Refinements
from dasier.building.trained import About, Trained
from dasier.errors import DataInvalid
from dasier.rows import Rows, from_records, pointer_in
from dasier.runtimes import load
from dasier.serving.explaining import explain

if TYPE_CHECKING:
    from pathlib import Path

    from dasier.built import Built
    from dasier.runtimes import Outputs

SUMMARY = {"en": "Sorts plums.", "fr": "Trie des prunes."}


def plums() -> pd.DataFrame:
    """Give three heaps of plums."""
    rng = np.random.default_rng(3)
    centres = np.repeat([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]], 30, axis=0)
    return pd.DataFrame(centres + rng.normal(size=(90, 2)), columns=["size", "weight"])


def clustered(estimator: Any, frame: pd.DataFrame, **options: Any) -> Trained:
    about = About(title={"en": "Plums", "fr": "Prunes"}, summary=SUMMARY)
    return Trained(
        name="plums", task="clustering", about=about, estimator=estimator.fit(frame), table=frame, target=None,
        fitted_rows=frame, held_out=frame, seed=1, origin={"kind": "recipe"}, split={"held_out_rows": 90}, **options,
    )  # fmt: skip


def answered(built: Built, record: dict[str, float]) -> tuple[Rows, Outputs, list[dict[str, Any]]]:
    model = load(built.manifest.runtime.name, built.blobs["model"], built.manifest.schema)
    rows = from_records(built.manifest.schema, [record], pointer_in("#/instances"))
    outputs = model.predict(rows)
    return rows, outputs, explain(model, rows, outputs)


@pytest.mark.parametrize(
    ("estimator", "runtimes"),
    [
        (make_pipeline(StandardScaler(), KMeans(3, random_state=0)), {"arrays", "onnx"}),
        (BisectingKMeans(3, random_state=0), {"arrays"}),
        (MeanShift(bandwidth=3), {"arrays"}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, set) else "",
)
def test_groups_that_nobody_named_are_listed_and_answered(estimator: Any, runtimes: set[str]) -> None:
    built = assemble(clustered(estimator, plums()))

    _, outputs, (explanation,) = answered(built, {"size": 8.0, "weight": 0.0})

    output = built.manifest.schema.output
    assert built.manifest.runtime.name in runtimes
    assert output.classes == (0, 1, 2)
    assert outputs.predictions.tolist()[0] in output.classes
    assert explanation["of"] == str(outputs.predictions[0])
    assert output.class_labels["2"] == {"en": "Group 2", "fr": "Groupe 2"}


def test_a_name_for_a_group_that_there_is_not_is_refused() -> None:
    named = OutputNotes(class_labels={"7": {"en": "Lucky", "fr": "Chanceux"}})
    trained = clustered(KMeans(3, random_state=0), plums(), refinements=Refinements(output=named))

    with pytest.raises(DataInvalid, match=r"output\.class_labels\.7: there is no such class"):
        assemble(trained)


def test_a_name_that_cannot_be_typed_from_what_is_seen_is_told() -> None:
    frame = plums().rename(columns={"size": "s\u0456ze"})

    built = assemble(clustered(KMeans(3, random_state=0), frame))

    assert any("mixes Latin and Cyrillic letters" in note["en"] for note in built.manifest.notes)
    assert any("mêle des lettres latines et cyrilliques" in note["fr"] for note in built.manifest.notes)


def brought(tmp_path: Path, *, target: str | None) -> Built:
    frame = plums().assign(kind=np.repeat(["a", "b", "c"], 30))
    joblib.dump(LogisticRegression().fit(frame[["size", "weight"]], frame["kind"]), tmp_path / "plums.joblib")
    frame[["size", "weight", *([target] if target else [])]].to_csv(tmp_path / "sample.csv", index=False)
    return assemble(
        bring(tmp_path / "plums.joblib", name="plums", sample=tmp_path / "sample.csv", target=target)
    )


def cards(built: Built) -> tuple[str, str]:
    return built.blobs["card.en.md"].decode(), built.blobs["card.fr.md"].decode()


def test_a_card_does_not_claim_that_a_sample_was_held_out(tmp_path: Path) -> None:
    english, french = cards(brought(tmp_path, target="kind"))

    assert "Measured on the 90 rows of the sample that came with it." in english
    assert "may have been fitted on some of these rows" in english
    assert "Mesuré sur les 90 lignes de l’échantillon fourni avec lui." in french
    assert not [words for words in ("not fitted on", "eld-out rows") if words in english]
    assert not [words for words in ("absentes de l’apprentissage", "ignes de test |") if words in french]


def test_a_card_says_that_a_sample_without_a_target_measures_nothing(tmp_path: Path) -> None:
    built = brought(tmp_path, target=None)

    english, french = cards(built)

    assert (built.manifest.metrics["primary"], built.manifest.metrics["values"]) == (None, {})
    assert "Nothing could be measured" in english
    assert "Rien n’a pu être mesuré" in french
    assert not [words for words in ("Measured on", "interval", "too few", "may flatter") if words in english]

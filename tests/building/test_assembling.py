"""What a built version says of groups, of names that look alike, and of the sample that an estimator came with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import BisectingKMeans, KMeans, MeanShift
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from dasier.building.assembling import assemble
from dasier.building.importing import bring
from dasier.building.refinements import OutputNotes, Refinements
from dasier.building.trained import About, Trained
from dasier.errors import DataInvalid, EstimatorUnsupported
from dasier.rows import Rows, from_records, pointer_in
from dasier.runtimes import load
from dasier.serving.explaining import explain
from tests import models

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


def test_a_card_claims_nothing_of_training_rows_that_nobody_saw(tmp_path: Path) -> None:
    english, french = cards(brought(tmp_path, target="kind"))

    assert "Empty cells: the sample has none." in english
    assert "the sample holds the values of the table" in english
    assert "Small classes" not in english
    assert "aucune dans l’échantillon" in french
    assert "Petites classes" not in french


def test_a_card_does_not_claim_that_a_sample_was_held_out(tmp_path: Path) -> None:
    english, french = cards(brought(tmp_path, target="kind"))

    assert "Measured on the 90 rows of the sample that came with it." in english
    assert "may have been fitted on some of these rows" in english
    assert "Mesuré sur les 90 lignes de l’échantillon fourni avec lui." in french
    assert not [
        words for words in ("not fitted on", "that it was fitted on |", "eld-out rows") if words in english
    ]
    assert not [words for words in ("absentes de l’apprentissage", "ignes de test |") if words in french]


def test_a_card_says_that_a_sample_without_a_target_measures_nothing(tmp_path: Path) -> None:
    built = brought(tmp_path, target=None)

    english, french = cards(built)

    assert (built.manifest.metrics["primary"], built.manifest.metrics["values"]) == (None, {})
    assert "Nothing could be measured" in english
    assert "Rien n’a pu être mesuré" in french
    assert not [words for words in ("Measured on", "interval", "too few", "may flatter") if words in english]


def _line(n: int = 120) -> pd.DataFrame:
    at = np.linspace(0, 1, n)
    return pd.DataFrame({"at": np.random.default_rng(0).permutation(at)}).assign(
        height=lambda rows: 2 * rows["at"]
    )


def test_an_estimator_that_has_no_number_for_rows_held_out_is_refused_in_words() -> None:
    alone = RadiusNeighborsRegressor(radius=1e-9)

    with pytest.raises(EstimatorUnsupported, match="no finite number for 40 of 40 rows"):
        assemble(models.trained("alone", alone, _line(), "height", "regression"))


def test_a_row_that_gets_no_number_is_no_golden_record() -> None:
    table = _line().assign(at=lambda rows: np.where(rows["at"] < 0.5, rows["at"], rows["at"] + 5))
    apart = RadiusNeighborsRegressor(radius=0.05)  # inside of the range, and far from any row

    built = assemble(models.trained("apart", apart, table, "height", "regression"))

    assert len(built.manifest.golden["inputs"]["at"]) > 1
    assert all(0 <= at < 0.6 or at > 5.4 for at in built.manifest.golden["inputs"]["at"])


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_a_target_whose_squares_are_no_numbers_is_refused_in_words() -> None:
    table = _line().assign(height=lambda rows: 1e200 * rows["at"])

    with pytest.raises(DataInvalid, match="divide it by a constant"):
        assemble(models.trained("tall", LinearRegression(), table, "height", "regression"))


def test_rows_that_the_estimator_refuses_are_told_whatever_runtimes_were_proved() -> None:
    logarithm = make_pipeline(FunctionTransformer(np.log1p), LinearRegression())
    table = _line().assign(at=lambda rows: rows["at"] + 1)
    trained = models.trained("roots", logarithm, table, "height", "regression")
    below = trained.held_out.assign(at=lambda rows: rows["at"].where(rows["at"] < 1.9, -3.0))

    with pytest.raises(EstimatorUnsupported, match="cannot answer rows that were held out"):
        assemble(replace(trained, table=pd.concat([trained.fitted_rows, below]), held_out=below))

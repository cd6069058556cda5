"""Every training row of every recipe fits its own schema, and the version that is built predicts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dasier.building.assembling import assemble
from dasier.building.card import missing
from dasier.building.frames import to_rows
from dasier.building.recipe import read
from dasier.building.training import train
from dasier.rows import from_records, pointer_in
from dasier.runtimes import load
from dasier.serving.explaining import explain
from dasier.words import LANGUAGES
from tests.building.tracing import untraced

FOLDER = Path(__file__).parents[2] / "model_builds"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/recipe.py"))
AT = pointer_in("#")


@pytest.mark.parametrize("name", NAMES)
def test_every_training_row_validates_and_predicts_as_the_estimator_does(name: str) -> None:
    trained = train(read(FOLDER / name))
    built = assemble(trained)
    schema = built.manifest.schema
    model = load(built.manifest.runtime.name, built.blobs["model"], schema)
    rows = to_rows(trained.table, schema)

    sent = rows.records()
    outputs = model.predict(from_records(schema, sent, AT))

    assert rows.warnings == ()
    assert len(outputs.predictions) == len(trained.table)
    expected = np.asarray(trained.estimator.predict(trained.table[trained.features]))
    if schema.output.task == "regression":
        assert outputs.predictions == pytest.approx(expected, rel=1e-5)
    else:
        assert outputs.predictions.tolist() == expected.tolist()
    few = rows.take(slice(3))
    for index, explanation in enumerate(explain(model, few, model.predict(few))):
        total = explanation["reference"] + sum(explanation["contributions"].values())
        numbers = outputs.predictions if schema.output.task == "regression" else outputs.scores
        if numbers is not None:
            assert total == pytest.approx(numbers[index], abs=1e-4)
        elif outputs.probabilities is not None:
            place = schema.output.classes.index(outputs.predictions[index])
            assert total == pytest.approx(outputs.probabilities[index, place], abs=1e-4)
    assert from_records(schema, [schema.example(), schema.typical()], AT).warnings == ()
    for language in LANGUAGES:
        assert untraced(built.blobs[f"card.{language}.md"].decode(), built.manifest, language) == []
        assert missing(built.manifest) == []

"""The runtime `sklearn` with imports that are put off: the same bits, in processes of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.svm import SVC

from dasier.building.assembling import assemble
from dasier.building.choice import choose
from dasier.building.lazily import tried
from dasier.building.probes import Probes
from dasier.errors import RehearsalFailed
from dasier.rehearsal import rehearse
from dasier.rows import from_columns, pointer_in
from dasier.runtimes import load
from dasier.runtimes.sklearn import UNUSED
from tests import hostile, models
from tests.building.cases import cancer, columns, fitted, penguins

if TYPE_CHECKING:
    from pathlib import Path

    from dasier.built import Built

CHILD = """
import json, sys
from pathlib import Path
import numpy as np
from dasier.deferring import waiting
from dasier.rows import Rows
from dasier.runtimes import load
from dasier.schema import Schema

folder = Path(sys.argv[1])
schema = Schema.from_dict(json.loads((folder / "schema.json").read_text()))
numbers = np.load(folder / "numbers.npy")
texts = np.array(json.loads((folder / "texts.json").read_text()), dtype=object).reshape(len(numbers), -1)
blob = (folder / "blob").read_bytes()
told = []
for way in sys.argv[2:]:
    model = load("sklearn", blob, schema, lazily=way == "lazily")
    found = model.predict(Rows(schema, numbers, texts))
    probabilities = None if found.probabilities is None else found.probabilities.tobytes().hex()
    told.append([probabilities, found.predictions.tolist(), sorted(waiting())])
print(json.dumps(told))
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child find this folder's models, as an image would have them."""
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))


def answered(estimator: Any, table: Any, folder: Path, *ways: str, task: Any = "classification") -> list[Any]:
    """Give what a fresh process answers when it loads an estimator in those ways, one after another."""
    case = fitted(estimator, table, task)
    choice = choose(case.estimator, case.features, case.schema, case.held_out, seed=0, runtimes=("sklearn",))
    (folder / "blob").write_bytes(choice.blob)
    (folder / "schema.json").write_text(json.dumps(case.schema.to_dict()))
    np.save(folder / "numbers.npy", case.held_out.numbers)
    texts = [[None if cell != cell else cell for cell in row] for row in case.held_out.texts]  # noqa: PLR0124
    (folder / "texts.json").write_text(json.dumps(texts))
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), *ways], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5, random_state=0),
        make_pipeline(PowerTransformer(), LogisticRegression()),
        HistGradientBoostingClassifier(max_iter=5),
        KNeighborsClassifier(),
        GaussianProcessClassifier(),
        make_pipeline(PowerTransformer(), SVC(probability=False)),
        make_pipeline(PowerTransformer(), MLPClassifier((5,), max_iter=5, random_state=0)),
    ],
    ids=lambda estimator: "-".join(
        type(step).__name__ for _, step in getattr(estimator, "steps", [(0, estimator)])
    ),
)
@pytest.mark.filterwarnings("ignore")
def test_the_same_bits_are_answered_with_imports_put_off(estimator: Any, tmp_path: Path) -> None:
    [lazy] = answered(estimator, cancer(), tmp_path, "lazily")
    [eager] = answered(estimator, cancer(), tmp_path, "eagerly")

    assert lazy[:2] == eager[:2]
    assert lazy[2] != []
    assert eager[2] == []


def test_mixed_columns_are_answered_the_same_with_imports_put_off(tmp_path: Path) -> None:
    estimator = make_pipeline(columns(), RandomForestClassifier(5, random_state=0))

    [lazy] = answered(estimator, penguins(), tmp_path, "lazily")
    [eager] = answered(estimator, penguins(), tmp_path, "eagerly")

    assert lazy[:2] == eager[:2]


def test_clusters_are_the_same_with_imports_put_off(tmp_path: Path) -> None:
    estimator = KMeans(3, n_init=1, random_state=0)

    [lazy] = answered(estimator, cancer(), tmp_path, "lazily", task="clustering")
    [eager] = answered(estimator, cancer(), tmp_path, "eagerly", task="clustering")

    assert lazy[:2] == eager[:2]


def test_a_version_that_is_to_be_loaded_with_all_imports_is_after_one_that_was_not(tmp_path: Path) -> None:
    lazy, eager = answered(RandomForestClassifier(5, random_state=0), cancer(), tmp_path, "lazily", "eagerly")

    assert lazy[:2] == eager[:2]
    assert lazy[2] != []
    assert eager[2] == []


def test_all_that_is_put_off_is_imported_by_scikit_learn_otherwise() -> None:
    program = """
import sys, warnings
warnings.simplefilter("ignore")
from sklearn.utils import all_estimators
all_estimators()
print("\\n".join(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    stale = sorted(UNUSED - set(done.stdout.split()))

    assert stale == [], (
        f"this scikit-learn does not import {stale}: take them off dasier.runtimes.sklearn.UNUSED"
    )


def _probes(built: Built) -> Probes:
    cells = {column.name: [0.0, 1.0, 2.0] for column in built.manifest.schema.columns}
    return Probes({"held_out": from_columns(built.manifest.schema, cells, pointer_in("#", by_column=True))})


def test_a_build_says_that_a_version_may_be_loaded_lazily() -> None:
    built = assemble(models.fitted("flats"), runtimes=("sklearn",))

    assert built.manifest.runtime.lazily
    assert built.manifest.runtime.refused == ()


@pytest.mark.parametrize(
    ("thing", "why"), [(hostile.Purist(), "answers otherwise"), (hostile.Classicist(), "no body")]
)
def test_a_version_that_answers_otherwise_is_loaded_with_all_imports(thing: Any, why: str) -> None:
    built = models.pickled("m", thing)

    found = tried(built, _probes(built))

    assert not found.lazily
    assert why in found.why_not


def test_the_process_that_judges_loads_as_the_manifest_says() -> None:
    built = models.pickled("m", hostile.Classicist())
    lazily = replace(built.manifest.runtime, lazily=True)

    rehearse(built)
    with pytest.raises(RehearsalFailed, match="no body"):
        rehearse(replace(built, manifest=replace(built.manifest, runtime=lazily)))


def test_only_a_runtime_that_can_puts_imports_off() -> None:
    built = models.constant()

    with pytest.raises(AttributeError, match="load_lazily"):
        load("onnx", built.blobs["model"], built.manifest.schema, lazily=True)

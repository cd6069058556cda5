from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from dasier.building import params
from dasier.building.recipe import read
from dasier.errors import RecipeInvalid
from dasier.rules import Rules

CODE = """
def load():
    return None

def estimator(params):
    return dict(params)
"""

PARAMS = """
name = "plums"
task = "classification"
target = "kind"
seed = 1
title = { en = "Plums", fr = "Prunes" }
summary = { en = "Which plum.", fr = "Quelle prune." }
limits = { en = "Two kinds.", fr = "Deux variétés." }

[estimator]
depth = 3

[output.class_labels]
red = { en = "Red", fr = "Rouge" }

[columns.size]
kind = "float"
unit = "mm"
label = { en = "Size", fr = "Taille" }
example = 31
"""


def folder(path: Path, document: str = PARAMS, code: str = CODE) -> Path:
    (path / "params.toml").write_text(document)
    (path / "recipe.py").write_text(code)
    return path


def problems(path: Path, document: str, code: str = CODE) -> tuple[str, ...]:
    with pytest.raises(RecipeInvalid) as refusal:
        read(folder(path, document, code))
    return refusal.value.problems


def test_a_recipe_is_read(tmp_path: Path) -> None:
    recipe = read(folder(tmp_path))

    assert (recipe.name, recipe.task, recipe.target, recipe.seed) == ("plums", "classification", "kind", 1)
    assert recipe.estimator(recipe.estimator_params) == {"depth": 3}
    assert recipe.refinements.of("size").unit == "mm"
    assert recipe.refinements.output.class_labels["red"]["fr"] == "Rouge"


def test_what_a_recipe_leaves_out_gets_a_default(tmp_path: Path) -> None:
    recipe = read(folder(tmp_path))

    assert (recipe.test_share, recipe.stratify, recipe.gate) == (0.25, False, {"policy": "promote"})
    assert (recipe.use, recipe.data, recipe.licence) == ({}, {}, "")


def test_a_float_example_written_as_a_whole_number_is_a_float(tmp_path: Path) -> None:
    example = read(folder(tmp_path)).refinements.of("size").example

    assert isinstance(example, float)


def test_what_people_call_a_category_is_read(tmp_path: Path) -> None:
    document = PARAMS + '[columns.size.category_labels]\n"cafe\u0301" = { en = "Coffee", fr = "Café" }\n'

    labels = read(folder(tmp_path, document)).refinements.of("size").category_labels

    assert labels == {"café": {"en": "Coffee", "fr": "Café"}}


@pytest.mark.parametrize(
    ("said", "personal", "hashed"),
    [("false", False, False), ("true", True, False), ('"drop"', True, False), ('"hash"', True, True)],
)
def test_what_tells_of_a_person_is_dropped_or_hashed(
    tmp_path: Path, said: str, *, personal: bool, hashed: bool
) -> None:
    notes = read(folder(tmp_path, PARAMS + f"personal = {said}\n")).refinements.of("size")

    assert (notes.personal, notes.hashed) == (personal, hashed)


def test_another_way_to_treat_what_tells_of_a_person_is_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, PARAMS + 'personal = "hashed"\n')

    assert found.startswith("columns.size.personal: give true, false or one of drop, hash, not 'hashed'")


def test_a_category_needs_its_label_in_both_languages(tmp_path: Path) -> None:
    found = problems(tmp_path, PARAMS + '[columns.size.category_labels]\nbig = { en = "Big" }\n')

    assert found == ("columns.size.category_labels.big.fr: it is missing; give a string",)


def test_digests_change_with_the_files(tmp_path: Path) -> None:
    before = read(folder(tmp_path)).digests

    after = read(folder(tmp_path, PARAMS + "\n# a remark\n")).digests

    assert before["recipe.py"] == after["recipe.py"]
    assert before["params.toml"] != after["params.toml"]


def test_every_problem_is_told_at_once_with_its_key_path(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """
        name = "Plums!"
        task = "clasification"
        seed = -1
        sumary = "…"
        title = { en = "Plums" }
        limits = { en = " ", fr = "x" }
        split = { test_share = 0.9, stratify = "yes" }
        gate = { policy = "always" }
        [columns."stone weight"]
        kind = "number"
        unti = "g"
        """,
    )

    assert sorted(problem.split(":")[0] for problem in found) == [
        'columns."stone weight".kind',
        'columns."stone weight".unti',
        "gate.policy",
        "limits.en",
        "name",
        "seed",
        "split.stratify",
        "split.test_share",
        "sumary",
        "summary",
        "task",
        "title.fr",
    ]


@pytest.mark.parametrize(
    ("line", "hint"),
    [('tagret = "kind"', "target"), ('sumary = "x"', "summary"), ("[spilt]\na = 1", "split")],
)
def test_an_unknown_key_is_refused_with_the_one_that_was_meant(tmp_path: Path, line: str, hint: str) -> None:
    found = problems(tmp_path, line + "\n" + PARAMS if "[" not in line else PARAMS + line)

    assert len(found) == 1
    assert f"did you mean {hint!r}?" in found[0]


@pytest.mark.parametrize(
    ("task", "key"),
    [("regression", "output.class_labels"), ("clustering", "target")],
)
def test_what_a_task_has_no_use_for_is_refused(tmp_path: Path, task: str, key: str) -> None:
    found = problems(tmp_path, PARAMS.replace("classification", task))

    assert any(problem.startswith(key) for problem in found)


def test_a_classification_without_a_target_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, PARAMS.replace('target = "kind"', ""))

    assert found == ("target: it is missing; give a string",)


@pytest.mark.parametrize("task", ["regression", "clustering"])
def test_rows_without_a_class_cannot_be_stratified(tmp_path: Path, task: str) -> None:
    found = problems(tmp_path, PARAMS.replace("classification", task) + "\n[split]\nstratify = true\n")

    assert any(problem.startswith("split.stratify") for problem in found)


@pytest.mark.parametrize(
    ("kind", "example", "words"),
    [
        ("integer", "1.5", "a whole number"),
        ("integer", "true", "a whole number"),
        ("float", '"1"', "a number"),
        ("boolean", "1", "true or false"),
        ("category", "1", "a string"),
        ("float", "inf", "finite"),
        ("float", "1" + "0" * 400, "more digits"),
    ],
)
def test_an_example_must_be_of_its_kind(tmp_path: Path, kind: str, example: str, words: str) -> None:
    document = PARAMS.replace('kind = "float"', f'kind = "{kind}"').replace(
        "example = 31", f"example = {example}"
    )

    found = problems(tmp_path, document)

    assert len(found) == 1
    assert words in found[0]


def test_a_pattern_describes_many_columns_and_a_name_of_its_own_wins(tmp_path: Path) -> None:
    document = (
        PARAMS
        + r"""
        [column_patterns.'spot_(?P<row>\d+)']
        unit = "mm"
        label = { en = "Spot {row}", fr = "Tache {row}" }
        [columns.spot_2]
        unit = "cm"
        """
    )

    refinements = read(folder(tmp_path, document)).refinements

    assert refinements.of("spot_12").label == {"en": "Spot 12", "fr": "Tache 12"}
    assert refinements.of("spot_2").unit == "cm"
    assert refinements.of("other").unit is None


def test_a_broken_pattern_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, PARAMS + "\n[column_patterns.'spot_(']\nunit = 'mm'\n")

    assert "not a regular expression" in found[0]


def test_what_is_not_toml_is_refused(tmp_path: Path) -> None:
    found = problems(tmp_path, "name = plums")

    assert found[0].startswith("this is not TOML")


def test_a_folder_without_its_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid) as refusal:
        read(tmp_path)

    assert refusal.value.problems == ("recipe.py is missing", "params.toml is missing")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def load(): return 1", "add the function estimator(params)"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def load(:", "SyntaxError"),
    ],
)
def test_code_that_is_no_recipe_is_refused(tmp_path: Path, code: str, words: str) -> None:
    found = problems(tmp_path, PARAMS, code)

    assert words in found[0]


def test_reading_leaves_no_trace_in_the_interpreter(tmp_path: Path) -> None:
    path, modules = list(sys.path), set(sys.modules)

    read(folder(tmp_path))

    assert (sys.path, set(sys.modules)) == (path, modules)


def test_two_recipes_do_not_see_each_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        folder(tmp_path / name, PARAMS, CODE.replace("None", repr(name)))

    first, second = read(tmp_path / "a"), read(tmp_path / "b")

    assert (first.load(), second.load()) == ("a", "b")


def test_every_key_is_documented() -> None:
    guide = (Path(__file__).resolve().parents[2] / "model_builds" / "README.md").read_text()
    readers = ("recipe.py", "gate_table.py")
    code = "".join(Path(params.__file__).with_name(name).read_text() for name in readers)

    read = r'(?:string|text|table|array|integer|number|finite|boolean|true_or_one_of|one_of|cell)\("(\w+)"'
    keys = set(re.findall(read, code)) | {"floor"}

    assert keys <= set(re.findall(r"\w+", guide))
    assert len(keys) > 20


GATE = """
[gate]
policy = "hold"
breaking = true
confidence = 0.9
metric = "recall"
margin = 0.02
latency_ms = 20
size_mb = 5
[gate.canary]
share = 20
requests = 50
[gate.floors]
balanced_accuracy = 0.9
[[gate.slices]]
column = "size"
minimum = 20
metric = "accuracy"
floor = 0.8
[[gate.slices]]
column = "kind"
value = "red"
floor = 0.7
least_rows = 5
"""


def test_rules_of_the_gate_are_read(tmp_path: Path) -> None:
    gate = read(folder(tmp_path, PARAMS + GATE)).gate

    assert gate == {
        "policy": "hold",
        "breaking": True,
        "confidence": 0.9,
        "metric": "recall",
        "margin": 0.02,
        "floors": {"balanced_accuracy": 0.9},
        "slices": [
            {"column": "size", "minimum": 20.0, "metric": "accuracy", "floor": 0.8, "least_rows": 20},
            {"column": "kind", "value": "red", "metric": "balanced_accuracy", "floor": 0.7, "least_rows": 5},
        ],
        "latency_ms": 20.0,
        "size_mb": 5.0,
        "canary": {"share": 20, "minutes": 60.0, "requests": 50, "slower": 2.0},
    }
    assert Rules.read(gate).canary.requests == 50
    assert Rules.read(gate).slices[1].least_rows == 5


def test_every_problem_with_the_gate_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        PARAMS
        + """
        [gate]
        metric = "mae"
        confidence = 2
        margin = -1
        latency_ms = 0
        brekaing = true
        canary = { share = 100, minutes = -1, requests = 0, slower = 0.5, sahre = 3 }
        [gate.floors]
        balanced_acuracy = 0.9
        accuracy = 90
        [[gate.slices]]
        column = "size"
        floor = 0.5
        [[gate.slices]]
        column = "size"
        minimum = 3
        maximum = 2
        floor = inf
        least_rows = 0
        colour = "red"
        """,
    )

    assert sorted(problem.split(":")[0] for problem in found) == [
        "gate.brekaing",
        "gate.canary.minutes",
        "gate.canary.requests",
        "gate.canary.sahre",
        "gate.canary.share",
        "gate.canary.slower",
        "gate.confidence",
        "gate.floors.accuracy",
        "gate.floors.balanced_acuracy",
        "gate.latency_ms",
        "gate.margin",
        "gate.metric",
        "gate.slices[0].value",
        "gate.slices[1].colour",
        "gate.slices[1].floor",
        "gate.slices[1].least_rows",
        "gate.slices[1].minimum",
    ]
    assert any("did you mean 'balanced_accuracy'?" in problem for problem in found)
    assert any("did you mean 'breaking'?" in problem for problem in found)


@pytest.mark.parametrize("line", ["slices = 3", 'slices = ["a"]', "floors = 0.9"])
def test_a_gate_of_other_types_is_refused(tmp_path: Path, line: str) -> None:
    assert len(problems(tmp_path, f"{PARAMS}\n[gate]\n{line}\n")) == 1


def test_a_clustering_takes_no_floors(tmp_path: Path) -> None:
    document = PARAMS.replace("classification", "clustering").replace('target = "kind"\n', "")

    found = problems(tmp_path, document + "[gate.floors]\nsilhouette = 0.5\n")

    assert any(problem.startswith("gate.floors:") for problem in found)

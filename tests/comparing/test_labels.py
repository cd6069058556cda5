from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dasier.comparing.labels import differing
from dasier.measuring.measures import wilson
from dasier.rules import Slice
from tests.comparing.estimators import ISLES, Alarms, Groups, Sizes
from tests.comparing.versions import ALARMS, GROUPS, N_ROWS, ROWS, SIZES, TRUTH, against, told, version
from tests.models import Shop


def test_a_change_in_one_part_is_found_and_told_first_with_its_counts() -> None:
    found = against(Shop(), version(Sizes()), version(Sizes(turned=("Dream",)))).document

    assert found["difference"]["changed"] == {"rows": 50, **wilson(50, N_ROWS)}
    first = found["slices"]["told"][0]
    assert (first["slice"], first["rows"], first["changed"], first["value"]) == ("isle = Dream", 50, 50, 1.0)
    assert first["stands_out"]
    assert [one["slice"] for one in found["slices"]["told"] if one["stands_out"]] == ["isle = Dream"]


def test_the_table_goes_from_the_old_label_to_the_new() -> None:
    found = against(Shop(), version(Sizes()), version(Sizes(turned=("Dream",)))).document["difference"]

    dream = [isle == "Dream" for isle in ROWS["isle"]]
    large = sum(size == "large" and here for size, here in zip(TRUTH, dream, strict=True))
    assert found["classes"] == ["large", "small"]
    assert found["table"] == [[100 - large, large], [50 - large, 50 + large]]
    first, _ = found["per_class"]
    assert (first["old"], first["new"], first["kept"]) == (100, 150 - 2 * large, 100 - large)
    assert (first["left"], first["came"]) == (large, 50 - large)


def test_probabilities_say_how_far_they_moved() -> None:
    found = against(Shop(), version(Sizes()), version(Sizes(turned=("Dream",)))).document["difference"]

    moved = found["per_class"][0]["probability"]
    assert abs(moved["largest"]) == pytest.approx(0.7)
    assert moved["mean_absolute"] == pytest.approx(0.7 * 50 / N_ROWS)


def test_the_same_version_published_twice_differs_in_nothing() -> None:
    found = against(Shop(), version(Sizes()), version(Sizes())).document

    assert found["difference"]["changed"]["rows"] == 0
    assert found["difference"]["changed"]["high"] < 0.02
    assert not any(one["stands_out"] or one["value"] for one in found["slices"]["told"])
    assert found["examples"] == []


def test_known_truth_says_which_is_right_where_they_differ() -> None:
    found = against(Shop(), version(Sizes()), version(Sizes(turned=("Dream",)), truth=TRUTH)).document[
        "truth"
    ]

    assert found["old_right"]["value"] == 1.0
    assert found["new_right"]["value"] == 0.75
    assert found["disagreements"] == {
        "rows": 50, "new_right": 0, "old_right": 50, "neither": 0, "share_new": wilson(0, 50),
    }  # fmt: skip


def test_the_parts_that_the_gate_names_are_told_however_few_their_rows_are() -> None:
    rule = Slice(column="mass", minimum=4950, metric="accuracy", floor=0.5)
    named = {"column": rule.column, "minimum": rule.minimum, "metric": rule.metric, "floor": rule.floor}
    new = version(Sizes(turned=("Dream",)), gate={"slices": [named]})

    found = told(against(Shop(), version(Sizes()), new), rule.title)

    assert (found["of_gate"], found["rows"], found["chance"]) == (True, 5, None)


def test_one_column_can_be_asked_for() -> None:
    found = against(Shop(), version(Sizes()), version(Sizes(turned=("Dream",))), by="isle").document["slices"]

    assert [(one["slice"], one["changed"]) for one in found["told"]] == [
        ("isle = Dream", 50), *((f"isle = {isle}", 0) for isle in sorted(set(ISLES) - {"Dream"})),
    ]  # fmt: skip


def test_the_rows_that_changed_most_are_shown() -> None:
    (one,) = against(
        Shop(), version(Sizes()), version(Sizes(turned=("Dream",)), truth=TRUTH), examples=1
    ).document["examples"]

    assert one["cells"]["isle"] == "Dream"
    assert {one["old"], one["new"]} == {"large", "small"}
    assert one["truth"] == one["old"]
    assert one["old_probability"] == pytest.approx(0.9 if one["old"] == "large" else 0.8)


def test_what_tells_of_a_person_is_shown_in_no_example() -> None:
    isle, mass = SIZES.columns
    schema = replace(SIZES, columns=(isle, replace(mass, personal=True)))

    found = against(Shop(), version(Sizes(), schema), version(Sizes(turned=("Dream",)), schema)).document

    assert [tuple(one["cells"]) for one in found["examples"]] == [("isle",)] * 5


def test_clusters_with_other_numbers_are_the_same_clusters() -> None:
    found = against(Shop(), version(Groups(), GROUPS), version(Groups(numbers=(2, 0, 1)), GROUPS)).document[
        "difference"
    ]

    assert found["changed"]["rows"] == 0
    assert found["adjusted_rand"] == 1.0
    assert {(one["old"], one["new"]) for one in found["matching"]} == {("0", "2"), ("1", "0"), ("2", "1")}


def test_rows_that_go_to_another_cluster_are_counted_once_the_numbers_are_matched() -> None:
    new = version(Groups(numbers=(2, 0, 1), edges=(3600, 4500)), GROUPS)

    found = against(Shop(), version(Groups(), GROUPS), new).document["difference"]

    assert found["changed"]["rows"] == sum(3500 <= mass < 3600 for mass in ROWS["mass"]) == 10
    assert 0.8 < found["adjusted_rand"] < 1


def test_a_cluster_without_a_counterpart_keeps_its_number_and_says_whose_it_is() -> None:
    new = version(Groups(numbers=(0, 1, 1), edges=(3000, 4000)), GROUPS)
    found = against(Shop(), new, version(Groups(), GROUPS)).document["difference"]

    assert [name for name in found["classes"] if "of version 2" in name] != []
    assert sum(map(sum, found["table"])) == N_ROWS


def test_alarms_are_told_in_words_and_their_scores_by_rank() -> None:
    truth = [-1 if mass >= 4800 else 1 for mass in ROWS["mass"]]
    new = version(Alarms(above=4700), ALARMS, truth=truth)

    found = against(Shop(), version(Alarms(above=4800), ALARMS), new).document

    assert found["difference"]["classes"] == ["anomaly", "normal"]
    assert found["difference"]["table"] == [[20, 0], [10, 170]]
    assert found["difference"]["score_rank_correlation"] == pytest.approx(1.0)
    assert found["truth"]["disagreements"]["old_right"] == 10


def test_labels_that_only_one_version_knows_have_a_line_of_their_own() -> None:
    found = differing(np.array(["a", "b"]), np.array(["a", "c"]), ["a", "b", "c"])

    assert found["table"] == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert found["per_class"][2]["changed"] is None

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imread

from dasier.building.plots import MAX_CLASSES, VERMILION
from dasier.comparing.labels import differing
from dasier.comparing.numbers import differing as differing_numbers
from dasier.comparing.plots import draw
from dasier.comparing.report import Comparison
from dasier.comparing.slices import parts_of, told_of

RNG = np.random.default_rng(0)
N = 120
WORST = np.array(["$worst^$\n\x1b[31m"] * 40 + ["b"] * 80)
COLUMNS = {"place_of_the_rows_with_a_very_long_name_indeed": WORST.tolist()}


def comparison(task: str, old: Any, new: Any, size: Any, **more: Any) -> Comparison:
    document = {
        "name": "birds", "version": 2, "against": 1, "task": task, "unit": "kEUR", "rows": {"compared": len(old)},
        "slices": told_of(parts_of(COLUMNS), size, signed=more.get("signed")), "difference": more["difference"],
    }  # fmt: skip
    return Comparison(document, old, new)


def of_labels(n_classes: int, *, moved: bool = True) -> Comparison:
    names = [f"${number}^" for number in range(n_classes)]
    old = RNG.choice(names, N)
    new = np.where((WORST != "b") & moved, names[0], old)
    return comparison(
        "classification", old, new, (old != new).astype(float), difference=differing(old, new, names)
    )


def of_numbers() -> Comparison:
    old = RNG.normal(100, 10, N)
    new = old + 5 * (WORST != "b")
    return comparison(
        "regression", old, new, new - old, signed=new - old, difference=differing_numbers(old, new)
    )


def vermilion(png: bytes) -> int:
    pixels = imread(io.BytesIO(png))[:, :, :3]
    return int((np.abs(pixels - mpl.colors.to_rgb(VERMILION)).max(axis=2) < 0.02).sum())


@pytest.mark.parametrize("n_classes", [2, MAX_CLASSES, MAX_CLASSES + 5])
def test_labels_are_drawn_however_many_and_whatever_they_are_called(n_classes: int) -> None:
    assert vermilion(draw(of_labels(n_classes))) > 50


def test_numbers_are_drawn() -> None:
    assert vermilion(draw(of_numbers())) > 50


def test_where_nothing_changed_nothing_has_the_colour_of_a_change() -> None:
    assert vermilion(draw(of_labels(3, moved=False))) == 0


def test_where_no_row_is_answered_by_both_the_picture_says_so() -> None:
    document = {**of_labels(2).document, "difference": None, "slices": None, "rows": {"compared": 0}}

    assert draw(Comparison(document, np.empty(0), np.empty(0))).startswith(b"\x89PNG")


def test_the_same_comparison_is_the_same_picture() -> None:
    found = of_numbers()

    assert draw(found) == draw(found)


def test_an_endless_unit_is_cut_as_names_are() -> None:
    endless, cut = of_numbers(), of_numbers()
    for one, unit in ((endless, "x" * 5_000), (cut, "x" * 23 + "…")):
        one.document["unit"] = unit
    same = Comparison(endless.document, cut.old, cut.new)
    same.document.update({key: value for key, value in cut.document.items() if key != "unit"})

    assert draw(same) == draw(cut)

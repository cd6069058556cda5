from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dasier.comparing import manifests
from dasier.comparing.numbers import differing
from dasier.errors import ComparisonRefused
from tests.comparing.estimators import Prices, Sizes
from tests.comparing.versions import N_ROWS, PRICES, ROWS, against, told, version
from tests.models import Shop


def test_a_bias_is_told_in_the_unit_with_its_interval() -> None:
    found = against(Shop(), version(Prices(), PRICES), version(Prices(more=5.0), PRICES)).document

    assert found["unit"] == "kEUR"
    assert found["difference"]["bias"]["value"] == pytest.approx(5.0)
    assert found["difference"]["bias"]["low"] == pytest.approx(5.0)
    assert found["difference"]["quantile_95"] == pytest.approx(5.0)
    assert found["difference"]["largest"] == pytest.approx(5.0)
    assert found["difference"]["same"] == 0
    assert found["difference"]["relative"]["largest"] == pytest.approx(5.0 / 300.0)


def test_a_difference_in_one_part_is_found_and_told_first() -> None:
    new = version(Prices(more=-8.0, on=("Wiencke",)), PRICES)

    found = against(Shop(), version(Prices(), PRICES), new)

    first = found.document["slices"]["told"][0]
    assert (first["slice"], first["rows"], first["stands_out"]) == ("isle = Wiencke", 50, True)
    assert first["value"] == pytest.approx(8.0)
    assert first["bias"] == pytest.approx(-8.0)
    assert told(found, "isle = Dream")["value"] == 0.0
    assert found.document["difference"]["same"] == 150
    assert found.document["difference"]["bias"]["low"] < -2.0 < found.document["difference"]["bias"]["high"]


def test_the_same_version_published_twice_differs_in_nothing() -> None:
    found = against(Shop(), version(Prices(), PRICES), version(Prices(), PRICES)).document

    assert found["difference"]["same"] == N_ROWS
    assert found["difference"]["largest"] == 0.0
    assert not any(one["stands_out"] for one in found["slices"]["told"])


def test_known_truth_says_which_is_closer() -> None:
    truth = [mass / 10 + 1 for mass in ROWS["mass"]]
    new = version(Prices(more=1.5), PRICES, truth=truth)

    found = against(Shop(), version(Prices(), PRICES), new).document["truth"]

    assert (found["old_mae"], found["new_mae"]) == (pytest.approx(1.0), pytest.approx(0.5))
    assert found["better_by"]["value"] == pytest.approx(0.5)
    assert found["disagreements"]["new_closer"] == N_ROWS


def test_a_share_of_what_may_be_nothing_is_not_told() -> None:
    assert differing(np.array([-1.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0]))["relative"] is None


def test_rounding_is_no_difference() -> None:
    old = np.array([1e6, 2.0])

    assert differing(old, old * (1 + 1e-9))["same"] == 2


def test_other_units_and_tasks_are_not_subtracted() -> None:
    shop = Shop()
    euros = replace(PRICES, output=replace(PRICES.output, unit="EUR"))
    for build in (version(Prices(), PRICES), version(Prices(), euros), version(Sizes())):
        shop.publish(build)

    with pytest.raises(ComparisonRefused, match="has no unit"):
        manifests(shop.registry, "sizes", 2, 1)
    with pytest.raises(ComparisonRefused, match="nothing in common"):
        manifests(shop.registry, "sizes", 3, 1)

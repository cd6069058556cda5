"""How a comparison reads at a terminal, of whatever kind of answer."""

from __future__ import annotations

import pytest

from dasier.cli.comparison import show
from tests import models
from tests.comparing.estimators import Prices
from tests.comparing.versions import PRICES, ROWS, against, version
from tests.models import Shop


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    """Let the child find the estimators, as an image would have them."""
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))


def test_numbers_are_told_in_their_unit_and_by_how_much_the_new_version_is_closer(capsys):
    truth = [mass / 10 + 1 for mass in ROWS["mass"]]
    new = version(Prices(more=1.5), PRICES, truth=truth)

    show(against(Shop(), version(Prices(), PRICES), new).document)

    told = capsys.readouterr().out
    assert "Another number: 200 rows of 200" in told
    assert "value (kEUR)" in told
    assert "bias, the mean with its sign  +1.5" in told
    assert "Mean error: 1 kEUR before, 0.5 kEUR now: better by 0.5" in told
    assert "version 2 is closer in 200, version 1 in 0, neither in 0" in told


def test_a_version_that_is_worse_is_said_to_be(capsys):
    truth = [mass / 10 for mass in ROWS["mass"]]
    new = version(Prices(more=-8.0, on=("Wiencke",)), PRICES, truth=truth)

    show(against(Shop(), version(Prices(), PRICES), new).document)

    told = capsys.readouterr().out
    assert "worse by 2 (95 % interval" in told
    assert "isle = Wiencke" in told
    assert "stands out" in told


def test_versions_that_say_the_same_differ_on_none(capsys):
    same = [version(Prices(), PRICES, truth=[1.0] * 200) for _ in range(2)]

    show(against(Shop(), *same).document)

    told = capsys.readouterr().out
    assert "Another number: 0 rows of 200" in told
    assert "They differ on none of these." in told
    assert "None stands out" not in told

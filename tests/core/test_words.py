"""What the gate found and what a release did, in words: complete, in both languages, and never in the way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier import gate
from dasier.measuring.quality import HIGHER_IS_BETTER
from dasier.releases import Release
from dasier.rules import Slice
from dasier.words import LANGUAGES, number, percent, releases, reports
from dasier.words.rules import RULES
from dasier.words.verdicts import LOWER_IS_BETTER, measured, plain, summary, title

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_every_rule_of_the_gate_has_words() -> None:
    modules = Path(gate.__file__).parent.glob("*.py")
    # What a canary's requests show stands in the release log, as its reason; it is no part of a verdict.
    judging = "".join(path.read_text() for path in modules if path.stem != "canary")
    rules = set(re.findall(r'Finding\(\s*"(\w+)"', judging)) | set(re.findall(r'\("(\w+)", self\._', judging))

    assert {"signature", "latency", "comparison", "rehearsal"} <= rules
    assert rules == set(RULES)


def test_measures_are_better_lower_or_higher_as_the_gate_has_it() -> None:
    assert {name for name, higher in HIGHER_IS_BETTER.items() if not higher} == LOWER_IS_BETTER


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("passed", [True, False])
def test_a_rule_is_told_in_both_languages(rule: str, *, passed: bool) -> None:
    told = plain({"rule": rule, "passed": passed})

    assert set(told) == set(title(rule)) == set(LANGUAGES)
    assert told["en"] != told["fr"]
    assert not re.search(r"[^\u00a0\u202f][;:!?»]|«[^\u00a0]|'", told["fr"])


@given(rule=st.sampled_from([*RULES, "new"]), passed=st.booleans(), figures=JSON, known=st.booleans())
def test_figures_that_cannot_be_read_hide_nothing_else(
    rule: str, figures: Any, *, passed: bool, known: bool
) -> None:
    keys = ("row_ms", "budget_ms", "size_mb", "budget_mb", "measured", "stated", "rows", "slices", "metric",
            "value", "serving_value", "serving", "compared", "load_ms", "memory_bytes", "size_bytes")  # fmt: skip
    finding = {
        "rule": rule,
        "passed": passed,
        "detail": "",
        "figures": dict.fromkeys(keys, figures) if known else figures,
    }

    told = measured(finding)

    assert set(told) in (set(), set(LANGUAGES))


def test_floors_say_only_what_was_not_reached_when_they_fail() -> None:
    figures = {
        "mae": {"value": 3.25, "floor": 3.0, "passed": False},
        "r2": {"value": None, "floor": 0.5, "passed": False},
        "rmse": {"value": 1.0, "floor": 3.0, "passed": True},
    }

    told = measured({"rule": "floors", "passed": False, "figures": figures})

    assert told["en"] == (
        "Mean absolute error 3.25, at most 3 demanded; Variance explained (R²) –, at least 0.5 demanded."
    )
    assert told["fr"].startswith("Erreur absolue moyenne 3,25, au plus 3 exigé")


def test_metrics_that_are_not_those_that_were_stated_are_the_ones_told() -> None:
    figures = {"rows": 1200, "measured": {"mae": 3.0, "r2": 0.5}, "stated": {"mae": 2.0, "r2": 0.5}}

    assert measured({"rule": "metrics", "passed": False, "figures": figures})["en"] == (
        "On 1,200 rows that it has not seen: Mean absolute error 3."
    )


def test_a_verdict_without_rules_is_told_all_the_same() -> None:
    assert summary({"passed": False}) == {"en": "Refused.", "fr": "Refusée."}
    assert summary({"passed": True, "rules": []})["fr"] == "Admise."
    assert summary(None)["en"] == "Not judged yet."


def release(number: int, action: str, serving: int | None, previous: int | None) -> dict[str, Any]:
    return Release(
        number=number, id="", action=action, serving=serving, previous=previous, who="", why="", when=""
    ).to_document()


@pytest.mark.parametrize(
    ("entry", "english", "french"),
    [
        (release(1, "promote", 1, None), "Version 1 serves, the first to do so.", "La version 1 sert, la première à le faire."),
        (release(4, "promote", 2, None), "Version 2 serves, after a pause.", "La version 2 sert, après une pause."),
        (release(4, "rollback", 1, 2), "Back to version 1, from version 2.", "Retour à la version 1, depuis la version 2."),
        (release(4, "rollback", 2, 2), "Version 2 goes on serving, from then on everybody.",
         "La version 2 continue de servir, dès lors tout le monde."),
        (release(4, "pause", None, 2), "No version serves from here on; until then it was version 2.",
         "Plus aucune version ne sert\u00a0; jusque-là, c’était la version 2."),
    ],
)  # fmt: skip
def test_a_release_is_told_by_what_changed(entry: dict[str, Any], english: str, french: str) -> None:
    assert releases.told(entry) == {"en": english, "fr": french}


def test_a_canary_that_the_gate_ends_says_so() -> None:
    entry = release(4, "canary", 2, 2) | {"canary": {"version": 3, "share": 5, "automatic": True}}

    assert releases.told(entry)["en"] == (
        "Version 3 answers 5% of the callers, version 2 the others. The gate ends this trial by itself."
    )
    assert "Le contrôle met lui-même fin à cet essai." in releases.standing(entry)["fr"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_a_dash(value: float) -> None:
    assert [percent(value, language) for language in LANGUAGES] == ["–", "–"]
    assert [number(value, language) for language in LANGUAGES] == ["–", "–"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1e300, "10³⁰⁰"), (-6.0221e23, "−6.02\u00a0×\u00a010²³"), (999e12, "999,000,000,000,000")],
)
def test_a_huge_number_is_not_written_out(value: float, shown: str) -> None:
    assert number(value, "en").endswith(shown)
    assert len(number(value, "fr")) < 25


def test_quality_that_people_read_as_a_share_is_told_as_one_in_a_report() -> None:
    quality = {"metric": "accuracy", "value": {"value": 0.812}, "held_out": {"value": 0.95}, "worse": True}

    (told,) = reports.told({"alarmed": ["quality"], "findings": [], "quality": quality})

    assert told["en"].endswith("Accuracy: 81.2% instead of 95%.")
    assert told["fr"].endswith("Exactitude\u00a0: 81,2\u00a0% au lieu de 95\u00a0%.")


@pytest.mark.parametrize(
    ("low", "high", "french"),
    [
        (65, None, "age au moins 65"),
        (None, 1234567.5, "age au plus 1\u202f234\u202f567,5"),
        (0.5, 3, "age de 0,5 à 3"),
    ],
)
def test_a_slice_of_a_range_is_called_in_french(low: float | None, high: float | None, french: str) -> None:
    part = Slice(column="age", metric="mae", floor=1, minimum=low, maximum=high)
    figures = {"slice": part.title, "metric": "mae", "floor": 1, "rows": 9, "value": 2, "passed": False,
               "range": {"column": "age", "minimum": low, "maximum": high}}  # fmt: skip

    told = measured({"rule": "slices", "passed": False, "figures": {"slices": [figures]}})

    assert told["fr"].startswith(f"«\u00a0{french}\u00a0»")
    assert told["en"].startswith(f"“{part.title}”")


def test_only_the_gate_itself_is_translated() -> None:
    assert (
        releases.reason({"who": "gate", "why": "passed the gate"})["fr"]
        == "Elle a été admise par le contrôle."
    )
    assert releases.reason({"who": "eve", "why": "passed the gate"})["fr"] == "passed the gate"

from __future__ import annotations

import pytest

from dasier.errors import SettingsInvalid
from dasier.serving.settings import Settings

LEAST = {"DASIER_REGISTRY": "file:///registry", "DASIER_TRUSTED_KEYS": " a , b,"}


def test_registry_and_keys_are_enough() -> None:
    settings = Settings.read(LEAST)

    assert (settings.registry, settings.trusted_keys) == ("file:///registry", ("a", "b"))
    assert settings == Settings(registry="file:///registry", trusted_keys=("a", "b"))


def test_every_setting_is_read() -> None:
    settings = Settings.read(
        LEAST
        | {
            "DASIER_REFRESH_S": "0.5",
            "DASIER_MODEL_BUDGET_MB": "3",
            "DASIER_BODY_LIMIT_BYTES": "10",
            "DASIER_ANSWER_LIMIT_BYTES": "11",
            "DASIER_DEFAULT_MODEL": "m",
        }
    )

    assert settings.refresh_s == 0.5
    assert settings.model_budget_bytes == 3 * 1024 * 1024
    assert (settings.body_limit_bytes, settings.answer_limit_bytes) == (10, 11)
    assert settings.default_model == "m"


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Settings.read({"DASIER_REFRESH_S": "soon", "DASIER_MODEL_BUDGET_MB": "-1"})

    told = [problem.split()[0] for problem in caught.value.problems]
    assert told == ["DASIER_REGISTRY", "DASIER_TRUSTED_KEYS", "DASIER_REFRESH_S", "DASIER_MODEL_BUDGET_MB"]


@pytest.mark.parametrize("text", ["", "nan", "inf", "-0.1", "1,5", "1s"])
def test_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="DASIER_REFRESH_S"):
        Settings.read(LEAST | {"DASIER_REFRESH_S": text})


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"DASIER_LOG_SHARE": "1.5"}, "DASIER_LOG_SHARE is 1.5: give a share, 0 to 1"),
        ({"DASIER_PREDICTION_LOG": "paper"}, "DASIER_PREDICTION_LOG is 'paper': give "),
        ({"DASIER_PERSONAL_KEY": "short"}, "DASIER_PERSONAL_KEY has fewer than"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_setting_that_cannot_be_meant_is_refused_with_what_may_be_given(
    setting: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Settings.read(LEAST | setting)

    (problem,) = caught.value.problems
    assert problem.startswith(told)

from __future__ import annotations

import pytest

from dasier.errors import MalformedBody
from dasier.serving.options import Options, read_options


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("TRUE", True), ("1", True), ("", True), ("false", False), ("0", False)],
)
def test_option_is_true_or_false(word: str, value: bool) -> None:  # noqa: FBT001 (a parameter of the table)
    assert read_options({"explain": word, "probabilities": word}) == Options(
        explain=value, probabilities=value
    )


def test_what_nobody_asked_for_has_its_default() -> None:
    assert read_options({}) == read_options({"other": "x"}) == Options(explain=False, probabilities=True)


def test_every_option_that_is_neither_is_listed() -> None:
    with pytest.raises(MalformedBody) as caught:
        read_options({"explain": "yes", "probabilities": "perhaps"})

    assert [v.pointer for v in caught.value.violations] == ["?explain", "?probabilities"]

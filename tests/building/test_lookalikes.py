from __future__ import annotations

import pandas as pd
import pytest

from dasier.building.frames import tidy
from dasier.building.lookalikes import notes
from dasier.errors import DataInvalid


@pytest.mark.parametrize(("first", "second"), [("age", "\u0430ge"), ("ca", "\u0441\u0430"), ("T", "\u03a4")])
def test_two_columns_that_look_the_same_are_refused(first: str, second: str) -> None:
    with pytest.raises(DataInvalid, match="columns 0 and 1 look the same") as refused:
        tidy(pd.DataFrame({first: [1, 2], second: [3, 4]}))

    assert ascii(second) in str(refused.value)


def test_other_letters_of_those_scripts_are_columns_like_any() -> None:
    frame = pd.DataFrame(
        {name: [1, 2] for name in ("v", "\u03bd", "Δt", "t", "β_carotene", "возраст", "\u0433\u043e\u0434")}
    )

    assert len(tidy(frame).kinds) == 7


@pytest.mark.parametrize("name", ["age", "Δt", "β_carotene", "µg", "возраст", "T_\u03a4", "20 °C", "年齢age"])
def test_a_name_that_can_be_typed_has_no_note(name: str) -> None:
    assert notes([name]) == ()


@pytest.mark.parametrize(
    ("name", "script"), [("\u0430ge", "Cyrillic"), ("max \u03a4emp", "Greek")], ids=["cyrillic", "greek"]
)
def test_a_word_of_two_scripts_has_a_note_in_both_languages(name: str, script: str) -> None:
    (note,) = notes(["size", name])

    assert (name in note["en"], script in note["en"], name in note["fr"]) == (True, True, True)

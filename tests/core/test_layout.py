from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dasier import layout
from dasier.errors import ModelNotFound, PathNotFound

HOSTILE = [
    "",
    "..",
    "a/b",
    "A",
    "-a",
    "a" * 64,
    "a\n",
    "a\0",
    "%2e%2e",
    "a.b",
    "é",
    "\u2024",
    "a b",
    "a\\b",
    "a#",
    "a?",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_name_that_no_model_can_have_makes_no_key(name: str) -> None:
    for compose in (layout.model, layout.versions, layout.verdicts, layout.releases):
        with pytest.raises(ModelNotFound):
            compose(name)


@given(st.text())
def test_name_is_the_pattern_of_the_contract_or_refused(name: str) -> None:
    try:
        key = layout.model(name)
    except ModelNotFound:
        return

    assert key == f"models/{name}/"
    assert not {"/", ".", "\n", "\0"} & set(name)


@pytest.mark.parametrize(
    "text", ["0", "-1", "01", "1.0", "1e3", "+1", " 1", "1\n", "٣", "1234567", "", "latest"]
)
def test_version_that_is_no_positive_integer_is_no_path(text: str) -> None:
    with pytest.raises(PathNotFound):
        layout.checked_version(text)


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "../" + "0" * 61, "0" * 64 + "\n"])
def test_digest_that_is_none_makes_no_key(digest: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        layout.blob(digest)


@given(st.integers(1, layout.HIGHEST), st.integers(1, layout.HIGHEST))
def test_newer_release_sorts_before_an_older_one(one: int, two: int) -> None:
    keys = [layout.release("m", number) for number in (one, two)]

    assert (one > two) == (keys[0] < keys[1])
    assert [layout.number(key) for key in keys] == [one, two]


@given(st.integers(1, layout.HIGHEST))
def test_number_is_read_back_from_every_key(number: int) -> None:
    assert layout.number(layout.manifest("m", number)) == number
    assert layout.number(layout.verdict("m", number)) == number


@pytest.mark.parametrize(
    "key",
    [
        "models/m/versions/1.manifest.json",
        "models/m/versions/000001.json",
        "models/M/versions/000001.manifest.json",
        "models/m/versions/000001.manifest.json.bak",
        "models/../versions/000001.manifest.json",
        "models/m/x/versions/000001.manifest.json",
        "xmodels/m/versions/000001.manifest.json",
        "",
    ],
)
def test_key_that_is_no_manifest_names_no_model(key: str) -> None:
    assert layout.published(key) is None


def test_manifest_is_found_below_any_prefix() -> None:
    assert layout.published("a/b/" + layout.manifest("m-1", 7)) == "m-1"

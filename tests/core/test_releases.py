from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dasier.manifest import canonical
from dasier.releases import Canary, Release
from tests.models import entry

CANARIES = st.none() | st.builds(Canary, st.integers(1, 99), st.integers(1, 99))


@given(
    st.integers(1, 10**6),
    st.none() | st.integers(1, 999),
    CANARIES,
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_release_comes_back_from_json_as_it_was(
    number: int, serving: int | None, canary: Canary | None, why: str
) -> None:
    release = entry(number, serving, canary=canary, why=why)

    assert Release.from_document(json.loads(canonical(release.to_document()))) == release


def test_keys_that_a_later_release_adds_are_ignored() -> None:
    release = entry(1, 1, canary=Canary(2, 10))
    document = release.to_document()
    document["colour"] = document["canary"]["colour"] = "red"

    assert Release.from_document(document) == release

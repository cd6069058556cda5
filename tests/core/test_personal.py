from __future__ import annotations

import pytest

from dasier.personal import PersonalKey, key_of
from dasier.schema import Column

KEY, OTHER = PersonalKey("k" * 32), PersonalKey("o" * 32)


def test_a_value_has_one_hash_and_nothing_of_it_is_readable() -> None:
    first, second, other, null = KEY.hashed(["Ann", "Ann", "Bob", None], model="wine", column="name")

    assert first == second != other
    assert null == f"{KEY.mark}:"
    assert "Ann" not in first
    assert first.startswith(f"{KEY.mark}:")


def test_another_key_model_or_column_gives_another_hash() -> None:
    hashes = {
        key.hashed([value], model=model, column=column)[0]
        for key in (KEY, OTHER)
        for model in ("wine", "cars")
        for column in ("name", "maker")
        for value in ("Ann", 1, "1", True, 1.5)
    }

    assert len(hashes) == 2 * 2 * 2 * 5


def test_a_hash_is_read_by_who_has_the_key_alone() -> None:
    column = Column(name="sex", kind="category", categories=("f", "m"), personal=True, hashed=True)
    logged = KEY.hashed(["m", None, "f", "x"], model="wine", column="sex")

    assert KEY.hashes(column, model="wine").read(logged) == ["m", None, "f", logged[3]]
    assert OTHER.hashes(column, model="wine").read(logged) is None
    assert KEY.hashes(column, model="wine").read(None) is None
    assert OTHER.hashes(column, model="wine").read(KEY.hashed([None], model="wine", column="sex")) is None


def test_a_key_shows_itself_nowhere_and_a_short_one_is_refused() -> None:
    assert "kkk" not in f"{KEY!r} {KEY}"
    assert key_of({}) is None
    with pytest.raises(ValueError, match="fewer than 32") as refused:
        key_of({"DASIER_PERSONAL_KEY": "secret"})
    assert "secret" not in str(refused.value)

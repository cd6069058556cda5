from __future__ import annotations

import re
import time

from dasier.ulid import _ALPHABET, ulid


def test_ids_are_different_and_of_the_form_that_the_specification_says() -> None:
    ids = {ulid() for _ in range(2_000)}

    assert len(ids) == 2_000
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", one) for one in ids)


def test_first_ten_characters_are_the_time_in_milliseconds() -> None:
    before_ms = time.time_ns() // 1_000_000
    stamp = 0
    for character in ulid()[:10]:
        stamp = stamp * 32 + _ALPHABET.index(character)

    assert before_ms <= stamp <= time.time_ns() // 1_000_000

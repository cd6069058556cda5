from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dasier import feedback, layout
from dasier.feedback import Truth
from dasier.ulid import time_of, ulid

if TYPE_CHECKING:
    from dasier.store import Store

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD = "01KAARZ3ND" + "EKTSV4RRFFQ69G5F"
"""A prediction of 18 November 2025."""


def known(store: Store) -> dict:
    return feedback.read(store, "wine", first=datetime.now(UTC), last=datetime.now(UTC))


def test_what_was_true_is_read_by_the_day_of_the_prediction(store: Store) -> None:
    new = ulid()
    feedback.record(store, "wine", [Truth(new, "red"), Truth(OLD, ["white", "red"])], now=NOW)

    old = time_of(OLD)

    assert known(store) == {new: "red"}
    assert feedback.read(store, "wine", first=old, last=old) == {OLD: ["white", "red"]}


def test_the_same_told_twice_is_one(store: Store) -> None:
    told = [Truth(OLD, "red"), Truth(ulid(), "white")]

    feedback.record(store, "wine", told, now=NOW)
    feedback.record(store, "wine", reversed(told), now=NOW + timedelta(hours=1))

    assert len(list(store.keys("feedback/wine/"))) == 2  # one for each day


def test_what_is_told_later_counts_in_whatever_order_it_is_read(store: Store) -> None:
    id_ = ulid()
    for hour, actual in ((1, "red"), (3, "rosé"), (2, "white")):
        feedback.record(store, "wine", [Truth(id_, actual)], now=NOW + timedelta(hours=hour))

    assert known(store) == {id_: "rosé"}


def test_an_id_that_no_prediction_has_is_refused_before_anything_is_kept(store: Store) -> None:
    with pytest.raises(ValueError, match="other"):
        feedback.record(store, "wine", [Truth(ulid(), "red"), Truth("other", "red")], now=NOW)

    assert list(store.keys("feedback/")) == []


def test_what_somebody_else_wrote_there_is_passed_over_and_told(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    id_ = ulid()
    feedback.record(store, "wine", [Truth(id_, "red")], now=NOW)
    line = b'{"prediction_id":%s,"received":"2026-11-24T12:00:00%s","actual":"white"}\n'
    others = (line % (b"[]", b"Z"), line % (json.dumps(id_).encode(), b""))  # the second time is of no zone
    today = layout.feedback("wine", f"{datetime.now(UTC):%Y-%m-%d}")
    store.create(today + "note.txt", b"".join((b"hello\n{}\n", *others)))

    assert known(store) == {id_: "red"}

    told = [record for record in caplog.records if record.name == "dasier"]
    assert len(told) == 4

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dasier import layout, predictions
from dasier.errors import ModelNotFound

if TYPE_CHECKING:
    from dasier.store import Store

NOW = datetime.now(UTC)


def line(number: int, **changes: Any) -> bytes:
    record = {
        "kind": "prediction",
        "id": f"01J{number}",
        "time": NOW.isoformat(),
        "model": "wine",
        "version": "3",
        "status": 200,
        "rows": 1,
        "latency_ms": 1.5,
        "release": 4,
        **changes,
    }
    return json.dumps(record).encode() + b"\n"


def write(store: Store, name: str, content: bytes, *, day: datetime = NOW) -> None:
    store.create(layout.predictions("wine", f"{day:%Y-%m-%d}") + name, content)


def ids(store: Store, **more: Any) -> list[str]:
    return [one.id for one in predictions.read(store, "wine", since=NOW - timedelta(hours=1), **more)]


def test_records_are_read_file_after_file(store: Store) -> None:
    write(store, "b.jsonl", line(3))
    write(store, "a.jsonl", line(1) + line(2))

    assert ids(store) == ["01J1", "01J2", "01J3"]


def test_a_record_says_what_its_line_said(store: Store) -> None:
    write(store, "a.jsonl", line(1, positions=[0, 7], columns={"x": [1.0, None]}, later_key=1))

    (one,) = predictions.read(store, "wine", since=NOW)

    assert (one.model, one.version, one.release, one.rows, one.errors) == ("wine", 3, 4, 1, 0)
    assert one.positions == (0, 7)
    assert one.columns == {"x": [1.0, None]}


def test_compressed_files_are_read_as_well(store: Store) -> None:
    write(store, "a.jsonl.gz", gzip.compress(line(1)))

    assert ids(store) == ["01J1"]


def test_what_is_no_record_is_passed_over_and_told(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    broken = [b"{", b"[]\n", b'{"kind": "prediction"}\n', line(9)[:40]]
    write(store, "a.jsonl", line(1) + b"\n".join(broken) + b"\n" + line(2))
    write(store, "b.jsonl", gzip.compress(line(3))[:30])

    assert ids(store) == ["01J1", "01J2"]

    assert [record.unread for record in caplog.records if record.name == "dasier"] == [4, 1]


@pytest.mark.parametrize(
    "odd",
    [
        *({"latency_ms": value} for value in ("1", None, float("nan"), float("inf"))),
        *({"rows": "1"}, {"errors": None}, {"status": 200.0}, {"refusals": []}, {"version": float("inf")}),
        *({"time": "soon"}, {"time": None}, {"time": "2026-11-24T12:00:00"}, {"positions": 3}),
    ],
)
def test_a_record_of_which_nothing_can_be_counted_is_none(store: Store, odd: dict[str, Any]) -> None:
    write(store, "a.jsonl", line(1) + line(2, **odd) + line(3))

    assert ids(store) == ["01J1", "01J3"]


def test_lines_of_another_kind_are_no_records(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    write(store, "a.jsonl", line(1, kind="load") + line(2))

    assert ids(store) == ["01J2"]
    assert not [record for record in caplog.records if record.name == "dasier"]


def test_reading_ends_after_as_many_as_are_asked_for(store: Store) -> None:
    write(store, "a.jsonl", b"".join(map(line, range(5))))

    assert len(ids(store, most=3)) == 3


def test_days_before_are_not_read(store: Store) -> None:
    write(store, "a.jsonl", line(1), day=NOW - timedelta(days=3))
    write(store, "b.jsonl", line(2))

    assert ids(store) == ["01J2"]


def test_a_name_that_no_model_has_asks_for_nothing(store: Store) -> None:
    with pytest.raises(ModelNotFound):
        list(predictions.read(store, "../models", since=NOW))

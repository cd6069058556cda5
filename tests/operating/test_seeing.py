"""What operators are shown: what serves, how it does, what drifted. Little is read, and a sick model hides no other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dasier import layout, predictions
from dasier.errors import ModelNotFound
from dasier.operating import every, one, traffic
from dasier.releases import Canary
from dasier.serving.openapi.operators import OPERATORS
from tests.contracts.test_openapi import _validator
from tests.people.issuers import Issuer
from tests.published import Api, Published

NOW = datetime(2024, 11, 24, 12, 0, tzinfo=UTC)


def _record(version: int, minutes_ago: float, **more: Any) -> dict[str, Any]:
    told = {"kind": "prediction", "id": "01J", "model": "pumps", "version": str(version), "status": 200, "rows": 1,
            "time": (NOW - timedelta(minutes=minutes_ago)).isoformat(), "latency_ms": 10.0}  # fmt: skip
    return told | more


def _log(published: Published, *records: dict[str, Any], file: str = "120000-a", name: str = "pumps") -> None:
    lines = "\n".join(json.dumps(record) for record in records).encode()
    assert published.registry.store.create(f"{layout.predictions(name, '2024-11-24')}{file}.jsonl", lines)


@pytest.fixture
def published() -> Published:
    found = Published()
    found.publish("pumps")
    found.publish("pumps")
    return found


def test_each_version_is_counted_as_the_gate_counts(published: Published) -> None:
    _log(
        published,
        *(_record(2, 1, latency_ms=ms) for ms in (10.0, 20.0, 90.0)),
        _record(2, 1, errors=1, status=500),
        _record(2, 1, refusals=1, status=422),
        _record(1, 2),
        _record(1, 3, instead_of=2),
        _record(2, 14.9),
        _record(2, 15.1),
    )

    told = one(published.service, "pumps", now=NOW)["traffic"]
    (line,) = every(published.service, now=NOW)["models"]

    assert line["traffic"] == {"minutes": 15, "whole": True, "requests": 7, "errors": 2, "median_ms": 10.0}
    assert told == {
        "minutes": 15, "whole": True,
        "versions": [
            {"version": 2, "requests": 6, "errors": 2, "median_ms": 15.0},
            {"version": 1, "requests": 2, "errors": 0, "median_ms": 10.0},
        ],
    }  # fmt: skip


def test_what_is_read_does_not_grow_with_what_was_asked(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        _log(published, _record(2, 1, latency_ms=float(number)), file=f"11{number:02d}00-a")
    read: list[str] = []
    store, usual = published.registry.store, published.registry.store.get
    monkeypatch.setattr(store, "get", lambda key: (read.append(key), usual(key))[1])

    whole = one(published.service, "pumps", now=NOW)["traffic"]
    logs = [key for key in read if key.startswith("predictions/")]
    read.clear()
    line = every(published.service, now=NOW)["models"][0]["traffic"]

    assert len(logs) == traffic.FILES
    assert min(logs).endswith("114000-a.jsonl")
    assert (whole["whole"], whole["versions"][0]["requests"]) == (False, traffic.FILES)
    assert len([key for key in read if key.startswith("predictions/")]) == traffic.FILES_OF_EACH
    assert (line["whole"], line["requests"], line["median_ms"]) == (False, traffic.FILES_OF_EACH, 57.5)


def test_a_line_says_what_serves_since_when_by_whom_and_what_the_gate_said(published: Published) -> None:
    published.publish(
        "pumps", {"rule": "floors", "passed": False, "detail": "", "figures": {}}, release=False
    )
    published.release("pumps", 2, action="canary", canary=Canary(1, 5), who="ada", why="a try")

    (line,) = every(published.service, now=NOW)["models"]

    assert (line["name"], line["title"]["en"], line["unjudged"], line["drift"]) == ("pumps", "Pumps", 0, None)
    assert (line["release"]["serving"], line["release"]["who"]) == (2, "ada")
    assert line["release"]["canary"] == {"version": 1, "share": 5, "automatic": False}
    assert (line["verdict"]["version"], line["verdict"]["passed"]) == (3, False)
    assert line["traffic"] == {"minutes": 15, "whole": True, "requests": 0, "errors": 0, "median_ms": None}


def test_a_model_that_cannot_be_read_says_so_and_hides_no_other(published: Published) -> None:
    published.publish("cells")
    published.registry.store.create(layout.release("pumps", 3), b"{")

    told = every(published.service, now=NOW)["models"]

    assert [(line["name"], line.get("unread", False)) for line in told] == [("cells", False), ("pumps", True)]


def test_a_version_that_is_not_to_be_believed_is_told_of_all_the_same(published: Published) -> None:
    published.registry.store.create(layout.manifest("pumps", 3), b"{}")
    published.registry.store.create(layout.verdict("pumps", 3), b'{"passed": true}')
    published.release("pumps", 2, action="canary", canary=Canary(3, 5))

    (line,), whole = every(published.service, now=NOW)["models"], one(published.service, "pumps", now=NOW)

    assert line["release"]["canary"]["version"] == 3
    assert (whole["trial"], whole["release"]["number"]) == (None, 3)


def test_a_canary_stands_by_its_own_requests_beside_those_of_the_same_release(published: Published) -> None:
    published.release("pumps", 1, action="canary", canary=Canary(2, 20, automatic=True))
    head = published.registry.head("pumps")
    began = replace(head, when=(NOW - timedelta(minutes=30)).isoformat())
    _log(
        published,
        *(_record(2, 5, release=3) for _ in range(4)),
        _record(1, 5, release=3),
        _record(2, 5, release=2),
        _record(1, 6, release=3, instead_of=2),
        file="115500-a",
    )

    stands = traffic.trial(published.registry, "pumps", began, now=NOW)

    assert stands is not None
    assert [(side["version"], side["requests"], side["errors"]) for side in stands["sides"]] == [
        (2, 5, 1),
        (1, 1, 0),
    ]
    assert (stands["minutes"], stands["share"], stands["automatic"], stands["whole"]) == (
        30.0,
        20,
        True,
        True,
    )
    assert [finding["rule"] for finding in stands["findings"]] == ["errors", "latency"]


def test_a_canary_that_fails_is_told_to_do_badly(published: Published) -> None:
    published.release("pumps", 1, action="canary", canary=Canary(2, 50))
    began = replace(published.registry.head("pumps"), when=(NOW - timedelta(minutes=30)).isoformat())
    failing = (_record(2, 5, release=3, errors=1) for _ in range(40))
    _log(published, *failing, *(_record(1, 5, release=3) for _ in range(40)), file="115500-a")

    stands = traffic.trial(published.registry, "pumps", began, now=NOW)

    assert stands is not None
    assert stands["well"] is False


def test_of_a_long_canary_the_last_hour_is_read(published: Published) -> None:
    published.release("pumps", 1, action="canary", canary=Canary(2, 20))
    began = replace(published.registry.head("pumps"), when=(NOW - timedelta(days=3)).isoformat())
    _log(published, _record(2, 5, release=3), _record(2, 61, release=3), file="115500-a")

    stands = traffic.trial(published.registry, "pumps", began, now=NOW)

    assert stands is not None
    assert (stands["sides"][0]["requests"], stands["whole"]) == (1, False)


def test_the_newest_report_is_the_one_that_is_shown(published: Published) -> None:
    for day, alarmed in (("2024-11-22", ["heat"]), ("2024-11-23", []), ("2024-11-21", ["heat", "noise"])):
        document = {"name": "pumps", "version": 2, "alarmed": alarmed}
        published.registry.store.create(layout.report("pumps", day), json.dumps(document).encode())

    assert every(published.service, now=NOW)["models"][0]["drift"] == {
        "day": "2024-11-23",
        "version": 2,
        "alarmed": [],
    }
    assert one(published.service, "pumps", now=NOW)["drift"]["day"] == "2024-11-23"


def test_a_report_whose_pages_alone_are_written_hides_none_that_is_whole(published: Published) -> None:
    document = {"name": "pumps", "version": 2, "alarmed": ["heat"]}
    published.registry.store.create(layout.report("pumps", "2024-11-22"), json.dumps(document).encode())
    published.registry.store.create(layout.report_page("pumps", "2024-11-23", "en"), b"<!doctype html>")

    assert one(published.service, "pumps", now=NOW)["drift"]["day"] == "2024-11-22"


def test_a_report_that_cannot_be_read_is_none(published: Published) -> None:
    published.registry.store.create(layout.report("pumps", "2024-11-23"), b"{")

    assert one(published.service, "pumps", now=NOW)["drift"] is None


def test_models_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from dasier.operating import seeing

    published = Published()
    for name in ("pumps", "cells", "birds"):
        published.publish(name)
    monkeypatch.setattr(seeing, "MOST", 2)

    first = every(published.service, now=NOW)
    rest = every(published.service, now=NOW, after="cells")

    assert [line["name"] for line in first["models"]] == ["birds", "cells"]
    assert first["next"] == "/operations?after=cells"
    assert ([line["name"] for line in rest["models"]], rest["next"]) == (["pumps"], None)


def test_a_model_that_there_is_not_is_not_found(published: Published) -> None:
    for name in ("nobody", "../pumps", ""):
        with pytest.raises(ModelNotFound):
            one(published.service, name, now=NOW)


def test_the_answers_are_as_documented(published: Published) -> None:
    issuer = Issuer()
    published.verify = issuer.verify
    published.release("pumps", 1, action="canary", canary=Canary(2, 20))
    published.registry.store.create(
        layout.report("pumps", "2024-11-23"), b'{"alarmed": ["heat"], "version": 2}'
    )
    api, header = Api(published), {"authorization": f"Bearer {issuer.token()}"}
    document = api.json("GET", "/openapi.json")

    for path, schema in (("/operations", "Overview"), ("/operations/pumps", "Operations")):
        answer = api.json("GET", path, **header)

        assert answer["you"] == {"name": "olga@example.org", "role": "operator"}
        _validator(document, OPERATORS[schema]).validate(answer)


@pytest.mark.parametrize(
    "time", ["soon", 5, None, "2024-11-24T11:59:00", "2024-11-24T11:59:00+02:00", "2024-11-24"]
)
def test_a_record_whose_time_is_none_hides_no_other(
    time: Any, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    _log(published, _record(2, 1, time=time), _record(2, 1))

    told = one(published.service, "pumps", now=NOW)

    assert [side["requests"] for side in told["traffic"]["versions"]] == [1]
    assert [record.unread for record in caplog.records if hasattr(record, "unread")] == [1]


def test_the_newest_files_are_those_that_were_written_last(published: Published) -> None:
    for hour, day in (("235500", "2024-11-23"), ("000500", "2024-11-24")):
        key = f"{layout.predictions('pumps', day)}{hour}-a.jsonl"
        assert published.registry.store.create(key, json.dumps(_record(2, 1, id=hour)).encode())

    found, whole = predictions.lately(
        published.registry.store, "pumps", since=NOW - timedelta(hours=13), until=NOW, files=1
    )

    assert ([record.id for record in found], whole) == (["000500"], False)

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dasier import feedback, gate, layout
from dasier.comparing import Source, compare, from_file, from_held_out, from_log, manifests
from dasier.errors import ComparisonRefused, MalformedBody
from dasier.feedback import Truth
from dasier.schema import Column, Schema
from dasier.ulid import ulid
from tests.comparing.estimators import Sizes
from tests.comparing.versions import ROWS, SIZES, TRUTH, against, version
from tests.gate import offers
from tests.models import SIGNER, Shop

NOW = datetime.now(UTC)


def of_file(body: str, media_type: str = "text/csv") -> Source:
    return from_file(body.encode(), media_type, output=SIZES.output, features=SIZES.names, title="birds.csv")


def test_a_table_is_read_by_the_schema_of_each_version() -> None:
    source = of_file(" isle ,mass\nDream,4100\nBiscoe,\n")

    assert source.read_for(SIZES) == [{"isle": "Dream", "mass": 4100.0}, {"isle": "Biscoe", "mass": None}]


def test_a_column_called_as_the_target_is_the_truth() -> None:
    source = of_file("isle,mass,size\nDream,4100,large\nBiscoe,3100,\n")

    assert source.truth == ("large", None)
    assert source.read_for(SIZES)[0] == {"isle": "Dream", "mass": 4100.0}


@pytest.mark.parametrize(
    "document",
    [
        [{"isle": "Dream", "mass": 4100.0}],
        {"instances": [{"isle": "Dream", "mass": 4100.0}]},
        {"inputs": {"isle": ["Dream"], "mass": [4100.0]}},
        {"dataframe_split": {"columns": ["isle", "mass"], "data": [["Dream", 4100.0]]}},
    ],
)
def test_rows_with_names_are_read_in_every_form(document: Any) -> None:
    source = of_file(json.dumps(document), "application/json")

    assert source.read_for(SIZES) == [{"isle": "Dream", "mass": 4100.0}]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("isle,mass\n", "text/csv"),
        ("isle,isle\nDream,Biscoe\n", "text/csv"),
        ("isle,mass\nDream\n", "text/csv"),
        ("[1, 2]", "application/json"),
        ('[{"mass": NaN}]', "application/json"),
        ('{"inputs": {"isle": ["Dream"], "mass": []}}', "application/json"),
        ("[]", "application/json"),
    ],
)
def test_what_is_no_table_is_refused(body: str, media_type: str) -> None:
    with pytest.raises(MalformedBody):
        of_file(body, media_type)


def test_rows_that_a_version_refuses_are_counted_with_the_reason() -> None:
    source = of_file("isle,mass\nDream,4100\nDream,much\n,3100\nNowhere,3000\n")
    old, new = version(Sizes()), version(Sizes(refused=("Nowhere",)))

    found = against(Shop(), old, new, source).document["rows"]

    assert (found["given"], found["compared"]) == (4, 1)
    assert (found["refused_by_old_only"], found["refused_by_new_only"], found["refused_by_both"]) == (0, 1, 2)
    (text, *_), (_, model) = (
        [why["detail"] for why in found["why"][side] if "isle:" not in why["detail"]]
        for side in ("old", "new")
    )
    assert text.startswith("mass: This column takes a number")
    assert "an isle that the encoder never saw" in model


def test_what_a_caller_may_be_refused_a_version_must_not_refuse_of_its_held_out_rows() -> None:
    shop = Shop()
    shop.registry.publish(version(Sizes(refused=("Wiencke",)), rows=ROWS), SIGNER)

    (verdict,) = gate.sweep(shop.registry)

    assert not verdict["passed"]
    assert (
        "does not answer 50 of the held-out rows (ValueError: an isle"
        in offers.found(verdict, "rehearsal")["detail"]
    )


def test_rows_of_callers_that_lack_a_new_column_are_refused_by_that_version() -> None:
    wider = Schema((*SIZES.columns, Column(name="wing", kind="float")), SIZES.output)
    new = version(Sizes(), wider, rows={**ROWS, "wing": [1.0] * len(TRUTH)})

    found = against(Shop(), version(Sizes()), new, of_file("isle,mass\nDream,4100\n")).document

    assert found["rows"]["refused_by_new_only"] == 1
    assert found["rows"]["why"]["new"] == [{"detail": "wing: This column is missing.", "rows": 1}]
    assert found["schema"]["breaks"] == ["column 'wing' is new, and a request without it is refused"]
    assert found["difference"] is None


def test_a_column_that_only_one_version_has_is_left_out_for_the_other_and_told() -> None:
    wider = Schema((*SIZES.columns, Column(name="wing", kind="float")), SIZES.output)
    new = version(Sizes(), wider, rows={**ROWS, "wing": [1.0] * len(TRUTH)})

    found = against(Shop(), version(Sizes()), new).document

    assert found["rows"]["compared"] == len(TRUTH)
    assert found["schema"]["not_in_old"] == ["wing"]


def test_a_column_that_no_version_knows_can_be_told_by() -> None:
    table = "isle,mass,season\n" + "Dream,4100,wet\n" * 3 + "Biscoe,4100,dry\n" * 3

    found = against(
        Shop(), version(Sizes()), version(Sizes(turned=("Dream",))), of_file(table), by="season"
    ).document

    assert found["schema"]["in_neither"] == ["season"]
    assert [(one["slice"], one["changed"]) for one in found["slices"]["told"]] == [
        ("season = wet", 3),
        ("season = dry", 0),
    ]


def test_a_column_that_no_row_has_cannot_be_told_by() -> None:
    with pytest.raises(ComparisonRefused, match="'season'"):
        against(Shop(), version(Sizes()), version(Sizes()), of_file("isle,mass\nDream,4100\n"), by="season")


def test_a_version_without_held_out_rows_says_so() -> None:
    build = version(Sizes())
    bare = replace(build.manifest, blobs={"model": build.manifest.blobs["model"]})

    with pytest.raises(ComparisonRefused, match="--rows"):
        from_held_out(Shop().registry, bare, bare)


def test_the_same_row_sent_again_is_told_and_shown_once() -> None:
    table = "isle,mass\n" + "Dream,4100\n" * 3 + "Biscoe,4100\n"

    found = against(Shop(), version(Sizes()), version(Sizes(turned=("Dream",))), of_file(table)).document

    assert (found["rows"]["compared"], found["rows"]["distinct"]) == (4, 2)
    assert [one["row"] for one in found["examples"]] == ["row 0"]


# --- the prediction log --------------------------------------------------------------------------


def logged(shop: Shop, records: list[dict[str, Any]], *, when: datetime = NOW) -> None:
    lines = [
        {"kind": "prediction", "id": ulid(), "time": when.isoformat(), "model": "sizes", "version": "1", "status": 200,
         "latency_ms": 1.0, "rows": 1, **one}
        for one in records
    ]  # fmt: skip
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    shop.store.create(layout.predictions("sizes", f"{when:%Y-%m-%d}") + f"{ulid()}.jsonl", body)


def cells(*isles: str) -> dict[str, list[Any]]:
    return {"isle": list(isles), "mass": [4100.0] * len(isles)}


def shop_of_two() -> Shop:
    shop = Shop()
    shop.publish(version(Sizes()))
    shop.publish(version(Sizes(turned=("Dream",))), release=False)
    return shop


def from_log_of(shop: Shop, **more: Any) -> Source | None:
    old, new = manifests(shop.registry, "sizes", 2, None)
    return from_log(shop.registry, old, new, since=more.get("since", NOW - timedelta(days=7)), now=NOW)


def test_rows_that_callers_sent_are_replayed_with_who_and_what_was_true() -> None:
    shop = shop_of_two()
    told = ulid()
    logged(
        shop,
        [
            {"columns": cells("Dream", "Biscoe"), "rows": 2, "client": "ada", "id": told},
            {"columns": cells("Torgersen"), "client": "grace"},
            {"client": "grace"},
        ],
    )
    feedback.record(shop.store, "sizes", [Truth(told, ["large", "large"])], now=NOW)
    source = from_log_of(shop)
    assert source is not None

    old, new = manifests(shop.registry, "sizes", 2, None)
    found = compare(shop.registry, old, new, source).document

    assert source.truth == ("large", "large", None)
    assert "of 3 requests in the log; of 1 requests it holds no rows" in source.told
    assert found["difference"]["changed"]["rows"] == 1
    assert found["callers"] == {"known": 2, "changed": 1}
    assert found["truth"]["disagreements"]["old_right"] == 1
    assert found["examples"][0]["row"] == f"{told} row 0"


def test_of_a_large_request_the_truth_of_the_rows_that_are_kept_counts() -> None:
    shop = shop_of_two()
    told = ulid()
    logged(shop, [{"columns": cells("Dream", "Biscoe"), "rows": 4, "positions": [0, 3], "id": told}])
    feedback.record(shop.store, "sizes", [Truth(told, ["a", "b", "c", "d"])], now=NOW)

    source = from_log_of(shop)

    assert source is not None
    assert (source.truth, source.names) == (("a", "d"), (f"{told} row 0", f"{told} row 3"))


def test_what_is_older_or_holds_no_rows_is_nothing_to_replay() -> None:
    shop = shop_of_two()
    logged(shop, [{"columns": cells("Dream")}], when=NOW - timedelta(days=2))
    logged(shop, [{"client": "ada"}])

    assert from_log_of(shop, since=NOW - timedelta(days=1)) is None


def test_a_log_without_the_columns_that_tell_of_a_person_cannot_be_replayed() -> None:
    isle, mass = SIZES.columns
    schema = replace(SIZES, columns=(isle, replace(mass, personal=True)))
    shop = Shop()
    shop.publish(version(Sizes(), schema))
    shop.publish(version(Sizes(), schema), release=False)

    with pytest.raises(ComparisonRefused, match=r"\(mass\)"):
        from_log_of(shop)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from dasier.building import build_table
from dasier.building.assembling import assemble
from dasier.building.frames import tidy, to_rows
from dasier.building.table import _columns, _task, train_table
from dasier.building.table_csv import read_csv
from dasier.errors import DataInvalid
from dasier.runtimes import load

if TYPE_CHECKING:
    from pathlib import Path


def homes(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "area": np.round(rng.uniform(20, 200, n), 1),
            "garden": rng.random(n) < 0.5,
            "town": rng.choice(["Oslo", "Rome"], n),
            "empty": np.nan,
            "constant": 3,
        }
    )
    frame["price"] = np.round(frame["area"] * 3 + 50 * frame["garden"] + 20 * (frame["town"] == "Rome"), 1)
    frame.loc[::11, "area"] = np.nan
    return frame


def train(tmp_path: Path, frame: pd.DataFrame, target: str = "price") -> tuple[object, list[str]]:
    frame.to_csv(tmp_path / "t.csv", index=False)
    told: list[str] = []
    return train_table(tmp_path / "t.csv", target=target, name="t", progress=told.append), told


def test_table_becomes_a_version_that_answers(tmp_path: Path) -> None:
    trained, told = train(tmp_path, homes())

    built = assemble(trained)  # type: ignore[arg-type]

    schema = built.manifest.schema
    assert schema.output.task == "regression"
    assert {c.name: c.kind for c in schema.columns} == {
        "area": "float",
        "garden": "boolean",
        "town": "category",
    }
    assert sum(word.startswith("cross-validate") for word in told) == 10
    model = load(built.manifest.runtime.name, built.blobs["model"], schema)
    rows = to_rows(trained.held_out, schema)  # type: ignore[attr-defined]
    errors = model.predict(rows).predictions - trained.held_out["price"]  # type: ignore[attr-defined]
    assert np.abs(errors).mean() < 60


def test_columns_that_were_left_out_are_told(tmp_path: Path) -> None:
    trained, _ = train(tmp_path, homes())

    notes = " ".join(note["en"] for note in trained.notes)  # type: ignore[attr-defined]
    assert "“empty” was left out: it is empty" in notes
    assert "“constant” was left out: it has one value" in notes


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["yes", "no"] * 60, "classification"),
        ([True, False] * 60, "classification"),
        ([0, 1, 2] * 40, "classification"),
        (list(range(120)), "regression"),
        ([n / 10 for n in range(120)], "regression"),
    ],
)
def test_task_is_told_by_the_target(cells: list[object], task: str) -> None:
    found = tidy(pd.DataFrame({"y": cells}))

    assert _task(found.frame["y"], found.kinds["y"]) == task


def test_whole_number_classes_stay_whole_when_some_are_missing(tmp_path: Path) -> None:
    homes().assign(price=pd.array([None, *[0, 1] * 59, 1], dtype="Int64")).to_csv(
        tmp_path / "t.csv", index=False
    )

    rows, kinds, _ = _columns(read_csv(tmp_path / "t.csv"), "price")

    assert kinds["price"] == "integer"
    assert _task(rows["price"], kinds["price"]) == "classification"
    assert rows["price"].dtype == np.int64


@pytest.mark.parametrize(
    ("frame", "target", "why"),
    [
        (homes(), "prize", "no column 'prize'"),
        (homes(), "constant", "only one value"),
        (homes().assign(price="same"), "price", "only one value"),
        (homes().assign(price=["rare", *["often"] * 119]), "price", "fewer than 5 rows: rare"),
        (homes(), "empty", "the target 'empty' cannot be predicted: it is empty"),
        (
            homes().assign(price="2024-05-01"),
            "price",
            "the target 'price' cannot be predicted: it holds dates",
        ),
        (homes()[["price", "empty"]], "price", "no column besides the target"),
        (homes().head(0), "price", "."),
    ],
)
def test_table_that_cannot_be_learnt_from_says_why(
    tmp_path: Path, frame: pd.DataFrame, target: str, why: str
) -> None:
    with pytest.raises(DataInvalid, match=why):
        train(tmp_path, frame, target)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a,b\n1.5,x\n", [[1.5, "x"]]),
        ("\ufeffa,b\n1.5,x\n", [[1.5, "x"]]),
        ("a;b\n1,5;x\n", [[1.5, "x"]]),
        ("a\tb\n1.5\tx, y\n", [[1.5, "x, y"]]),
        ("a\tb\n1,5\tx\n", [[1.5, "x"]]),
        ('a,b\n1.5,"x, y"\n', [[1.5, "x, y"]]),
        ("a,b\r\n1.5,x\r\n", [[1.5, "x"]]),
    ],
)
def test_csv_is_read_as_spreadsheets_write_it(tmp_path: Path, content: str, rows: list[list[object]]) -> None:
    (tmp_path / "t.csv").write_text(content, encoding="utf-8", newline="")

    found = read_csv(tmp_path / "t.csv")

    assert found.columns.tolist() == ["a", "b"]
    assert found.to_numpy().tolist() == rows


@pytest.mark.parametrize("content", [b"", b"\xff\xfea\x00", b"a,b\n1,2,3\n4,5,6,7\n", b"\x00\x01"])
def test_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(DataInvalid):
        train_table(tmp_path / "t.csv", target="a", name="t", progress=lambda _: None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a,a,y\n1,2,3\n4,5,6\n", "several columns of the name 'a'"),
        ('"a;b";"a;b";y\n1;2;3\n', "several columns of the name 'a;b'"),
        ("a,y\n1,2,3\n4,5,6\n", "more cells than the header has names"),
        ("a,y\n1,2,\n4,5,\n", "more cells than the header has names"),
        ("a,y\n1,2\n4,5,6\n", "line 3 has 3 cells, and there are 2 columns"),
        ("a,y\n", "a header and no rows"),
    ],
)
def test_cells_are_not_read_under_another_columns_name(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "t.csv").write_text(content)

    with pytest.raises(DataInvalid, match=why):
        read_csv(tmp_path / "t.csv")


def test_words_that_are_read_as_nulls_are_told(tmp_path: Path) -> None:
    cellar = ["None", "full", "NA", "half", ""] * 24
    homes().assign(cellar=cellar, size=["NA", *range(1, 120)]).to_csv(tmp_path / "t.csv", index=False)

    rows, kinds, notes = _columns(read_csv(tmp_path / "t.csv"), "price")

    told = [note["en"] for note in notes if "read as empty" in note["en"]]
    assert told == [
        "In the column “cellar”, cells that say NA, None were read as empty: a caller leaves them empty."
    ]
    assert rows["cellar"].isna().sum() == 72
    assert (kinds["size"], rows["size"].isna().sum()) == ("integer", 1)


def test_numbers_of_the_rows_are_not_learnt_from(tmp_path: Path) -> None:
    homes().to_csv(tmp_path / "t.csv")  # pandas writes them first, under no name

    rows, _, notes = _columns(read_csv(tmp_path / "t.csv"), "price")

    assert "Unnamed: 0" not in rows
    assert any("“Unnamed: 0” was left out: it has no name" in note["en"] for note in notes)


def test_file_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="cannot be read"):
        read_csv(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["", "Homes", "a b", "../x", "a" * 64])
def test_name_that_no_model_can_have_is_refused_before_anything_is_trained(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataInvalid, match="cannot be a model's name"):
        build_table(tmp_path / "none.csv", target="a", name=name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1,5;x\n2,25;y\n", [1.5, 2.25]),
        ("a;b\n1.5;x\n2.25;y\n", [1.5, 2.25]),
        ("a,b\n1.5,x\n2.25,y\n", [1.5, 2.25]),
    ],
    ids=["decimal comma", "semicolon and point", "comma and point"],
)
def test_separator_and_decimal_sign_are_told_from_the_file(
    tmp_path: Path, text: str, expected: list[float]
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)

    assert read_csv(path)["a"].tolist() == expected


DAYS = pd.Series(pd.date_range("2024-01-01", periods=120))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (range(120), "it only counts the rows"),
        (range(1, 121), "it only counts the rows"),
        (reversed(range(120)), "it only counts the rows"),
        (DAYS.dt.strftime("%Y-%m-%d"), "it holds dates"),
        ((DAYS.dt.day.clip(upper=9)).map("0{}/05/2024".format), "it holds dates"),
        (DAYS.dt.strftime("%Y-%m-%d %H:%M:%S"), "it holds dates"),
        (DAYS.dt.strftime("%Y-%m-%dT%H:%M:%S.5+02:00"), "it holds dates"),
    ],
    ids=["from 0", "from 1", "backwards", "days", "few days, as in France", "times", "times of a zone"],
)
def test_a_column_that_each_new_row_would_have_another_of_is_left_out_and_told(cells, why) -> None:
    table, _, notes = _columns(homes().assign(extra=list(cells)), "price")

    assert "extra" not in table
    assert any(f"“extra” was left out: {why}" in note["en"] for note in notes)
    assert any("«\u00a0extra\u00a0» a été écartée\u00a0: elle " in note["fr"] for note in notes)


@pytest.mark.parametrize(
    "cells",
    [range(1900, 2020), [7, *range(119)], [1, *range(1, 120)], ["1-2-3", "2-3-4"] * 60],
    ids=["years", "a gap", "a value twice", "codes that are no dates"],
)
def test_numbers_and_words_that_say_something_are_learnt_from(cells) -> None:
    assert "extra" in _columns(homes().assign(extra=list(cells)), "price")[0]


def test_a_row_number_can_be_what_is_predicted() -> None:
    assert "rank" in _columns(homes().assign(rank=range(120)), "rank")[0]


def test_what_somebody_asks_for_is_left_out_even_if_it_could_not_be_read() -> None:
    frame = homes().assign(**{"Id de ligne": [str(2**60 + n) for n in range(120)]})
    frame["Id de ligne"] = frame["Id de ligne"].astype("int64")

    with pytest.raises(DataInvalid, match="beyond"):
        _columns(frame, "price")
    table, _, notes = _columns(frame, "price", ["town", "Id de ligne"])

    assert set(table) == {"area", "garden", "price"}
    assert [note["en"] for note in notes][:2] == [
        "The column “town” was left out: that was asked for.",
        "The column “Id de ligne” was left out: that was asked for.",
    ]


@pytest.mark.parametrize(
    ("without", "why"),
    [("twon", "no column 'twon' to leave out; the table has area, "), ("price", "cannot be left out")],
)
def test_what_cannot_be_left_out_is_refused(without: str, why: str) -> None:
    with pytest.raises(DataInvalid, match=why):
        _columns(homes(), "price", [without])


def test_classes_that_pandas_wrote_as_floats_are_classes(tmp_path: Path) -> None:
    frame = homes().assign(price=[0.0, 1.0] * 60)

    trained, _ = train(tmp_path, frame)

    assert trained.task == "classification"  # type: ignore[attr-defined]
    assert list(trained.estimator.classes_) == [0, 1]  # type: ignore[attr-defined]
    assert trained.table["price"].dtype == np.int64  # type: ignore[attr-defined]


def test_a_target_of_large_whole_floats_is_still_a_quantity(tmp_path: Path) -> None:
    trained, _ = train(tmp_path, homes().assign(price=np.arange(120) * 1000.0))

    assert trained.task == "regression"  # type: ignore[attr-defined]

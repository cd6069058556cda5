"""Many rows at once: from a file as people have it, to answers as they keep them."""

from __future__ import annotations

import csv
import gzip
import html
import io
import random
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.webapp import catalog
from tests.webapp.fake_api import Canned
from webapp import sheets
from webapp.sheets import SheetRefused

if TYPE_CHECKING:
    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi

HEADER = "island,bill_length_mm,flipper_length_mm,body_mass_g,sex,ringed,notes\n"
GOOD = "Dream,41.5,181,3750,female,true,\n"
FRENCH = "île;longueur du bec;longueur de la nageoire;masse;sexe;bagué;remarques\r\nDream;41,5;181;3 750;Femelle;oui;\r\n"


def sends(visitor: Visitor, table: str | bytes, name: str = "penguins", *, ask: bool = True) -> Any:
    """Drop a file (bytes) or paste cells (str)."""
    sent: dict[str, Any] = {"csrf_token": visitor.token(f"/models/{name}/spreadsheet")}
    sent |= {"step": "ask"} if ask else {}
    sent |= (
        {"text": table} if isinstance(table, str) else {"file": FileStorage(io.BytesIO(table), "cells.csv")}
    )
    boundary, body = encode_multipart(sent)
    return visitor.browser.post(
        f"/models/{name}/spreadsheet",
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers={"Accept-Language": visitor.language},
    )


def asked(api: FakeApi) -> list[dict[str, Any]]:
    return [row for seen in api.seen if seen.method == "POST" for row in seen.json["instances"]]


def downloaded(page: str, separator: str = ",") -> list[list[str]]:
    found = re.search(r'href="data:text/csv;charset=utf-8,([^"]*)"', page)
    assert found
    text = unquote(html.unescape(found[1]))
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator))


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize(
    "table",
    [
        HEADER + GOOD,
        (HEADER + GOOD).encode(),
        (HEADER + GOOD).encode("utf-8-sig"),
        (HEADER + GOOD).encode("utf-16"),
        (HEADER + GOOD).encode("utf-16-le"),
        (HEADER + GOOD).encode("utf-16-be"),
        (HEADER + GOOD).replace(",", "\t").encode("utf-16"),
        (HEADER + GOOD).replace(",", ";").replace("41.5", "41,5").encode("cp1252"),
        "\n\n" + HEADER + "\n" + GOOD + ",,,,,,\n",
        FRENCH,
        HEADER.replace("island", '"Island"').upper() + GOOD,
        "extra," + HEADER + "9," + GOOD,
    ],
    ids=["paste", "file", "mark", "Excel's UTF-16", "UTF-16 LE", "UTF-16 BE", "tabs", "semicolons", "blank lines",
         "French labels", "capitals", "one column more"],
)  # fmt: skip
def test_a_table_is_read_however_it_was_saved(api: FakeApi, visitor: Visitor, table: str | bytes) -> None:
    page = sends(visitor, table)

    assert page.status_code == 200
    assert asked(api) == [
        {"island": "Dream", "bill_length_mm": 41.5, "flipper_length_mm": 181, "body_mass_g": 3750.0, "sex": "female",
         "ringed": True, "notes": None},
    ]  # fmt: skip


def test_the_template_can_be_sent_as_it_is(api: FakeApi, visiteur: Visitor) -> None:
    template = visiteur.reads("/models/penguins/spreadsheet/template.csv")

    page = sends(visiteur, template.data)

    assert template.headers["Content-Disposition"] == 'attachment; filename="penguins.csv"'
    assert "39,1" in template.text
    assert "1 ligne a reçu une réponse." in text(page.text)
    assert asked(api)[0]["bill_length_mm"] == 39.1


def test_a_preview_asks_nobody_and_marks_every_wrong_cell(api: FakeApi, visitor: Visitor) -> None:
    page = sends(
        visitor, HEADER + GOOD + 'Dream,"1,5",1.5,nan,female,perhaps,\n' + GOOD.strip() + ",more\n", ask=False
    )

    assert asked(api) == []
    assert "1 row can be answered. 2 rows need a correction" in text(page.text)
    assert page.text.count('class="cell-wrong"') == 5
    assert "Write a whole number, without decimals." in text(page.text)
    assert "This row has more cells than the first line has names." in text(page.text)


def test_a_preview_brings_the_table_back_for_the_answers(api: FakeApi, visitor: Visitor) -> None:
    page = sends(visitor, HEADER + GOOD, ask=False).text
    found = re.search(r'<textarea name="text" hidden aria-hidden="true">\n(.*?)</textarea>', page, re.DOTALL)

    assert found
    assert "1 row answered." in text(sends(visitor, html.unescape(found[1])).text)


def test_bad_rows_are_told_beside_the_answers_and_in_the_download(api: FakeApi, visitor: Visitor) -> None:
    page = sends(visitor, HEADER + GOOD + "Dream,x,181,3750,female,true,\n" + GOOD).text

    rows = downloaded(page)
    assert "2 rows answered. 1 row could not be read." in text(page)
    assert rows[0][:2] + rows[0][7:] == [
        "island", "bill_length_mm", "Answer", "Probability of Adelie penguin", "Probability of Chinstrap penguin",
        "Probability of Gentoo penguin", "Remarks", "Version",
    ]  # fmt: skip
    assert [row[7] for row in rows[1:]] == ["Adelie penguin", "", "Adelie penguin"]
    assert rows[2][-2] == "Bill length: Write a number, with a decimal point if need be: 1.5."
    assert [len(row) for row in rows] == [len(rows[0])] * 4


def test_a_download_in_french_opens_in_a_french_spreadsheet(visiteur: Visitor) -> None:
    rows = downloaded(sends(visiteur, HEADER + GOOD).text, ";")

    assert rows[0][7] == "Réponse"
    assert rows[1][8] == "0,97"


def test_a_regression_comes_with_its_usual_error(visitor: Visitor) -> None:
    rows = downloaded(sends(visitor, "age,bmi,x\n61,30.5,\n", "diabetes").text)

    assert rows[0][3:6] == ["Answer", "Expect at least", "Expect at most"]
    assert float(rows[1][4]) < float(rows[1][3]) < float(rows[1][5])


def test_cautions_find_their_own_row(api: FakeApi, visitor: Visitor) -> None:
    page = sends(visitor, HEADER + GOOD + GOOD).text

    remarks = [row[-2] for row in downloaded(page)[1:]]
    assert "outside what the model has seen" in remarks[0]
    assert remarks[1] == ""


def test_many_rows_are_asked_in_parts_and_stay_in_order(api: FakeApi, visitor: Visitor) -> None:
    table = "vibration\n" + "".join(f"{number}\n" for number in range(1_201))

    page = sends(visitor, table, "turbines").text

    assert [len(seen.json["instances"]) for seen in api.seen if seen.method == "POST"] == [500, 500, 201]
    assert [row["vibration"] for row in asked(api)] == list(range(1_201))
    assert "And 1101 more, in the CSV." in text(page)
    assert [row[0] for row in downloaded(page)[1:]] == [str(number) for number in range(1_201)]


def test_rows_that_the_api_refuses_are_taken_out_and_the_others_answered(
    api: FakeApi, visitor: Visitor
) -> None:
    usual = api.reply
    refusal = Canned(422, {"errors": [{"pointer": "#/instances/1/vibration", "code": "not_finite"}]})
    api.reply = lambda seen: (  # type: ignore[method-assign]
        refusal if seen.method == "POST" and len(seen.json["instances"]) == 3 else usual(seen)
    )

    rows = downloaded(sends(visitor, "vibration\n1\n2\n3\n", "turbines").text)

    assert [row[1] for row in rows[1:]] == ["Unusual", "", "Unusual"]
    assert rows[2][-2] == "Vibration: This number is too large."


def test_what_could_not_be_asked_is_told_and_what_was_answered_is_kept(
    api: FakeApi, visitor: Visitor
) -> None:
    usual, busy = api.reply, Canned(503, {"detail": "…"})
    api.reply = lambda seen: (  # type: ignore[method-assign]
        busy if seen.method == "POST" and len(seen.json["instances"]) < 500 else usual(seen)
    )

    page = sends(visitor, "vibration\n" + "1\n" * 501, "turbines")

    assert page.status_code == 200
    assert "500 rows answered. 1 row was not asked." in text(page.text)


@pytest.mark.parametrize(("rows", "status"), [(2_000, 200), (4_000, 422)])
def test_no_page_of_answers_is_over_300_kb_compressed(
    api: FakeApi, visitor: Visitor, rows: int, status: int
) -> None:
    digits = random.Random(7)  # noqa: S311 (the worst case: figures that nothing compresses)
    usual = api._answer

    def answer(name: str, seen: Any) -> dict[str, Any]:
        given = usual(name, seen)
        keys = given["predictions"][0]["probabilities"]
        shares = [{key: digits.random() for key in keys} for _row in given["predictions"]]
        return given | {"predictions": [given["predictions"][0] | {"probabilities": one} for one in shares]}

    api._answer = answer  # type: ignore[method-assign]
    columns = [column["name"] for column in api.models["digits"]["schema"]["columns"]]
    lines = [",".join(str(digits.randint(0, 16)) for _column in columns) for _row in range(rows)]

    page = sends(visitor, ",".join(columns) + "\n" + "\n".join(lines)[:500_000], "digits")

    assert page.status_code == status
    assert len(gzip.compress(page.data, 6)) < 300_000
    assert (len(gzip.compress(page.data, 6)) > 100_000) == (
        status == 200
    )  # it is a large page, not an empty one


def test_columns_that_are_missing_are_named(api: FakeApi, visitor: Visitor) -> None:
    page = sends(visitor, "island\nDream\n")

    assert "Columns are missing: Flipper length, Body mass, Ringed." in text(page.text)
    assert asked(api) == []


def test_a_table_from_elsewhere_is_refused(api: FakeApi, visitor: Visitor) -> None:
    answer = visitor.browser.post("/models/penguins/spreadsheet", data={"text": HEADER + GOOD, "step": "ask"})

    assert answer.status_code == 400
    assert asked(api) == []


@given(st.binary(max_size=2_000))
def test_bytes_are_a_table_or_are_refused(content: bytes) -> None:
    try:
        sheet = sheets.read(sheets.decoded(content))
    except SheetRefused:
        return

    assert sheet.lines
    assert all(any(cell.strip() for cell in line.cells) for line in sheet.lines)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_hostile_table_for_a_hostile_model_is_only_words(
    api: FakeApi, visitor: Visitor, language: str
) -> None:
    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)
    visitor.language = language
    template = visitor.reads("/models/hostile/spreadsheet/template.csv").data

    pages = [sends(visitor, template, "hostile", ask=ask).text for ask in (False, True)]
    pages.append(sends(visitor, template + b"<img src=x>,x\n", "hostile", ask=False).text)

    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page
    assert asked(api)[0][catalog.ATTACK] == catalog.ATTACK

"""No cell of a download is run by a spreadsheet, no number in it is changed; and no upload takes the service or the site down.

What the site offers as CSV is its spreadsheets' answers, their template, and a visitor's own predictions; the last is written in the
browser, and tried there (`tests/webapp/test_in_browser.py`).
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.local.asgi import ask
from tests.webapp import catalog
from tests.webapp.conftest import api, settings, site, visiteur, visitor
from tests.webapp.test_spreadsheet import GOOD, HEADER, asked, downloaded, sends, text
from webapp.downloads import neutral
from webapp.sheets import MAX_BYTES

if TYPE_CHECKING:
    from tests.published import Published
    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi

__all__ = ["api", "settings", "site", "visiteur", "visitor"]

# --- downloads -----------------------------------------------------------------------------------

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", " =1", "%0A", "\uff1d1", "=cmd' /C calc'!A0"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_cell_of_a_models_own_words_is_a_formula_in_a_download(
    api: FakeApi, visitor: Visitor, formula: str, language: str
) -> None:
    """Column, label, category, class and unit come from whoever made the model, not from who opens the file."""
    visitor.language = language
    words = (formula, formula)
    columns = [
        catalog.column(formula, "category", categories=[formula], example=formula, label=words,
                       category_labels={formula: dict(zip(("en", "fr"), words, strict=True))}),
        catalog.column("n", example=-3.5, minimum=-9.0, maximum=9.0),
    ]  # fmt: skip
    output = {"name": formula, "classes": [formula, "b"], "probabilities": True}
    api.add(
        catalog.model("hostile", "classification", columns, output=output),
        {"prediction": formula, "probabilities": {formula: 0.5, "b": 0.5}, "warnings": []},
    )
    separator = ";" if language == "fr" else ","
    template = visitor.reads("/models/hostile/spreadsheet/template.csv").data

    rows = downloaded(sends(visitor, template, "hostile").text, separator)

    cells = [cell for row in rows for cell in row]
    assert len(rows) > 1
    assert not [cell for cell in cells if runs(cell)]
    assert not [cell for cell in re.split(r'[;,\n"]', template.decode("utf-8-sig")) if runs(cell)]
    assert {"-3.5", "-3,5"} & set(cells)


def runs(cell: str) -> bool:
    """Say whether Excel, LibreOffice or Google Sheets may take a cell for a formula (OWASP, "CSV Injection")."""
    number = re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?(e[+-]?[0-9]+)?", cell.strip())
    return bool(re.match(r"\s*[=+\-@|%\t\r\uff1d\uff0b\uff0d\uff20]", cell)) and not number


def test_cells_that_a_spreadsheet_would_run_are_text_in_a_download(api: FakeApi, visitor: Visitor) -> None:
    api.predictions["penguins"]["warnings"] = []
    table = (
        HEADER
        + GOOD.strip()
        + '"=HYPERLINK(""http://evil"")"\n'
        + "Dream,-3.5,181,3750,female,true,@SUM(1)\n"
    )

    rows = downloaded(sends(visitor, table).text)

    assert [row[6] for row in rows[1:]] == ['\'=HYPERLINK("http://evil")', "'@SUM(1)"]
    assert rows[2][1] == "-3.5"


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([".", ","]))
def test_a_number_is_never_changed_in_a_download(value: float, mark: str) -> None:
    cell = repr(value).replace(".", mark)

    assert neutral(cell) == cell


@given(
    st.sampled_from(["=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20"]),
    st.text(min_size=1),
)
def test_a_formula_never_stays_one(sign: str, rest: str) -> None:
    cell = neutral(sign + rest)

    assert cell.startswith("'") or re.fullmatch(r"[+\-0-9.,eE\s]+", cell.strip())


# --- uploads to the site -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"PK\x03\x04rest", "This is a workbook, not a CSV file."),
        (b"\xd0\xcf\x11\xe0rest", "This is a workbook, not a CSV file."),
        (b"island\nDr\0eam\n" + b"a" * 600 + b"\0", "This is no text file."),
        (b"", "There is nothing in it yet."),
        (b"island\n", "There is only one line."),
        (b"," * 500_000 + b"\n1\n", "This table has far too many columns."),
        (b'island\n"' + b"a" * 300_000, "a cell is far too long"),
        (b"island\n" + b"1\n" * 5_001, "This table is too large"),
        (b"island\n" + b"a" * 600_000, "This table is too large"),
        (b"\xff\xfe\x00\xd8\x00", "The characters of this file cannot be read."),
    ],
    ids=["xlsx", "xls", "NUL", "empty", "header alone", "half a million columns", "endless cell", "rows", "one line",
         "broken UTF-16"],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(
    api: FakeApi, visitor: Visitor, table: bytes, said: str
) -> None:
    answer = sends(visitor, table)

    assert answer.status_code == 422
    assert said in text(answer.text)
    assert asked(api) == []


@pytest.mark.parametrize(
    "table",
    [b"a" * 100_000_000, b"," * 1_000_000 + b"\n" + b"1," * 1_000_000],
    ids=["100 MB line", "1 M columns"],
)
def test_an_upload_without_measure_is_refused_before_it_is_read(visitor: Visitor, table: bytes) -> None:
    assert len(table) > MAX_BYTES

    answer = sends(visitor, table)

    assert answer.status_code == 413
    assert "up to 5,000 rows" in text(answer.text)


# --- uploads to the API --------------------------------------------------------------------------

COLUMNS = b"heat,noise\n"
LARGE = {
    "a million columns": b"," * 1_000_000 + b"\n" + b"1," * 1_000_000 + b"1\n",
    "a million names": b",".join(b"%d" % n for n in range(500_000)) + b"\n1\n",
    "a long line": COLUMNS + b"1" * 3_900_000,
    "a long cell": COLUMNS + b'"' + b"1" * 3_900_000 + b'",1\n',
    "a quote that never closes": COLUMNS + b'"1,1\n' * 700_000,
    "as many lines as there is room for": COLUMNS + b"x\n" * 1_900_000,
}
HOSTILE = {
    "NUL": COLUMNS + b"1,\0\n",
    "UTF-16": "heat,noise\n1,1\n".encode("utf-16"),
    "UTF-16 without a mark": "heat,noise\n1,1\n".encode("utf-16-le"),
    "half a UTF-8 letter": COLUMNS + b"1,\xc3\n",
    "nothing": b"",
    "blank lines": b"\n" * 1_000,
    "a header alone": b"heat",
    "a header twice": b"heat,heat,noise\n1,1,1\n",
    "a workbook": b"PK\x03\x04" + bytes(range(256)) * 8,
    "a formula": COLUMNS + b"=1+1,1\n",
    "a decimal comma": COLUMNS + b'"1,5",1\n',
}
PATHS = ["/models/pumps/predict", "/models/pumps/invocations", "/models/pumps/versions/1/predict"]
LONGEST_S, MOST_BYTES = 3.0, 200_000_000
"""For 4 MB that are hostile, on a busy machine; a function has 28 s and 1,769 MB."""


@pytest.fixture(scope="module")
def pumps() -> Published:
    from tests.published import Published

    published = Published()
    published.publish("pumps")
    return published


def uploads(published: Published, path: str, body: bytes) -> tuple[int, float]:
    """Give the status of an upload, and how long it took."""
    began_s = time.perf_counter()
    answer = ask(published.gateway, "POST", path, body=body, headers={"content-type": "text/csv"})
    took_s = time.perf_counter() - began_s
    document = json.loads(answer.body)
    assert document.get("status", answer.status) == answer.status
    assert len(answer.body) < 200_000  # a refusal does not grow with what it refuses
    return answer.status, took_s


@pytest.mark.parametrize("what", LARGE)
def test_an_upload_of_any_shape_is_refused_within_time_and_memory(pumps: Published, what: str) -> None:
    assert len(LARGE[what]) < 4_000_000

    status, took_s = uploads(pumps, PATHS[0], LARGE[what])
    tracemalloc.start()
    uploads(pumps, PATHS[0], LARGE[what])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert 400 <= status < 500
    assert took_s < LONGEST_S
    assert most < MOST_BYTES


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_table_of_ours_is_refused(pumps: Published, path: str, what: str) -> None:
    status, _ = uploads(pumps, path, HOSTILE[what])

    assert 400 <= status < 500


@pytest.mark.parametrize("told", [True, False], ids=["told how long", "in pieces"])
def test_of_a_line_of_100_mb_no_more_is_taken_than_the_limit(pumps: Published, *, told: bool) -> None:
    taken = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1_000_000
        return {"type": "http.request", "body": b"1" * 1_000_000, "more_body": taken < 100_000_000}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"text/csv")] + ([(b"content-length", b"100000000")] if told else [])
    scope = {
        "type": "http", "method": "POST", "path": PATHS[0], "raw_path": PATHS[0].encode(), "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1),
    }  # fmt: skip
    tracemalloc.start()
    asyncio.run(pumps.gateway(scope, receive, send))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert sent[0]["status"] == 413
    assert taken <= (0 if told else 11_000_000)
    assert most < 30_000_000


@pytest.mark.parametrize("cell", ["-3.5", "+3.5", "-3.5e2", "-0"])
def test_a_semicolon_separates_and_a_negative_number_is_one(pumps: Published, cell: str) -> None:
    from tests.published import frame

    names = list(frame("pumps").columns)
    body = (";".join(names) + "\n" + ";".join([cell] * len(names)) + "\n").encode()

    status, _ = uploads(pumps, PATHS[0], body)

    assert status == 200

"""Tables too large for a page: handed in, converted, watched, stopped, fetched."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.webapp.fake_api import JOB
from webapp import Settings, create_app
from webapp.sheets import PASSED_ON_BYTES

if TYPE_CHECKING:
    from flask import Flask

    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi

HERE = f"/models/penguins/jobs/{JOB}"
HEADER = "island,bill_length_mm,flipper_length_mm,body_mass_g,sex,ringed,notes\n"
GOOD = "Dream,41.5,181,3750.0,female,true,\n"
FRENCH = "remarques;île;longueur du bec;longueur de la nageoire;masse;sexe;bagué\r\n;Dream;41,5;181;3750;Femelle;oui\r\n"
LINKS = {
    "results": "https://kept.example/results.csv?X-Amz=1&b=2",
    "refused": "https://kept.example/refused.csv",
}


def hands_in(visitor: Visitor, table: str | bytes | None, path: str = "/models/penguins/jobs") -> Any:
    sent: dict[str, Any] = {"csrf_token": visitor.token("/models/penguins/spreadsheet")}
    if isinstance(table, str):
        sent["text"] = table
    elif table is not None:
        sent["file"] = FileStorage(io.BytesIO(table), "cells.csv")
    boundary, body = encode_multipart(sent)
    return visitor.browser.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}",
                                headers={"Accept-Language": visitor.language})  # fmt: skip


def said(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def the_other(api: FakeApi) -> str:
    (found,) = set(api.jobs) - {JOB}
    return found


@pytest.mark.parametrize(
    "table", [HEADER + GOOD, FRENCH, FRENCH.encode("cp1252"), (HEADER + GOOD).encode("utf-16")]
)
def test_a_table_in_the_background_reaches_the_api_as_the_api_reads_it(
    api: FakeApi, visitor: Visitor, table: str | bytes
) -> None:
    answer = hands_in(visitor, table)

    assert answer.status_code == 303
    assert answer.location == f"/models/penguins/jobs/{the_other(api)}"
    assert api.inputs[the_other(api)].decode() == HEADER + GOOD


def test_a_row_that_cannot_be_read_keeps_its_place_for_the_job_to_refuse(
    api: FakeApi, visitor: Visitor
) -> None:
    hands_in(visitor, HEADER + "Dream,long,181,3750,female,perhaps,\n\n" + GOOD + GOOD.strip() + ",more\n")

    lines = api.inputs[the_other(api)].decode().splitlines()
    assert lines[1:] == ["Dream,long,181,3750.0,female,perhaps,", GOOD.strip(), GOOD.strip() + ",?"]


def test_more_rows_than_a_page_answers_go_through(api: FakeApi, visitor: Visitor) -> None:
    table = "vibration\n" + "0.5\n" * 12_000

    answer = hands_in(visitor, table.encode(), "/models/turbines/jobs")

    assert answer.status_code == 303
    assert api.inputs[the_other(api)].count(b"\n") == 12_001


@pytest.mark.parametrize(("table", "why"), [
    ("bill_length_mm\n1\n", "Columns are missing: Island"),
    (b"PK\x03\x04 a workbook", "This is a workbook, not a CSV file."),
    ('a,"b\n', "This is no table"),
    (HEADER, "There is only one line."),
])  # fmt: skip
def test_what_is_no_table_of_this_model_is_refused_before_there_is_a_job(
    api: FakeApi, visitor: Visitor, table: str | bytes, why: str
) -> None:
    answer = hands_in(visitor, table)

    assert answer.status_code == 422
    assert why in said(answer.text)
    assert set(api.jobs) == {JOB}


def test_a_table_that_the_site_cannot_pass_on_is_told_what_to_do(visitor: Visitor, visiteur: Visitor) -> None:
    large = b"vibration\n" + b"0.123456\n" * (PASSED_ON_BYTES // 9 + 10_000)

    english, french = (hands_in(one, large, "/models/turbines/jobs") for one in (visitor, visiteur))

    assert english.status_code == french.status_code == 413
    assert "passes on tables of up to 4 MB" in said(english.text)
    assert "jusqu’à 4\u00a0Mo" in html.unescape(french.text)


def test_a_page_that_is_too_small_for_a_table_leads_to_the_background(visitor: Visitor) -> None:
    page = visitor.browser.post(
        "/models/turbines/spreadsheet",
        data={"csrf_token": visitor.token("/"), "text": "vibration\n" + "1\n" * 5_001},
    )

    assert page.status_code == 422
    assert "have it answered in the background" in said(page.text)
    assert 'formaction="/models/turbines/jobs"' in page.text


def test_a_waiting_job_is_handed_its_table_once(api: FakeApi, visitor: Visitor) -> None:
    first = hands_in(visitor, FRENCH.encode(), HERE)
    second = hands_in(visitor, FRENCH.encode(), HERE)

    assert first.status_code == second.status_code == 303
    assert api.inputs[JOB].decode() == HEADER + GOOD


@pytest.mark.parametrize(
    "url", ["/files/jobs/x/input?signature=s", "https://b.s3.eu-west-3.amazonaws.com/jobs/x?X-Amz=1"]
)
def test_only_the_page_that_uploads_may_reach_where_rows_are_kept(
    api: FakeApi, visitor: Visitor, url: str
) -> None:
    api.jobs[JOB]["upload"]["url"] = url
    origin = api.url if url.startswith("/") else "https://b.s3.eu-west-3.amazonaws.com"

    waiting = visitor.reads(HERE)
    api.moves(JOB, state="running")
    pages = [visitor.reads(path) for path in (HERE, "/", "/models/penguins", "/models/penguins/spreadsheet")]

    assert f"connect-src 'self' {origin};" in waiting.headers["Content-Security-Policy"]
    assert all("connect-src 'self';" in page.headers["Content-Security-Policy"] for page in pages)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example/x", "https://a b/x", "https://a; script-src *", ""]
)
def test_an_upload_to_no_address_adds_nothing_to_what_a_page_may_reach(
    api: FakeApi, visitor: Visitor, url: str
) -> None:
    api.jobs[JOB]["upload"]["url"] = url

    page = visitor.reads(HERE)

    assert "connect-src 'self';" in page.headers["Content-Security-Policy"]
    assert "javascript:" not in page.text


@pytest.mark.parametrize(("language", "words", "rows"), [
    ("en", "The model is at work", "12,345 rows answered. 6 rows could not be read."),
    ("fr", "Le modèle travaille", "12\u202f345 lignes ont reçu une réponse. 6 lignes n’ont pas pu être lues."),
])  # fmt: skip
def test_work_is_shown_by_rows_and_looks_again_without_script(
    api: FakeApi, site: Flask, language: str, words: str, rows: str
) -> None:
    from tests.webapp.conftest import Visitor

    api.moves(JOB, state="running", rows_done=12_345, rows_refused=6, progress=0.4)
    visitor = Visitor(site.test_client(), language)

    page, state = visitor.reads(HERE), visitor.reads(HERE + "/state")

    assert words in page.text
    assert rows in re.sub(r" +", " ", html.unescape(re.sub(r"<[^>]*>", "", page.text)))
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.text
    assert '<progress class="job-bar" max="1" value="0.4"' in page.text
    assert state.json["headline"] == words
    assert (state.json["progress"], state.json["moves"]) == (0.4, True)


def test_answers_are_fetched_from_where_they_are_kept(api: FakeApi, visitor: Visitor) -> None:
    api.moves(JOB, state="done", rows_done=3, rows_refused=1, links=LINKS)

    page = visitor.reads(HERE).text

    assert [html.unescape(link) for link in re.findall(r'href="([^"]*)" download', page)] == list(
        LINKS.values()
    )
    assert 'http-equiv="refresh"' not in page
    assert not visitor.reads(HERE + "/state").json["moves"]


def test_a_link_of_this_machine_is_below_the_address_that_callers_know(
    api: FakeApi, visitor: Visitor
) -> None:
    api.moves(JOB, state="done", links={"results": "/files/jobs/x/results.csv?s=1", "refused": "javascript:alert(1)"},
              rows_refused=1)  # fmt: skip

    page = visitor.reads(HERE).text

    assert f'href="{api.url}/files/jobs/x/results.csv?s=1"' in page
    assert "javascript:" not in page


def test_why_a_job_failed_is_told(api: FakeApi, visiteur: Visitor) -> None:
    api.moves(
        JOB,
        state="failed",
        detail="Columns <b>.",
        errors=[{"pointer": "#/x", "code": "missing", "detail": "x is missing."}],
    )

    page = visiteur.reads(HERE).text

    assert "Ce tableau n’a pas pu recevoir de réponses" in page
    assert "Columns &lt;b&gt;." in page
    assert "x is missing." in page


def test_a_job_is_stopped_and_says_so(api: FakeApi, visitor: Visitor) -> None:
    api.moves(JOB, state="running")

    answer = visitor.browser.post(HERE + "/stop", data={"csrf_token": visitor.token(HERE)})

    assert answer.location == HERE
    assert api.jobs[JOB]["state"] == "cancelled"
    assert "Somebody stopped it." in said(visitor.reads(HERE).text)


@pytest.mark.parametrize(
    "path", ["/models/penguins/jobs/no-such", f"/models/diabetes/jobs/{JOB}", "/models/penguins/jobs/a%2f.."]
)
def test_a_job_that_is_not_known_or_of_another_model_has_a_page(visitor: Visitor, path: str) -> None:
    assert visitor.reads(path).status_code == 404


def test_a_job_that_is_gone_is_told_so(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins/jobs/01J5GONE")

    assert "There is no such table, or not any more" in said(page.text)
    assert visitor.reads("/models/penguins/jobs/01J5GONE/state").status_code == 404


def test_the_plain_template_is_taken_by_the_api_in_every_language(visiteur: Visitor) -> None:
    template = visiteur.reads("/models/penguins/spreadsheet/template.csv?plain=1")

    assert template.text.splitlines()[0] + "\n" == HEADER
    assert "39.1" in template.text


# --- who asks ----------------------------------------------------------------------------------------


def words(api: FakeApi) -> list[str | None]:
    return [seen.headers.get("x-client-id") for seen in api.seen if seen.method == "POST"]


def test_each_visitor_is_the_same_caller_on_every_visit_and_another_than_others(
    api: FakeApi, visitor: Visitor, visiteur: Visitor
) -> None:
    for who in (visitor, visitor, visiteur):
        who.takes_the_example("penguins")
    hands_in(visitor, HEADER + GOOD)

    first, second, other, job = words(api)
    assert first == second == job
    assert other != first
    assert re.fullmatch(r"[\w-]{22}", first or "")


def test_who_only_reads_gets_no_word_and_one_that_is_made_up_is_not_believed(
    api: FakeApi, visitor: Visitor
) -> None:
    visitor.reads("/")
    visitor.reads("/models/penguins")
    assert visitor.browser.get_cookie("dasier-visitor") is None
    visitor.browser.set_cookie("dasier-visitor", "x" * 500)
    visitor.takes_the_example("penguins")

    assert len(words(api)[0] or "") == 22


def test_the_word_is_out_of_reach_of_scripts_and_other_sites(api: FakeApi) -> None:
    deployed = create_app(Settings(api_url=api.url, secret="s" * 32, hosts=("example.org",)))

    answer = deployed.test_client().get(HERE, base_url="https://example.org")

    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("dasier-visitor="))
    assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=2592000"))


# --- what is unusual, before it is asked -------------------------------------------------------------


@pytest.mark.parametrize(("language", "outside", "unseen"), [
    ("en", "is outside what the model has seen", "the model has never seen “Mars”"),
    ("fr", "sort de ce que le modèle a vu", "Mars"),
])  # fmt: skip
def test_a_preview_marks_what_the_model_has_never_seen(
    api: FakeApi, site: Flask, language: str, outside: str, unseen: str
) -> None:
    from tests.webapp.conftest import Visitor

    visitor = Visitor(site.test_client(), language)
    table = HEADER + GOOD * 30 + "Mars,41.5,181,99999,female,true,\n"
    page = visitor.browser.post(
        "/models/penguins/spreadsheet",
        data={"csrf_token": visitor.token("/"), "text": table},
        headers={"Accept-Language": language},
    ).text

    assert page.count('class="cell-odd"') == 2
    assert outside in html.unescape(page)
    assert unseen in html.unescape(page)
    assert 'class="cell-wrong"' not in page

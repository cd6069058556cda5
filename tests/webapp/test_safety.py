"""What strangers and hostile models cannot do; of requests from elsewhere, `tests/threats/test_29_other_sites.py`."""

from __future__ import annotations

import html
import logging
import re
from typing import TYPE_CHECKING

import pytest

from tests.webapp import catalog
from tests.webapp.conftest import SECRET, Visitor
from tests.webapp.fake_api import JOB
from webapp import Settings
from webapp.security import HEADERS

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.webapp.fake_api import FakeApi
    from tests.webapp.people import Providing


def every_response(site: Flask, visitor: Visitor) -> dict[str, TestResponse]:
    """Ask every route with every method that it has, and some that there are not."""
    assert {"/operations/<name>/releases", "/sign-in/back"} <= {
        rule.rule for rule in site.url_map.iter_rules()
    }
    values = {"name": "penguins", "filename": "site.css", "version": 3, "job": JOB}
    answers = {}
    with site.test_request_context():
        for rule in site.url_map.iter_rules():
            path = rule.build({key: values[key] for key in rule.arguments})[1]  # type: ignore[index]
            for method in rule.methods or ():
                answers[f"{method} {path}"] = visitor.browser.open(path, method=method, buffered=True)
    for path in (
        f"/models/diabetes/jobs/{JOB}",
        "/models/penguins/jobs/no-such",
        "/models/penguins/jobs/a%2f..",
        "/nowhere",
        "/models/no-such",
        "/static/../app.py",
        "/models/a%2fb",
    ):
        answers[f"GET {path}"] = visitor.reads(path, buffered=True)
    return answers


@pytest.mark.parametrize("account", [None, "olga"])
def test_every_response_carries_every_header(
    site: Flask, visitor: Visitor, providing: Providing, account: str | None
) -> None:
    if account:
        providing.signs_in(visitor.browser, account)
    answers = every_response(site, visitor)

    assert len(answers) > 15
    for what, answer in answers.items():
        for header, value in HEADERS.items():
            assert answer.headers.get(header) == value, f"{what}: {header}"
        assert (
            answer.headers["Content-Security-Policy"]
            .removeprefix("sandbox; ")
            .startswith("default-src 'none'; ")
        ), what


def test_each_response_names_the_scripts_that_may_run_by_a_word_of_its_own(visitor: Visitor) -> None:
    words = set()

    for _time in range(3):
        page = visitor.reads("/models/digits")
        allowed = re.search(r"script-src 'nonce-([\w-]{22,})';", page.headers["Content-Security-Policy"])
        carried = re.findall(r'<script src="[^"]+" nonce="([^"]+)" defer></script>', page.text)
        assert allowed
        assert set(carried) == {allowed[1]}
        assert page.text.count("<script") == len(carried) > 1
        words.add(allowed[1])

    assert len(words) == 3


def test_pages_are_not_kept_and_files_are(site: Flask, visitor: Visitor, providing: Providing) -> None:
    providing.signs_in(visitor.browser, "olga")
    for what, answer in every_response(site, visitor).items():
        kept = answer.headers.get("Cache-Control", "")
        if answer.mimetype == "text/html" and answer.status_code == 200:
            assert kept == "no-store", what
    assert "max-age=31536000" in visitor.reads("/static/site.css", buffered=True).headers["Cache-Control"]


def test_nothing_on_any_page_is_inline_or_from_elsewhere(
    site: Flask, visitor: Visitor, providing: Providing
) -> None:
    providing.signs_in(visitor.browser, "olga")
    for what, answer in every_response(site, visitor).items():
        if answer.mimetype == "text/html" and answer.status_code != 302:  # that one leads to the provider
            assert not re.search(
                r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", answer.text
            ), what
            assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), what


def test_every_cookie_of_every_route_is_out_of_reach_of_scripts_and_other_sites(
    site: Flask, visitor: Visitor, providing: Providing
) -> None:
    providing.signs_in(visitor.browser, "olga")
    site.config["SESSION_COOKIE_SECURE"] = True
    found = set()
    for browser in (visitor, Visitor(site.test_client())):
        for what, answer in every_response(site, browser).items():
            for cookie in answer.headers.getlist("Set-Cookie"):
                found.add(cookie.partition("=")[0])
                assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=Lax")), what

    assert {"dasier", "dasier-visitor"} <= found <= {"dasier", "dasier-visitor", "dasier-person"}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_hostile_model_is_only_words(
    api: FakeApi, site: Flask, providing: Providing, language: str
) -> None:
    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)
    visitor = Visitor(site.test_client(), language)

    providing.signs_in(visitor.browser, "olga")
    pages = [
        visitor.reads("/operations"),
        visitor.reads("/operations/hostile"),
        visitor.reads("/"),
        visitor.reads("/models/hostile"),
        visitor.reads("/models/hostile?example=1"),
        visitor.fills("hostile"),
        visitor.takes_the_example("hostile"),
    ]

    assert [page.status_code for page in pages] == [200, 200, 200, 200, 200, 422, 200]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "49" not in re.sub(
            r'(csrf_token|kept)" value="[^"]*"|nonce="[^"]*"|v=[0-9a-f]+', "", page.text
        )
        assert html.escape("<script>alert(1)</script>") in page.text


def test_strange_column_names_arrive_as_they_are(api: FakeApi, visitor: Visitor) -> None:
    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)

    visitor.takes_the_example("hostile", __proto__="0.25")

    row = api.seen[-1].json["instances"][0]
    assert row == {
        catalog.ATTACK: catalog.ATTACK,
        "__proto__": 0.25,
        "a/b~c %[]": 0.5,
        "e\u0301moji 🐧": None,
    }


def test_errors_of_strange_columns_find_their_field(api: FakeApi, visitor: Visitor) -> None:
    from tests.webapp.fake_api import Canned

    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)
    token, usual = visitor.token("/"), api.reply
    listed = [{"pointer": "#/instances/0/a~1b~0c %[]", "code": "null"}]
    api.reply = lambda seen: usual(seen) if seen.method == "GET" else Canned(422, {"errors": listed})  # type: ignore[method-assign]
    typed = {catalog.ATTACK: "  ", "__proto__": "1", "a/b~c %[]": "1"}

    answer = visitor.browser.post(
        "/models/hostile", data={"csrf_token": token, **{f"x.{name}": value for name, value in typed.items()}}
    )

    assert 'id="f2-error"' in answer.text


def test_too_much_at_once_has_a_page(visitor: Visitor) -> None:
    token = visitor.token("/")

    answer = visitor.browser.post("/models/penguins", data={"csrf_token": token, "x.notes": "a" * 600_000})

    assert answer.status_code == 413
    assert "That is too much at once" in answer.text


def test_what_people_type_is_in_no_log(
    api: FakeApi, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        visitor.takes_the_example("penguins", notes="canary-7141", bill_length_mm="canary-7142")
        token = visitor.token("/models/turbines")
        for status in (500, 503, 503, 422):
            api.refuse(200, catalog.TURBINES)
            api.refuse(status, {"detail": "…"})
            api.refuse(status, {"detail": "…"})
            visitor.browser.post("/models/turbines", data={"csrf_token": token, "x.vibration": "71.4371"})
            api.canned.clear()

    assert "canary" not in caplog.text
    assert "71.4371" not in caplog.text


def test_the_secrets_are_shown_by_nothing(api: FakeApi) -> None:
    settings = Settings(api_url=api.url, secret=SECRET, api_key="a-key")

    assert SECRET not in repr(settings)
    assert "a-key" not in repr(settings)

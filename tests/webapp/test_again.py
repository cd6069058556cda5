"""What a visitor typed and was answered outlives a change of language or theme, and cannot be made up."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.webapp.conftest import controls, errors, headline

if TYPE_CHECKING:
    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi


def kept(page: str) -> str:
    found = re.search(r'name="kept" value="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


def again(visitor: Visitor, name: str = "penguins", **sent: str) -> str:
    token = visitor.token("/")
    return visitor.browser.post(f"/models/{name}/again", data={"csrf_token": token, **sent}).text


def test_a_change_of_language_keeps_the_answer_and_asks_nobody(api: FakeApi, visitor: Visitor) -> None:
    english = visitor.takes_the_example("penguins", bill_length_mm="41.5").text
    before = len(api.seen)

    french = again(visitor, kept=kept(english), language="fr")

    assert headline(english) == "Adelie penguin, 97% sure"
    assert headline(french).startswith("Manchot Adélie, avec 97")
    assert controls(french)["x.bill_length_mm"] == "41,5"
    assert [seen.path for seen in api.seen[before:] if "predict" in seen.path] == []


def test_a_change_of_theme_keeps_the_answer(visitor: Visitor) -> None:
    page = visitor.takes_the_example("diabetes").text

    dark = again(visitor, "diabetes", kept=kept(page), theme="dark")

    assert 'data-bs-theme="dark"' in dark
    assert headline(dark) == headline(page) != ""


def test_there_and_back_is_the_same_answer(visitor: Visitor) -> None:
    page = visitor.takes_the_example("penguins", bill_length_mm="41.5").text

    french = again(visitor, kept=kept(page), language="fr")
    english = again(visitor, kept=kept(french), language="en")

    assert controls(english) == controls(page)
    assert headline(english) == headline(page)


def test_what_is_to_be_corrected_is_still_told_in_the_other_language(visitor: Visitor) -> None:
    page = visitor.takes_the_example("penguins", bill_length_mm="long").text

    french = again(visitor, kept=kept(page), language="fr")

    assert list(errors(french)) == ["bill_length_mm"]
    assert controls(french)["x.bill_length_mm"] == "long"


def test_values_that_were_changed_since_have_no_answer_yet(visitor: Visitor) -> None:
    page = visitor.takes_the_example("penguins").text

    french = again(
        visitor,
        kept=kept(page),
        language="fr",
        written="en",
        **{"x.bill_length_mm": "40.25", "x.sex": "male"},
    )

    assert headline(french) == ""
    assert controls(french)["x.bill_length_mm"] == "40,25"


def test_a_form_that_is_half_filled_in_is_kept_too(visitor: Visitor) -> None:
    french = again(visitor, kept="", language="fr", written="en", **{"x.bill_length_mm": "40.25"})

    assert controls(french)["x.bill_length_mm"] == "40,25"


@pytest.mark.parametrize("forged", ["", "x", "e30.AAAA", "eyJuYW1lIjoicGVuZ3VpbnMifQ.x9Zs"])
def test_an_answer_that_no_model_gave_is_not_shown(visitor: Visitor, forged: str) -> None:
    token = visitor.token("/")

    answer = visitor.browser.post("/models/penguins/again", data={"csrf_token": token, "kept": forged})

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/models/penguins"


def test_an_answer_of_one_model_is_not_shown_as_anothers(visitor: Visitor) -> None:
    page = visitor.takes_the_example("penguins").text

    assert headline(again(visitor, "diabetes", kept=kept(page))) == ""


def test_an_answer_costs_one_call_of_the_api(api: FakeApi, visitor: Visitor) -> None:
    token = visitor.token("/models/turbines")
    before = len(api.seen)

    visitor.browser.post("/models/turbines", data={"csrf_token": token, "x.vibration": "1"})

    assert [seen.path for seen in api.seen[before:]] == ["/models/turbines/predict"]


def test_an_answer_of_a_newer_version_is_read_with_its_own_description(
    api: FakeApi, visitor: Visitor
) -> None:
    token = visitor.token("/models/turbines")
    api.models["turbines"] |= {"version": 9, "title": {"en": "Turbine watch, new", "fr": "…"}}

    page = visitor.browser.post("/models/turbines", data={"csrf_token": token, "x.vibration": "1"}).text

    assert "Turbine watch, new" in page
    assert "Answered by version 9" in page


def test_the_values_of_a_link_stand_where_no_server_sees_them(visitor: Visitor) -> None:
    page = visitor.takes_the_example("penguins", bill_length_mm="41.5", notes="").text

    found = re.search(r'data-copy="([^"]*)"', page)

    assert found
    path, _mark, fragment = html.unescape(found[1]).partition("#")
    assert path == "/models/penguins"
    assert '"bill_length_mm":41.5' in unquote(fragment)
    assert "notes" not in fragment
    assert not re.search(r'(?:href|action)="[^"#]*41.5', page)


def test_usual_values_fill_what_is_empty_and_has_to_be_known(api: FakeApi, visitor: Visitor) -> None:
    before = len(api.seen)
    token = visitor.token("/models/penguins")

    page = visitor.browser.post(
        "/models/penguins", data={"csrf_token": token, "fill": "usual", "x.body_mass_g": "4321"}
    ).text

    assert "What was empty now holds a usual value." in page
    assert controls(page)["x.body_mass_g"] == "4321"
    assert controls(page)["x.island"] == "Biscoe"
    assert controls(page)["x.bill_length_mm"] == ""
    assert all(seen.method == "GET" for seen in api.seen[before:])

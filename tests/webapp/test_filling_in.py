"""From what people type to what the model is asked, and back to the field that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.webapp.conftest import errors, headline
from tests.webapp.fake_api import Canned

if TYPE_CHECKING:
    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi


def asked(api: FakeApi) -> dict[str, Any]:
    """Give the row that the API was last asked about."""
    row: dict[str, Any] = api.seen[-1].json["instances"][0]
    return row


def test_the_row_is_sent_with_the_types_of_the_schema(api: FakeApi, visitor: Visitor) -> None:
    visitor.takes_the_example("penguins")

    assert asked(api) == {
        "island": "Torgersen",
        "bill_length_mm": 39.1,
        "flipper_length_mm": 181,
        "body_mass_g": 3750.0,
        "sex": "male",
        "ringed": True,
        "notes": None,
    }
    assert type(asked(api)["flipper_length_mm"]) is int
    assert api.seen[-1].query == {"explain": ["true"]}


def test_what_is_left_unknown_is_sent_as_null(api: FakeApi, visitor: Visitor) -> None:
    visitor.takes_the_example("penguins", bill_length_mm="", sex="")

    assert asked(api)["bill_length_mm"] is None
    assert asked(api)["sex"] is None


def test_a_decimal_comma_is_read_in_french(api: FakeApi, visiteur: Visitor) -> None:
    visiteur.takes_the_example("penguins", bill_length_mm="41,5", body_mass_g="3 750,25")

    assert asked(api)["bill_length_mm"] == 41.5
    assert asked(api)["body_mass_g"] == 3750.25


def test_a_decimal_point_is_read_in_both_languages(api: FakeApi, visitor: Visitor, visiteur: Visitor) -> None:
    for someone in (visitor, visiteur):
        someone.takes_the_example("penguins", bill_length_mm="41.5")

        assert asked(api)["bill_length_mm"] == 41.5


def test_a_decimal_comma_in_english_is_asked_about_not_guessed(api: FakeApi, visitor: Visitor) -> None:
    answer = visitor.takes_the_example("penguins", bill_length_mm="41,5")

    assert answer.status_code == 422
    assert errors(answer.text) == {"bill_length_mm": "Write a number, with a decimal point if need be: 1.5."}
    assert all(seen.method == "GET" for seen in api.seen)


def test_every_field_that_is_wrong_is_told_at_once_and_linked(visiteur: Visitor) -> None:
    answer = visiteur.fills(
        "penguins", island="Atlantis", bill_length_mm="long", flipper_length_mm="1,5", body_mass_g="1e999"
    )

    assert set(errors(answer.text)) == {
        "island",
        "bill_length_mm",
        "flipper_length_mm",
        "body_mass_g",
        "ringed",
    }
    assert errors(answer.text)["flipper_length_mm"] == "Écrivez un nombre entier, sans décimales."
    assert '<a href="#f0">Île</a>' in answer.text
    assert 'value="long"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "À corriger" in answer.text.partition("</title>")[0]


def test_what_the_api_refuses_is_shown_beside_its_field(api: FakeApi, visiteur: Visitor) -> None:
    token = visiteur.token("/models/penguins")
    usual = api.reply
    listed = [
        {"pointer": "#/instances/0/body_mass_g", "code": "not_finite", "detail": "…"},
        {"pointer": "#/instances/0/island", "code": "something_new", "detail": "…"},
    ]
    api.reply = lambda seen: usual(seen) if seen.method == "GET" else Canned(422, {"errors": listed})  # type: ignore[method-assign]
    typed = {"island": "Dream", "flipper_length_mm": "181", "body_mass_g": "3750", "ringed": "true"}

    answer = visiteur.browser.post(
        "/models/penguins",
        data={"csrf_token": token, **{f"x.{column}": value for column, value in typed.items()}},
        headers={"Accept-Language": "fr"},
    )

    assert answer.status_code == 422
    assert errors(answer.text) == {
        "body_mass_g": "Ce nombre est trop grand.",
        "island": "Le modèle n’accepte pas cette valeur.",
    }


@pytest.mark.parametrize(
    "refusal",
    [
        Canned(422, {"errors": [{"pointer": "#/instances/0/new_column", "code": "missing"}]}),
        Canned(413, {"detail": "Too large."}),
        Canned(422, {}),
    ],
)
def test_what_the_api_refuses_without_a_field_is_said_over_the_form(
    api: FakeApi, visitor: Visitor, refusal: Canned
) -> None:
    token = visitor.token("/models/turbines")
    usual = api.reply
    api.reply = lambda seen: usual(seen) if seen.method == "GET" else refusal  # type: ignore[method-assign]

    answer = visitor.browser.post("/models/turbines", data={"csrf_token": token, "x.vibration": "1"})

    assert answer.status_code == 422
    assert "The model could not answer these values." in answer.text


def test_a_drawing_may_leave_cells_out(api: FakeApi, visitor: Visitor) -> None:
    answer = visitor.sends("digits", {"x.pixel_3_4": "16"})

    assert headline(answer.text) == "7, 91% sure"
    assert asked(api)["pixel_3_4"] == 16.0
    assert asked(api)["pixel_0_0"] == 0.0


def test_an_empty_drawing_is_not_answered(visitor: Visitor) -> None:
    answer = visitor.sends("digits", {})

    assert answer.status_code == 422
    assert answer.text.count("Draw something, or fill in at least one cell.") == 1


def test_more_errors_than_are_read_at_a_glance_are_counted(visitor: Visitor) -> None:
    answer = visitor.fills("breast-cancer")

    assert "And 18 more." in answer.text


def test_an_answer_that_is_not_offered_and_a_novel_are_refused(visitor: Visitor) -> None:
    answer = visitor.takes_the_example("penguins", ringed="perhaps", notes="a" * 10_001)

    assert errors(answer.text) == {
        "ringed": "Choose one of the answers in the list.",
        "notes": "Shorten this text.",
    }


def test_columns_that_no_form_has_are_not_sent(api: FakeApi, visitor: Visitor) -> None:
    visitor.sends("turbines", {"x.vibration": "1", "x.__class__": "1", "vibration": "2"})

    assert asked(api) == {"vibration": 1.0}


@pytest.mark.parametrize(
    "typed", ["nan", "inf", "-inf", "1e999", "0x10", "\uff11", "1_000", "--1", "1 2 3", "1.2.3", "9" * 41]
)
def test_what_is_no_number_is_refused_before_the_api_is_asked(
    api: FakeApi, visitor: Visitor, typed: str
) -> None:
    answer = visitor.fills("turbines", vibration=typed)

    assert answer.status_code == 422
    assert all(seen.method == "GET" for seen in api.seen)

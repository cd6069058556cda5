"""What people read, in both languages."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pytest

from tests.webapp import catalog
from tests.webapp.conftest import headline

if TYPE_CHECKING:
    from flask import Flask

    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi

NB = "\u00a0"


def test_the_list_says_what_each_model_is_for(visitor: Visitor) -> None:
    page = visitor.reads("/").text

    assert '<html lang="en">' in page
    assert 'href="/models/penguins">Penguin species</a>' in page
    assert "Tells which of three species" in page
    assert "Recognises a category" in page


def test_the_list_is_in_french_for_those_who_read_it(visiteur: Visitor) -> None:
    page = html.unescape(visiteur.reads("/").text)

    assert '<html lang="fr">' in page
    assert "Que souhaitez-vous savoir\u202f?" in page
    assert "Espèce de manchot" in page
    assert "Reconnaît une catégorie" in page


def test_an_empty_registry_has_a_page_of_its_own(api: FakeApi, visitor: Visitor) -> None:
    api.models.clear()

    assert "No model yet" in visitor.reads("/").text


def test_a_model_without_words_goes_by_its_name(api: FakeApi, visitor: Visitor) -> None:
    api.add(
        catalog.model("bare", "regression", [catalog.column("x")], output={"name": "y"}), {"prediction": 1.0}
    )

    assert ">bare</a>" in visitor.reads("/").text
    assert visitor.fills("bare", x="1").status_code == 200


def test_a_language_that_only_one_model_lacks_falls_back_to_english(api: FakeApi, visiteur: Visitor) -> None:
    api.models["penguins"]["title"] = {"en": "Penguin species"}

    assert "Penguin species" in visiteur.reads("/models/penguins").text


def test_the_form_has_the_control_that_suits_each_column(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins").text

    assert '<select class="form-select" id="f0" name="x.island"' in page
    assert 'name="x.bill_length_mm" value="" type="text" inputmode="decimal" placeholder="44.5"' in page
    assert 'type="radio" id="f5-1" name="x.ringed" value="true"' in page
    assert '<textarea class="form-control" id="f6" name="x.notes"' in page


def test_units_ranges_and_help_are_tied_to_their_control(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins").text

    assert 'aria-describedby="f1-help f1-seen"' in page
    assert f"32.1 to 59.6{NB}mm" in page
    assert 'id="f1-help">From the base to the tip.' in page


def test_ranges_are_written_the_french_way(visiteur: Visitor) -> None:
    page = visiteur.reads("/models/penguins").text

    assert f"de 32,1 à 59,6{NB}mm" in page
    assert f"de 2\u202f700 à 6\u202f300{NB}g" in page


def test_a_usual_value_has_no_more_digits_than_somebody_would_type(api: FakeApi, visitor: Visitor) -> None:
    api.models["turbines"]["schema"]["columns"][0]["typical"] = 12.975000000000001

    assert 'placeholder="12.975"' in visitor.reads("/models/turbines").text


def test_an_example_is_one_link_away_and_needs_no_script(visiteur: Visitor) -> None:
    page = visiteur.reads("/models/penguins?example=1").text

    assert 'value="39,1"' in page
    assert '<option value="Torgersen" selected>' in page
    assert 'value="true" checked' in page


def test_a_category_is_offered_in_the_visitors_words_and_sent_as_it_is(
    api: FakeApi, visitor: Visitor, visiteur: Visitor
) -> None:
    english, french = (person.reads("/models/penguins").text for person in (visitor, visiteur))

    visiteur.takes_the_example("penguins", sex="female")

    assert '<option value="female">Female</option>' in english
    assert '<option value="female">Femelle</option>' in french
    assert '<option value="Dream">Dream</option>' in french  # nobody labelled it
    assert api.seen[-1].json["instances"][0]["sex"] == "female"


def test_an_answer_calls_a_category_what_people_call_it(api: FakeApi, visiteur: Visitor) -> None:
    api.predictions["penguins"]["explanation"]["contributions"]["sex"] = 0.2
    api.predictions["penguins"]["warnings"] += [
        {"row": 0, "column": "sex", "code": "unseen_category", "detail": "Unseen."}
    ]

    page = html.unescape(visiteur.takes_the_example("penguins", sex="female").text)

    assert '<span class="entered">Femelle</span>' in page
    assert f"«{NB}Femelle{NB}»" in page


def test_only_what_may_be_unknown_can_be_left_unknown(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins").text

    assert page.count("(optional)") == 3
    assert "Not known</option>" in page
    assert "Choose…</option>" in page


def test_pixels_are_laid_out_as_the_picture_that_they_are(visitor: Visitor) -> None:
    page = visitor.reads("/models/digits?example=1").text

    assert "Picture of 8 × 8 cells" in page
    assert page.count("<tr>") == 8
    assert 'aria-label="Pixel, row 1, column 1"' in page
    assert 'class="shade-8"' in page
    assert "from 0 (blank) to 16 (full ink)" in page


@pytest.mark.parametrize(
    ("name", "english", "french"),
    [
        ("penguins", "Adelie penguin, 97% sure", f"Manchot Adélie, avec 97{NB}% de certitude"),
        ("breast-cancer", "Malignant, over 99% sure", f"Maligne, avec plus de 99{NB}% de certitude"),
        ("diabetes", f"1,151{NB}points", f"1\u202f151{NB}points"),
        ("turbines", "Unusual", "Inhabituel"),
        ("customers", "Group 2", f"Groupe{NB}2"),
        ("digits", "7, 91% sure", f"7, avec 91{NB}% de certitude"),
    ],
)
def test_the_answer_comes_in_words_first(
    visitor: Visitor, visiteur: Visitor, name: str, english: str, french: str
) -> None:
    assert headline(visitor.takes_the_example(name).text) == english
    assert headline(visiteur.takes_the_example(name).text).replace("\u202f%", f"{NB}%") == french


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.72, "Probably Adelie penguin, 72% sure"), (0.4, "Perhaps Adelie penguin, but only 40% sure")],
)
def test_a_model_that_hesitates_says_so(api: FakeApi, visitor: Visitor, share: float, words: str) -> None:
    api.predictions["penguins"]["probabilities"] = {"Adelie": share, "Gentoo": 1 - share}

    assert headline(visitor.takes_the_example("penguins").text) == words


def test_a_boolean_class_finds_its_label_and_its_probability(api: FakeApi, visitor: Visitor) -> None:
    output = {"name": "fraud", "classes": [False, True], "probabilities": True,
              "class_labels": {"true": {"en": "Fraud", "fr": "Fraude"}}}  # fmt: skip
    described = catalog.model("fraud", "classification", [catalog.column("x")], output=output)
    api.add(described, {"prediction": True, "probabilities": {"true": 0.95, "false": 0.05}})

    assert headline(visitor.fills("fraud", x="1").text) == "Fraud, 95% sure"


@pytest.mark.parametrize(
    ("task", "value", "words"),
    [
        ("classification", True, "Yes"),
        ("anomaly_detection", 1, "Usual"),
        ("anomaly_detection", -1, "Unusual"),
    ],
)
def test_an_answer_without_words_of_its_own_gets_plain_ones(
    api: FakeApi, visitor: Visitor, task: str, value: object, words: str
) -> None:
    described = catalog.model("plain", task, [catalog.column("x")], output={"name": "y", "classes": [value]})
    api.add(described, {"prediction": value})

    assert headline(visitor.fills("plain", x="1").text) == words


def test_an_explanation_in_which_nothing_weighed_is_left_out(api: FakeApi, visitor: Visitor) -> None:
    api.predictions["penguins"]["explanation"]["contributions"] = {"island": 0.0}

    assert "What weighed" not in visitor.takes_the_example("penguins").text


def test_probabilities_are_bars_that_can_be_read_without_seeing_them(visitor: Visitor) -> None:
    page = visitor.takes_the_example("penguins").text

    assert '<span class="bar-label">Chinstrap penguin</span> <span class="bar-value">2%</span>' in page
    assert '<rect width="97.0%" height="100%" class="bar-fill"/>' in page


def test_more_than_five_probabilities_are_folded_away(visitor: Visitor) -> None:
    page = visitor.takes_the_example("digits").text

    assert page.index('bar-label">3<') < page.index("<details>") < page.index('bar-label">4<')


def test_warnings_are_said_in_the_visitors_language(visiteur: Visitor) -> None:
    page = html.unescape(visiteur.takes_the_example("penguins").text)

    assert (
        f"Masse{NB}: 3\u202f750{NB}g sort de ce que le modèle a vu (de 2\u202f700 à 6\u202f300{NB}g)." in page
    )
    assert f"Île{NB}: le modèle n’a jamais vu «{NB}Torgersen{NB}»." in page


def test_what_weighed_is_told_in_points_with_its_sign(visitor: Visitor) -> None:
    page = html.unescape(visitor.takes_the_example("penguins").text)

    assert "What weighed for and against “Adelie penguin”" in page
    assert "a typical case, which would get 43%" in page
    assert '<span class="bar-value">+41 pts</span>' in page
    assert '<span class="bar-value">−4 pts</span>' in page


def test_a_regression_says_how_far_off_it_usually_is(visitor: Visitor) -> None:
    page = html.unescape(visitor.takes_the_example("diabetes").text)

    assert f"Expect between 1,080 and 1,232{NB}points: the truth lay that close 90% of the time" in page


def test_what_weighed_in_a_regression_is_told_in_its_unit(visiteur: Visitor) -> None:
    page = html.unescape(visiteur.takes_the_example("diabetes").text)

    assert "Ce qui a fait monter ou baisser le nombre" in page
    assert f"+14,5{NB}points" in page


def test_what_weighed_in_a_picture_is_a_picture(visitor: Visitor) -> None:
    page = visitor.takes_the_example("digits").text

    assert '<svg class="heat" viewBox="0 0 8 8" role="img"' in page


def test_what_weighed_on_a_score_is_told_in_its_own_figures(visiteur: Visitor) -> None:
    page = html.unescape(visiteur.takes_the_example("turbines").text)

    assert "Ce qui a fait paraître le cas habituel ou inhabituel" in page
    assert "un score de 0,1" in page
    assert "−0,1812" in page


def test_what_weighed_on_a_label_alone_is_told_in_parts_of_the_whole(visitor: Visitor) -> None:
    page = html.unescape(visitor.takes_the_example("customers").text)

    assert "What weighed for and against “Group 2”" in page
    assert '<span class="bar-value">+100%</span>' in page


def test_contributions_side_by_side_have_the_same_decimals(api: FakeApi, visitor: Visitor) -> None:
    api.predictions["diabetes"]["explanation"]["contributions"] = {"bmi": 14.512, "age": -0.4712}

    page = html.unescape(visitor.takes_the_example("diabetes").text)

    assert f"+14.51{NB}points" in page
    assert f"−0.47{NB}points" in page


def test_contributions_that_are_rounding_errors_are_left_out(api: FakeApi, visitor: Visitor) -> None:
    api.predictions["penguins"]["explanation"]["contributions"]["sex"] = 1e-17

    page = visitor.takes_the_example("penguins").text

    assert page.count("weight-for") + page.count("weight-against") == 3


def test_the_rest_of_many_contributions_is_added_up(visitor: Visitor) -> None:
    page = visitor.takes_the_example("breast-cancer").text

    assert "4 others together" in page


def test_the_version_that_answered_is_named(visitor: Visitor) -> None:
    assert "Answered by version 3 of the model." in visitor.takes_the_example("penguins").text


def test_a_chosen_language_and_theme_are_kept(visitor: Visitor) -> None:
    visitor.prefers(language="fr")
    back = visitor.prefers(theme="dark", back="/models/penguins")

    assert back.headers["Location"] == "/models/penguins"
    assert '<html lang="fr" data-bs-theme="dark">' in visitor.reads("/models/penguins").text


def test_a_choice_that_is_not_offered_changes_nothing(visitor: Visitor) -> None:
    visitor.prefers(language="xx", theme="url(evil)")

    assert '<html lang="en">' in visitor.reads("/").text


def test_the_short_address_of_the_list_leads_to_it(visitor: Visitor) -> None:
    assert visitor.reads("/models").headers["Location"] == "/"


def test_the_site_says_that_it_is_up_without_the_api(api: FakeApi, visitor: Visitor) -> None:
    assert visitor.reads("/healthz").json == {"status": "ok"}
    assert api.seen == []


@pytest.mark.parametrize("path", ["/nowhere", "/models/no-such-model", "/models/UPPER", "/models/..%2fjobs"])
def test_what_is_not_there_has_a_page(visitor: Visitor, visiteur: Visitor, path: str) -> None:
    assert visitor.reads(path).status_code == 404
    assert "Page introuvable" in visiteur.reads(path).text


def test_an_api_that_does_not_answer_has_a_page(api: FakeApi, visiteur: Visitor) -> None:
    api.close()

    answer = visiteur.reads("/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"
    assert "Les modèles ne répondent pas pour le moment" in answer.text


def test_a_failure_of_the_api_has_a_page_that_gives_nothing_away(api: FakeApi, visitor: Visitor) -> None:
    api.refuse(500, {"detail": "/srv/secret/path", "instance": "01JREQ"})

    answer = visitor.reads("/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "secret" not in answer.text


def test_a_wrong_method_is_named_as_such(visitor: Visitor) -> None:
    answer = visitor.browser.open("/", method="PUT")

    assert answer.status_code in {400, 405}
    assert "Start again from the list of models." in answer.text or "expired" in answer.text


def test_what_a_visitor_filled_in_is_kept_when_the_model_cannot_answer(
    api: FakeApi, visitor: Visitor, site: Flask
) -> None:
    page = visitor.reads("/models/diabetes?example=1")
    token = visitor.token("/")
    described = api.reply
    api.reply = lambda seen: (  # type: ignore[method-assign]
        described(seen) if seen.method == "GET" else api_busy()
    )

    answer = visitor.browser.post(
        "/models/diabetes", data={"csrf_token": token, "x.age": "61", "x.bmi": "30.5"}
    )

    assert page.status_code == 200
    assert answer.status_code == 503
    assert 'value="61"' in answer.text
    assert "What you filled in is kept" in answer.text


def api_busy() -> object:
    from tests.webapp.fake_api import Canned

    return Canned(503, {"detail": "No version can be served."})

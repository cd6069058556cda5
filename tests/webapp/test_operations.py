"""What operators and viewers see and do on the site; the rest see nothing of it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.webapp.conftest import SECRET, Visitor
from webapp import Settings, create_app, person

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.webapp.fake_api import FakeApi
    from tests.webapp.people import Providing

WISH = {"choice": "promote 3", "share": "10", "reason": "recall is better", "on": "5"}


@pytest.fixture
def olga(visitor: Visitor, providing: Providing) -> Visitor:
    providing.signs_in(visitor.browser, "olga")
    return visitor


@pytest.fixture
def otto(site: Flask, providing: Providing) -> Visitor:
    found = Visitor(site.test_client())
    providing.signs_in(found.browser, "otto")
    return found


@pytest.fixture
def vera(site: Flask, providing: Providing) -> Visitor:
    found = Visitor(site.test_client())
    providing.signs_in(found.browser, "vera")
    return found


def _choices(page: str) -> list[str]:
    return [html.unescape(value) for value in re.findall(r'<option value="([^"]+)"', page)]


def _sends(who: Visitor, path: str, **typed: str) -> TestResponse:
    token = who.token("/operations/penguins")
    return who.browser.post(
        path, data={"csrf_token": token, **typed}, headers={"Accept-Language": who.language}
    )


def _wish(api: FakeApi, **changed: str) -> dict[str, str]:
    """Give a wish that can be granted: the version on trial, or another that passed, answers everybody."""
    head = api.releases["penguins"][0]
    passed = [
        one["version"]
        for one in api.versions["penguins"]
        if one["trusted"] and one["verdict"] and one["verdict"]["passed"]
    ]
    other = next(number for number in passed if number != head["serving"])
    return WISH | {"choice": f"promote {other}", "on": str(head["number"])} | changed


def _reviewed(who: Visitor, api: FakeApi, **changed: str) -> tuple[str, str]:
    page = _sends(who, "/operations/penguins/review", **_wish(api, **changed))
    assert page.status_code == 200, page.text
    sealed = re.search(r'name="kept" value="([^"]+)">\s*<button class="btn btn-primary', page.text)
    assert sealed
    return sealed[1], page.text


def test_strangers_see_a_way_in_and_nothing_of_operations(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins")

    assert 'href="/sign-in?next=/models/penguins"' in page.text
    assert "/operations" not in page.text
    assert "Sign out" not in page.text


def test_where_no_provider_is_configured_there_is_no_way_in(api: FakeApi) -> None:
    visitor = Visitor(create_app(Settings(api_url=api.url, secret=SECRET, plain_http=True)).test_client())

    assert "sign-in" not in visitor.reads("/").text
    for path in ("/sign-in", "/sign-in/back", "/signed-out", "/operations", "/operations/penguins"):
        assert visitor.reads(path).status_code == 404
    assert visitor.browser.post("/sign-out", data={"csrf_token": visitor.token("/")}).status_code == 404


def test_an_operator_sees_what_serves_and_how_it_does(olga: Visitor, api: FakeApi) -> None:
    page = olga.reads("/operations").text

    assert "olga@localhost" in page
    assert all(f'href="/operations/{name}"' in page for name in api.models)
    for said in (
        "2.5%",
        "1 of 40",
        "12.5\u00a0ms",
        "Drifted: island, how good they are",
        "No report yet",
        "Admitted",
    ):
        assert said in page, said
    assert api.seen[-1].headers["authorization"].startswith("Bearer ey")


def test_the_same_in_french(site: Flask, providing: Providing) -> None:
    jean = Visitor(site.test_client(), "fr")
    providing.signs_in(jean.browser, "olga")

    every, one = jean.reads("/operations").text, jean.reads("/operations/penguins").text

    for said in ("2,5\u00a0%", "12,5\u00a0ms", "Dérive\u00a0: island, leur qualité", "Pas encore de rapport"):
        assert said in every, said
    assert "Les réponses se sont révélées moins bonnes que promis" in one
    assert "hors de ce que l’apprentissage a vu dans 12\u00a0% des lignes" in one


def test_a_models_page_tells_drift_in_words_and_each_version(olga: Visitor) -> None:
    page = html.unescape(olga.reads("/operations/penguins").text)

    assert (
        "island: spread otherwise than in training (stability index 0.81); outside what training saw in 12%"
        in page
    )
    assert "The answers turned out worse than promised. Balanced accuracy: 80% instead of 97%." in page
    assert "these are the newest requests" in page


def test_a_viewer_sees_all_of_it_and_is_offered_nothing(vera: Visitor, api: FakeApi) -> None:
    page = vera.reads("/operations/penguins")

    assert page.status_code == 200
    assert "Your account may look, and decides nothing." in page.text
    assert "/review" not in page.text


def test_whoever_is_in_no_group_is_told_so_and_can_sign_out(site: Flask, providing: Providing) -> None:
    nils = Visitor(site.test_client())
    providing.signs_in(nils.browser, "nils")

    for path in ("/operations", "/operations/penguins"):
        page = nils.reads(path)

        assert page.status_code == 403
        assert "Your account may not do this" in page.text
        assert "Sign out" in page.text


def test_a_viewer_who_sends_what_an_operator_would_is_refused_by_the_api(vera: Visitor, api: FakeApi) -> None:
    before = list(api.releases["penguins"])
    page = _sends(vera, "/operations/penguins/review", **_wish(api))
    sealed = re.findall(r'name="kept" value="([^"]+)"', page.text)

    answer = _sends(vera, "/operations/penguins/releases", kept=sealed[0] if sealed else "")

    assert answer.status_code == 403
    assert api.releases["penguins"] == before


def test_what_will_happen_is_told_before_it_does(olga: Visitor, api: FakeApi) -> None:
    before = list(api.releases["penguins"])

    sealed, page = _reviewed(olga, api)

    assert api.releases["penguins"] == before
    assert "Is this what you want?" in page
    assert "“recall is better”" in html.unescape(page) or "<q>recall is better</q>" in page
    assert re.search(r"Version \d+ serves", page)
    answer = _sends(olga, "/operations/penguins/releases", kept=sealed)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/operations/penguins")
    made = api.releases["penguins"][0]
    assert (made["who"], made["why"], made["action"]) == ("olga@localhost", "recall is better", "promote")
    assert "Done. It is in the history" in olga.reads("/operations/penguins").text
    assert "Done. It is in the history" not in olga.reads("/operations/penguins").text


@pytest.mark.parametrize(
    ("choice", "typed", "asked"),
    [
        ("canary", {"share": "7", "automatic": "yes"}, {"action": "canary", "share": 7, "automatic": True}),
        ("canary", {"share": "50"}, {"action": "canary", "share": 50, "automatic": False}),
        ("rollback", {}, {"action": "rollback"}),
        ("pause", {}, {"action": "pause"}),
    ],
)
def test_each_decision_reaches_the_api_as_it_was_told_back(
    olga: Visitor, api: FakeApi, choice: str, typed: dict[str, str], asked: dict[str, Any]
) -> None:
    offered = _choices(olga.reads("/operations/penguins").text)
    chosen = next(one for one in offered if one.startswith(choice))
    sealed, _page = _reviewed(olga, api, choice=chosen, **typed)

    _sends(olga, "/operations/penguins/releases", kept=sealed)

    sent = next(seen for seen in reversed(api.seen) if seen.method == "POST")
    version = chosen.partition(" ")[2]
    numbered = {"version": int(version)} if version else {}
    on = api.releases["penguins"][1]["number"]
    assert sent.json == asked | numbered | {"reason": "recall is better", "on": on}


def test_a_version_without_a_passing_verdict_is_never_offered(olga: Visitor, api: FakeApi) -> None:
    bad = {
        one["version"]
        for one in api.versions["penguins"]
        if not one["trusted"] or not (one["verdict"] or {}).get("passed")
    }
    assert bad

    offered = _choices(olga.reads("/operations/penguins").text)

    assert not {f"{action} {version}" for action in ("promote", "canary") for version in bad} & set(offered)
    for version in bad:
        page = _sends(olga, "/operations/penguins/review", **_wish(api, choice=f"promote {version}"))
        assert page.status_code == 422


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"choice": ""}, "choice", "Choose what is to happen."),
        ({"choice": "promote 999"}, "choice", "Choose what is to happen."),
        ({"choice": "delete 1"}, "choice", "Choose what is to happen."),
        ({"reason": " \n "}, "reason", "Say why."),
        ({"reason": "a" * 501}, "reason", "Write at most 500"),
        ({"reason": "a\u202eb"}, "reason", "Write at most 500"),
    ],
)
def test_what_is_missing_is_told_beside_its_field_and_the_rest_stays(
    olga: Visitor, api: FakeApi, changed: dict[str, str], field: str, said: str
) -> None:
    page = _sends(olga, "/operations/penguins/review", **_wish(api, share="33", **changed))

    assert page.status_code == 422
    assert re.search(rf'id="{field}-error"[^>]*>.*{re.escape(said)}', page.text)
    assert 'value="33"' in page.text
    assert 'role="alert"' in page.text


@pytest.mark.parametrize("share", ["", "0", "100", "1.5", "-3", "٣", "abc"])
def test_a_share_is_a_whole_number_of_per_cent(olga: Visitor, api: FakeApi, share: str) -> None:
    offered = _choices(olga.reads("/operations/penguins").text)
    canary = next(one for one in offered if one.startswith("canary"))

    page = _sends(olga, "/operations/penguins/review", **_wish(api, choice=canary, share=share))

    assert page.status_code == 422
    assert "share-error" in page.text


@pytest.mark.parametrize("share", ["", "x", "1.5"])
def test_a_share_that_nobody_needs_is_not_looked_at(olga: Visitor, api: FakeApi, share: str) -> None:
    sealed, _ = _reviewed(olga, api, choice="pause", share=share)

    assert sealed


def test_of_two_people_the_second_is_told_and_nothing_that_they_typed_is_lost(
    olga: Visitor, otto: Visitor, api: FakeApi
) -> None:
    hers, _ = _reviewed(olga, api, reason="hers")
    his, _ = _reviewed(otto, api, reason="his, which took long to write")
    _sends(olga, "/operations/penguins/releases", kept=hers)

    late = _sends(otto, "/operations/penguins/releases", kept=his)

    assert late.status_code == 409
    assert "somebody else decided meanwhile" in late.text
    assert "his, which took long to write" in late.text
    assert "olga@localhost" in late.text
    assert api.releases["penguins"][0]["why"] == "hers"


def test_whoever_fills_in_what_is_no_longer_so_is_told_before_the_review(
    olga: Visitor, otto: Visitor, api: FakeApi
) -> None:
    seen = _wish(api)
    hers, _ = _reviewed(olga, api)
    _sends(olga, "/operations/penguins/releases", kept=hers)

    late = _sends(otto, "/operations/penguins/review", **seen)

    assert late.status_code == 409
    assert f'name="on" value="{api.releases["penguins"][0]["number"]}"' in late.text


def test_a_review_is_of_one_person_and_one_model(olga: Visitor, otto: Visitor, api: FakeApi) -> None:
    before = [len(log) for log in api.releases.values()]
    hers, _ = _reviewed(olga, api)

    for who, path, kept in (
        (otto, "/operations/penguins/releases", hers),
        (olga, "/operations/diabetes/releases", hers),
        (olga, "/operations/penguins/releases", hers[:-4] + "AAAA"),
        (olga, "/operations/penguins/releases", ""),
    ):
        assert _sends(who, path, kept=kept).status_code == 400

    assert [len(log) for log in api.releases.values()] == before


def test_a_refusal_of_the_api_is_told_in_the_visitors_words(olga: Visitor, api: FakeApi) -> None:
    sealed, _ = _reviewed(olga, api)
    token = olga.token("/operations/penguins")
    api.refuse(409, {"type": "urn:dasier:problem:release-refused", "status": 409, "detail": "--force"})

    page = olga.browser.post("/operations/penguins/releases", data={"csrf_token": token, "kept": sealed})

    assert page.status_code == 409
    assert "This cannot be done" in page.text
    assert "--force" not in page.text


def test_a_change_of_language_keeps_what_is_reviewed(olga: Visitor, api: FakeApi) -> None:
    sealed, _ = _reviewed(olga, api)

    page = _sends(olga, "/operations/penguins/review", kept=sealed, language="fr")

    assert "Est-ce bien ce que vous voulez" in page.text
    assert "recall is better" in page.text


def _ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every token have ended."""
    monkeypatch.setattr(person.Person, "is_late", property(lambda _self: True))


@pytest.mark.parametrize("step", ["review", "releases"])
def test_what_was_typed_when_the_token_ended_is_there_after_signing_in_again(
    olga: Visitor, api: FakeApi, providing: Providing, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    wish = _wish(api, reason="took a long time to write")
    sealed, _ = _reviewed(olga, api, **wish)
    token, before = olga.token("/operations/penguins"), list(api.releases["penguins"])
    sent = wish if step == "review" else {"kept": sealed}
    with monkeypatch.context() as later:
        _ends(later)
        page = olga.browser.post(f"/operations/penguins/{step}", data={"csrf_token": token, **sent})

    assert page.status_code == 401
    assert "What you filled in is kept for you." in page.text
    answer = providing.signs_in(olga.browser, "olga", next="/operations/penguins")
    assert answer.headers["Location"] == "/operations/penguins"
    again = olga.reads("/operations/penguins").text
    assert "took a long time to write" in again
    assert f'<option value="{wish["choice"]}" selected' in again
    assert api.releases["penguins"] == before
    assert "took a long time to write" not in olga.reads("/operations/penguins").text


def test_what_was_typed_is_nobody_elses_to_see(
    olga: Visitor, api: FakeApi, providing: Providing, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = olga.token("/operations/penguins")
    with monkeypatch.context() as later:
        _ends(later)
        olga.browser.post(
            "/operations/penguins/review", data={"csrf_token": token, **_wish(api, reason="hers alone")}
        )

    providing.signs_in(olga.browser, "otto")

    assert "hers alone" not in olga.reads("/operations/penguins").text


def test_a_token_that_the_api_does_not_believe_any_more_asks_to_sign_in_again(
    olga: Visitor, api: FakeApi
) -> None:
    told = {"type": "urn:dasier:problem:not-signed-in", "status": 401}
    api.refuse(401, told)
    page = olga.reads("/operations/penguins")
    assert (page.status_code, page.headers["Location"]) == (303, "/sign-in?next=/operations/penguins")
    sealed, _ = _reviewed(olga, api)
    token = olga.token("/operations/penguins")

    api.refuse(401, told)
    answer = olga.browser.post("/operations/penguins/releases", data={"csrf_token": token, "kept": sealed})

    assert answer.status_code == 401
    assert "What you filled in is kept for you." in answer.text


def test_reloading_the_address_of_a_form_leads_to_where_it_begins(olga: Visitor) -> None:
    for step in ("review", "releases"):
        answer = olga.reads(f"/operations/penguins/{step}")

        assert (answer.status_code, answer.headers["Location"]) == (303, "/operations/penguins")


def test_a_model_that_there_is_not_has_a_page_that_says_so(olga: Visitor) -> None:
    for name in ("no-such", "..%2f", "A"):
        assert olga.reads(f"/operations/{name}").status_code == 404


def test_a_paused_and_a_new_model_are_shown(olga: Visitor, api: FakeApi) -> None:
    api.releases["penguins"] = []

    page = olga.reads("/operations/penguins")

    assert page.status_code == 200
    assert "No version has served yet." in page.text
    assert {choice.partition(" ")[0] for choice in _choices(page.text)} == {"promote"}

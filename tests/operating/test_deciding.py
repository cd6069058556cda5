"""What a person decides is logged once, on what they saw, and refused in words where it makes no sense."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from dasier import layout, releasing
from dasier.releases import Canary
from tests.people.issuers import Issuer
from tests.published import WHEN, Api, Published

if TYPE_CHECKING:
    from tests.local.asgi import Answer

ISSUER = Issuer()
OLGA, OTTO = ISSUER.token(), ISSUER.token(sub="o2", email="otto@example.org")
REFUSED = {"rule": "floors", "passed": False, "detail": "It is worse.", "figures": {}}


@pytest.fixture
def published() -> Published:
    """Give a model with two versions that passed, the second serving, and a third that did not pass."""
    found = Published(verify=ISSUER.verify)
    found.publish("pumps")
    found.publish("pumps")
    found.publish("pumps", REFUSED, release=False)
    return found


def _decide(published: Published, token: str = OLGA, name: str = "pumps", **decision: Any) -> Answer:
    told = {"reason": "a reason", "on": 2} | decision
    told = {key: value for key, value in told.items() if value is not None}
    return Api(published).post(f"/operations/{name}/releases", told, authorization=f"Bearer {token}")


def _problem(answer: Answer, status: int) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(answer.body)
    assert (answer.status, document["status"]) == (status, status)
    return document


def test_a_version_is_promoted_by_whom_the_provider_named_and_for_their_reason(published: Published) -> None:
    answer = _decide(published, action="promote", version=1, reason="  two\n lines ")

    head = published.registry.head("pumps")
    assert answer.status == 201
    assert json.loads(answer.body) == head.to_document()
    assert (head.number, head.action, head.serving, head.previous) == (3, "promote", 1, 2)
    assert (head.who, head.why, head.forced) == ("olga@example.org", "two lines", False)


def test_going_back_leads_to_the_version_before_or_to_the_one_that_is_named(published: Published) -> None:
    _decide(published, action="rollback")
    assert published.registry.head("pumps").serving == 1

    _decide(published, action="rollback", version=2, on=3)

    assert published.registry.head("pumps").serving == 2


def test_a_canary_is_started_and_may_be_left_to_the_gate(published: Published) -> None:
    assert _decide(published, action="canary", version=1, share=7, automatic=True).status == 201

    assert published.registry.head("pumps").canary == Canary(1, 7, automatic=True)


def test_past_what_is_no_release_nobody_decides_here_and_is_told_who_can(published: Published) -> None:
    published.registry.store.create(layout.release("pumps", 3), b"no JSON")

    told = _problem(_decide(published, action="rollback"), 409)

    assert "dasier promote pumps VERSION" in told["detail"]
    releasing.promote(published.registry, "pumps", 1, who="ada", why="decided past it")
    assert _decide(published, action="promote", version=2, on=4).status == 201
    later = _problem(_decide(published, action="rollback", on=2), 409)
    assert "olga@example.org chose to promote version 2" in later["detail"]


def test_a_pause_lets_nothing_serve(published: Published) -> None:
    assert _decide(published, action="pause").status == 201

    assert published.registry.head("pumps").serving is None


def test_whoever_saw_another_release_is_told_who_was_first_and_nothing_changes(published: Published) -> None:
    assert _decide(published, OTTO, action="rollback").status == 201

    told = _problem(_decide(published, action="promote", version=1, reason="later"), 409)

    assert "otto@example.org chose to rollback version 1" in told["detail"]
    assert told["type"] == "urn:dasier:problem:conflict"
    assert published.registry.head("pumps").number == 3


@pytest.mark.parametrize("on", [0, 1, 3, 999])
def test_a_release_that_is_not_the_newest_decides_nothing(published: Published, on: int) -> None:
    _problem(_decide(published, action="pause", on=on), 409)

    assert published.registry.head("pumps").number == 2


def test_of_two_people_at_once_one_decides(published: Published) -> None:
    wishes = [(OLGA, {"action": "rollback"}), (OTTO, {"action": "pause"})] * 4

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: _decide(published, one[0], **one[1]), wishes))

    log = published.registry.releases("pumps")
    assert len(log) == 3
    decided = [who for (who, _), answer in zip(wishes, answers, strict=True) if answer.status == 201]
    assert len(set(decided)) == 1  # the same person's same decision is one, however often it is sent
    assert {answer.status for answer in answers} == {201, 409}


def test_a_decision_whose_answer_was_lost_may_be_sent_again(published: Published) -> None:
    first, again = (_decide(published, action="canary", version=1, share=5) for _ in range(2))

    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert published.registry.head("pumps").number == 3


def test_the_same_wish_of_somebody_else_is_not_taken_for_ones_own(published: Published) -> None:
    _decide(published, OTTO, action="rollback")

    _problem(_decide(published, OLGA, action="rollback"), 409)


def test_on_an_empty_log_whoever_saw_it_empty_decides_first() -> None:
    published = Published(verify=ISSUER.verify)
    published.publish("pumps", release=False)
    _problem(_decide(published, action="pause", on=0), 409)

    assert _decide(published, action="promote", version=1, on=0).status == 201
    _problem(_decide(published, OTTO, action="promote", version=1, on=0), 409)


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ({"action": "promote", "version": 3}, "did not pass the gate"),
        ({"action": "canary", "version": 3, "share": 5}, "did not pass the gate"),
        ({"action": "promote", "version": 2}, "serves already"),
        ({"action": "canary", "version": 2, "share": 5}, "serves already"),
        ({"action": "rollback", "version": 3}, "no release of version 3"),
    ],
)
def test_what_would_make_no_sense_is_refused_in_words(
    published: Published, decision: dict[str, Any], said: str
) -> None:
    told = _problem(_decide(published, **decision), 409)

    assert said in told["detail"]
    assert told["type"] == "urn:dasier:problem:release-refused"
    assert published.registry.head("pumps").number == 2


def test_nothing_is_forced_over_http(published: Published) -> None:
    _problem(_decide(published, action="promote", version=3, force=True), 400)

    assert published.registry.head("pumps").serving == 2


@pytest.mark.parametrize(
    ("decision", "pointers"),
    [
        ({}, {"#/action"}), ({"action": "delete"}, {"#/action"}), ({"action": ["pause"]}, {"#/action"}),
        ({"action": "pause", "reason": None}, {"#/reason"}), ({"action": "pause", "reason": " \n "}, {"#/reason"}),
        ({"action": "pause", "reason": "a" * 501}, {"#/reason"}), ({"action": "pause", "reason": "a\u202eb"}, {"#/reason"}),
        ({"action": "pause", "reason": 7}, {"#/reason"}), ({"action": "pause", "on": None}, {"#/on"}),
        ({"action": "pause", "on": True}, {"#/on"}), ({"action": "pause", "on": "2"}, {"#/on"}), ({"action": "pause", "on": -1}, {"#/on"}),
        ({"action": "pause", "version": 1}, {"#"}), ({"action": "pause", "who": "gate"}, {"#"}),
        ({"action": "promote"}, {"#/version"}), ({"action": "promote", "version": 0}, {"#/version"}),
        ({"action": "canary", "version": 1}, {"#/share"}), ({"action": "canary", "version": 1, "share": 100}, {"#/share"}),
        ({"action": "canary", "version": 1, "share": 0.5}, {"#/share"}),
        ({"action": "canary", "version": 1, "share": 5, "automatic": "yes"}, {"#/automatic"}),
        ({"action": "canary", "reason": ""}, {"#/reason", "#/share", "#/version"}),
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused_with_pointers(
    published: Published, decision: dict[str, Any], pointers: set[str]
) -> None:
    told = _problem(_decide(published, **decision), 400)

    assert {one["pointer"] for one in told["errors"]} == pointers
    assert published.registry.head("pumps").number == 2


def test_a_body_of_another_kind_is_refused(published: Published) -> None:
    api, header = Api(published), {"authorization": f"Bearer {OLGA}"}
    path = "/operations/pumps/releases"

    assert (
        api.ask(
            "POST", path, b"action=pause", content_type="application/x-www-form-urlencoded", **header
        ).status
        == 415
    )
    assert api.ask("POST", path, b"[]", content_type="application/json", **header).status == 400
    assert api.ask("POST", path, b"{", content_type="application/json", **header).status == 400


@pytest.mark.parametrize("name", ["nobody", "..", "%2e%2e%2fa", "PUMPS"])
def test_a_model_that_there_is_not_is_not_found(published: Published, name: str) -> None:
    assert _decide(published, name=name, action="pause").status == 404


def test_a_version_that_there_is_not_is_not_found(published: Published) -> None:
    assert _decide(published, action="promote", version=9).status == 404


def test_the_log_keeps_what_was_there(published: Published) -> None:
    _decide(published, action="pause")

    assert [one.when for one in published.registry.releases("pumps")][1:] == [WHEN, WHEN]

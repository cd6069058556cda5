"""Who of the people may do what: every route for operators, every method, every kind of person. Denied unless listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dasier.errors import NotSignedIn
from dasier.local.events import reply
from dasier.local.template import read_template
from functions import operations
from tests.cloud.translated import service
from tests.people import issuers
from tests.people.issuers import Issuer
from tests.published import Api, Published

if TYPE_CHECKING:
    from dasier.people import Person
    from tests.local.asgi import Answer

ROOT = Path(__file__).parents[2]
ROUTES = [
    route for route in read_template(ROOT / "template.yaml").routes if route.path.startswith("/operations")
]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ISSUER = Issuer()
PEOPLE = {
    "signed out": None,
    "of no group": ISSUER.token(groups=[]),
    "of another group": ISSUER.token(groups=["admin", "operators"]),
    "viewer": ISSUER.token(groups=["dasier-viewers"], sub="v", email="victor@example.org"),
    "operator": ISSUER.token(),
    "expired operator": ISSUER.token(exp=1),
    "forged operator": issuers.changed_after_signing(ISSUER),
}
MAY = {
    ("GET", "/operations", "viewer"), ("GET", "/operations", "operator"),
    ("HEAD", "/operations", "viewer"), ("HEAD", "/operations", "operator"),
    ("GET", "/operations/{name}", "viewer"), ("GET", "/operations/{name}", "operator"),
    ("HEAD", "/operations/{name}", "viewer"), ("HEAD", "/operations/{name}", "operator"),
    ("POST", "/operations/{name}/releases", "operator"),
}  # fmt: skip
"""What is answered with 2xx; a path that has another method alone says 405, to whoever may use that method."""


@pytest.fixture(scope="module")
def published() -> Published:
    found = Published(verify=ISSUER.verify)
    found.publish("pumps")
    found.publish("pumps")
    return found


def _ask(published: Published, method: str, path: str, token: str | None) -> Answer:
    head = published.registry.head("pumps")
    assert head is not None
    version = 1 if head.serving == 2 else 2
    body = {"action": "promote", "version": version, "reason": "a test", "on": head.number}
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return Api(published).ask(
        method, path.replace("{name}", "pumps"), body if method == "POST" else b"", **headers
    )


@pytest.mark.parametrize("path", [route.path for route in ROUTES])
@pytest.mark.parametrize("who", PEOPLE)
def test_a_person_may_do_what_is_listed_and_nothing_else(published: Published, path: str, who: str) -> None:
    before = published.registry.releases("pumps")

    answered = {method: _ask(published, method, path, PEOPLE[who]) for method in METHODS}

    allowed = {method for method, answer in answered.items() if answer.status < 300}
    assert allowed == {method for method, listed, person in MAY if (listed, person) == (path, who)}
    refusals = {answer.status for method, answer in answered.items() if method not in allowed}
    known = who in {"viewer", "operator", "of no group", "of another group"}
    assert refusals <= ({403, 405} if known else {401})
    assert len(published.registry.releases("pumps")) - len(before) == ("POST" in allowed)


def test_every_route_for_operators_is_in_the_matrix_and_has_a_person_before_it() -> None:
    assert (
        {route.path for route in ROUTES}
        == {path for _, path in operations.ROUTES}
        == {path for _, path, _ in MAY}
    )
    assert {route.authorizer.name if route.authorizer else "" for route in ROUTES} == {"AuthorizerFunction"}
    assert all(route.key_required for route in ROUTES)


def test_in_the_cloud_exactly_those_routes_ask_who_is_signed_in_and_want_a_key_as_well() -> None:
    (api,) = service().of("AWS::ApiGateway::RestApi").values()
    asked = {
        path: method["security"]
        for path, methods in api["Body"]["paths"].items()
        for method in methods.values()
        if {"SignedIn": []} in method.get("security", [])
    }

    assert asked == {route.path: [{"SignedIn": []}, {"api_key": []}] for route in ROUTES}


def test_in_the_cloud_every_request_is_judged_anew_by_its_own_token() -> None:
    (api,) = service().of("AWS::ApiGateway::RestApi").values()
    declared = api["Body"]["securityDefinitions"]["SignedIn"]

    assert (declared["name"], declared["in"]) == ("Authorization", "header")
    assert declared["x-amazon-apigateway-authorizer"]["type"] == "token"
    assert declared["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] == 0


@pytest.mark.parametrize(
    "authorizer",
    [None, {}, {"role": "operator"}, {"role": "operator", "name": "", "subject": "a"}, {"role": "", "name": "a", "subject": "a"},
     {"role": "root", "name": "a", "subject": "a"}, {"role": ["operator"], "name": "a", "subject": "a"},
     {"principalId": "operator"}, {"claims": {"role": "operator"}}],
)  # fmt: skip
@pytest.mark.parametrize(("method", "path"), operations.ROUTES)
def test_the_function_itself_lets_nobody_through_whom_no_authorizer_named(
    published: Published, method: str, path: str, authorizer: object
) -> None:
    from dasier.serving.exchange import handler

    event = {
        "resource": path, "httpMethod": method, "pathParameters": {"name": "pumps"}, "body": "{}",
        "headers": {"authorization": f"Bearer {PEOPLE['operator']}"}, "requestContext": {"authorizer": authorizer},
    }  # fmt: skip

    answer = reply(handler(operations.ROUTES, serve=lambda: published.service)(event, None))

    assert answer.status in {401, 403}


def test_a_client_cannot_say_who_it_is_by_itself(published: Published) -> None:
    said = {"x-amzn-authorizer": "operator", "authorizer": '{"role": "operator"}', "x-client-id": "operator"}

    assert Api(published).get("/operations", **said).status == 401


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Basic b2xnYTpvbGdh", "{}", "Bearer a b", "bearer\t{}"]
)
def test_a_header_that_holds_no_token_is_nobodys(published: Published, sent: str) -> None:
    header = sent.replace("{}", str(PEOPLE["operator"]))

    assert Api(published).get("/operations", authorization=header).status == 401


def test_where_no_provider_is_configured_everybody_is_refused() -> None:
    program = (
        "import sys\nfrom functions.authorizer import handler\n"
        "event = {'authorizationToken': 'Bearer ' + sys.argv[1], 'methodArn': 'arn:a/prod/GET/operations'}\n"
        "try: print(handler(event, None))\nexcept Exception as error: print(repr(str(error)))"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DASIER_")}

    said = subprocess.run(
        [sys.executable, "-c", program, str(PEOPLE["operator"])],
        cwd=ROOT, env=clean, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert said.stdout.strip() == "'Unauthorized'"


def test_a_decision_is_logged_under_the_name_that_the_provider_verified(published: Published) -> None:
    answer = _ask(published, "POST", "/operations/pumps/releases", PEOPLE["operator"])

    assert answer.status == 201
    assert json.loads(answer.body)["who"] == "olga@example.org"


def test_a_refusal_is_a_problem_that_says_nothing_of_the_token(published: Published) -> None:
    for who, kind in (("forged operator", "not-signed-in"), ("of no group", "not-allowed")):
        answer = _ask(published, "GET", "/operations", PEOPLE[who])

        document = json.loads(answer.body)
        assert document["type"] == f"urn:dasier:problem:{kind}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert "olga" not in answer.body.decode()


def test_a_provider_that_is_away_lets_nobody_in() -> None:
    def away(_token: str) -> Person:
        msg = "the provider is away"
        raise OSError(msg)

    published = Published(verify=away)
    published.publish("pumps")

    assert _ask(published, "GET", "/operations", PEOPLE["operator"]).status == 503


def test_what_was_refused_is_in_the_log_without_the_token(
    published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        _ask(published, "GET", "/operations", PEOPLE["forged operator"])

    assert "not let through" in caplog.text
    assert str(PEOPLE["forged operator"]) not in caplog.text
    assert any(isinstance(getattr(record, "why", None), str) for record in caplog.records)


def test_not_signed_in_says_why_in_words_of_ours() -> None:
    assert str(NotSignedIn("the token has expired")) == "Sign in: the token has expired."

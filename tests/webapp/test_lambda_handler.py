"""The site as API Gateway asks it: under a stage's name, with bodies in base64."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from webapp.lambda_handler import site_handler

RECORDED = Path(__file__).parents[1] / "functions" / "recorded"
HOST = "abcdefghij.execute-api.eu-west-1.amazonaws.com"


@pytest.fixture
def handler(site):
    site.config.update(TRUSTED_HOSTS=[".execute-api.eu-west-1.amazonaws.com"], SESSION_COOKIE_SECURE=True)
    return site_handler(site)


def _event(method, path, *, body=None, whole=None, **headers):
    event = json.loads((RECORDED / "models.json").read_text())
    sent = {
        "Host": HOST,
        "X-Forwarded-Proto": "https",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    event |= {"httpMethod": method, "path": path, "resource": "/{proxy+}", "queryStringParameters": None}
    event |= {"multiValueQueryStringParameters": None, "pathParameters": {"proxy": path.lstrip("/")}}
    event |= {"headers": sent, "multiValueHeaders": {name: [value] for name, value in sent.items()}}
    event["requestContext"]["path"] = f"/prod{path}" if whole is None else whole
    if body is not None:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


@pytest.mark.parametrize("whole", ["/prod", "/prod/"])
def test_links_start_with_the_name_of_the_stage(handler, whole):
    answer = handler(_event("GET", "/", whole=whole), None)

    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', answer["body"])
    assert answer["statusCode"] == 200
    assert links
    assert all(link.startswith("/prod/") for link in links)


def test_on_a_domain_of_its_own_links_start_at_its_root(handler):
    answer = handler(_event("GET", "/models/flowers", whole="/models/flowers"), None)

    assert 'href="/static/site.css' in answer["body"]


def test_a_form_that_travels_as_base64_is_answered(handler, api):
    name = next(iter(api.models))
    page = handler(_event("GET", f"/models/{name}"), None)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page["body"])[1]
    cookie = page["multiValueHeaders"]["Set-Cookie"][0]
    columns = [column["name"] for column in api.models[name]["schema"]["columns"]]
    form = urlencode({"csrf_token": token, **{f"x.{column}": "" for column in columns}}).encode()

    asked = _event(
        "POST", f"/models/{name}", body=form, Content_Type="application/x-www-form-urlencoded",
        Cookie=cookie.partition(";")[0], Referer=f"https://{HOST}/prod/models/{name}",
    )  # fmt: skip
    answer = handler(asked, None)

    assert "Secure" in cookie
    assert answer["statusCode"] in {200, 422}
    assert f'action="/prod/models/{name}#answer"' in answer["body"]


def test_a_form_from_another_site_is_refused(handler, api):
    name = next(iter(api.models))
    page = handler(_event("GET", f"/models/{name}"), None)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page["body"])[1]
    cookie = page["multiValueHeaders"]["Set-Cookie"][0].partition(";")[0]

    asked = _event(
        "POST", f"/models/{name}", body=urlencode({"csrf_token": token}).encode(), Cookie=cookie,
        Content_Type="application/x-www-form-urlencoded", Referer="https://elsewhere.example/",
    )  # fmt: skip
    answer = handler(asked, None)

    assert answer["statusCode"] == 400


def test_another_host_is_refused(handler):
    assert handler(_event("GET", "/", Host="elsewhere.example"), None)["statusCode"] == 400


def test_what_is_no_text_travels_as_base64(handler):
    page = handler(_event("GET", "/static/icon.svg"), None)

    assert page["isBase64Encoded"]
    assert base64.b64decode(page["body"]).startswith(b"<svg")

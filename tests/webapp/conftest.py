"""A site over a small API, and somebody who visits it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dasier.client import Client, Patience
from tests.webapp import catalog
from tests.webapp.fake_api import FakeApi
from tests.webapp.people import Providing
from webapp import Settings, create_app
from webapp.settings import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

SECRET = "a secret that is kept for the tests alone"  # noqa: S105


@dataclass
class Visitor:
    """Somebody with a browser: keeps cookies, and sends the forms that they were given."""

    browser: FlaskClient
    language: str = "en"

    def reads(self, path: str, **more: Any) -> TestResponse:
        return self.browser.get(path, headers={"Accept-Language": self.language}, **more)

    def fills(self, name: str, **typed: str) -> TestResponse:
        """Send a model's form with these columns filled in, the others left as they are."""
        return self.sends(name, {f"x.{column}": value for column, value in typed.items()})

    def sends(self, name: str, controls: dict[str, str]) -> TestResponse:
        token = self.token(f"/models/{name}")
        return self.browser.post(
            f"/models/{name}",
            data={"csrf_token": token, **controls},
            headers={"Accept-Language": self.language},
        )

    def takes_the_example(self, name: str, **changed: str) -> TestResponse:
        """Send the example that the site fills in, with some columns changed."""
        page = self.reads(f"/models/{name}?example=1").text
        return self.sends(name, controls(page) | {f"x.{column}": value for column, value in changed.items()})

    def prefers(self, **choice: str) -> TestResponse:
        return self.browser.post("/preferences", data={"csrf_token": self.token("/"), **choice})

    def token(self, path: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.reads(path).text)
        assert found
        return found[1]


TEXT = r'<input[^>]* name="(x\.[^"]*)" value="([^"]*)" type="text"'
CHECKED = r'<input[^>]* type="radio"[^>]* name="(x\.[^"]*)" value="([^"]*)" checked'
CHOSEN = r'<select[^>]* name="(x\.[^"]*)"[^>]*>(?:(?!</select>).)*<option value="([^"]*)" selected'
WRITTEN = r'<textarea[^>]* name="(x\.[^"]*)"[^>]*>\n?(.*?)</textarea>'


def controls(page: str) -> dict[str, str]:
    """Give what a browser would send of a page's model form."""
    found = [pair for kind in (TEXT, CHECKED, CHOSEN, WRITTEN) for pair in re.findall(kind, page, re.DOTALL)]
    return {html.unescape(name): html.unescape(value) for name, value in found}


def headline(page: str) -> str:
    """Give the answer in words."""
    found = re.search(r'class="headline">([^<]*)<', page)
    return html.unescape(found[1]) if found else ""


def errors(page: str) -> dict[str, str]:
    """Give the errors beside the fields, by column."""
    by_id = dict(re.findall(r'id="(f\d+)" name="x\.([^"]*)"', page))
    by_id |= {
        field: name
        for field, name in re.findall(r'id="(f\d+)-1" name="x\.([^"]*)"', page)
        if field not in by_id
    }
    shown = re.findall(r'id="(f\d+)-error"><span class="visually-hidden">[^<]*</span>([^<]*)<', page)
    return {by_id[field]: html.unescape(sentence) for field, sentence in shown}


@pytest.fixture
def api() -> Iterator[FakeApi]:
    fake = FakeApi()
    for description, prediction in catalog.ALL:
        versions, releases = catalog.HISTORIES.get(description["name"], (None, None))
        fake.add(description, prediction, versions=versions, releases=releases)
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def providing() -> Iterator[Providing]:
    """Give a provider that signs people in, at an address of its own."""
    found = Providing()
    yield found
    found.close()


@pytest.fixture
def settings(api: FakeApi, providing: Providing) -> Settings:
    provider = Provider(issuer=providing.provider.issuer, client_id=providing.client_id)
    return Settings(api_url=api.url, secret=SECRET, plain_http=True, provider=provider)


@pytest.fixture
def site(settings: Settings) -> Flask:
    patience = Patience(attempts=2, sleep=lambda _seconds: None)
    return create_app(settings, Client(settings.api_url, patience=patience))


@pytest.fixture
def visitor(site: Flask) -> Visitor:
    return Visitor(site.test_client())


@pytest.fixture
def visiteur(site: Flask) -> Visitor:
    return Visitor(site.test_client(), "fr-FR,fr;q=0.9,en;q=0.5")

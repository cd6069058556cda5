"""Operators in a real browser: they sign in at a real provider, and what they decide is in a real release log."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from dasier.client import Client
from dasier.local.provider import CLIENT_ID, Provider
from dasier.local.server import Server, address, listen
from dasier.people.tokens import verifier
from dasier.releases import Canary
from tests.published import Published
from tests.webapp.browser import (
    DESKTOP,
    PHONE,
    chromium,
    every_look,
    needs_chromium,
    press,
    violations,
    wider,
)
from tests.webapp.conftest import SECRET
from webapp import Settings, create_app, person
from webapp import settings as of_the_site

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["chromium"]

pytestmark = needs_chromium

SAID = {
    "en": {"in": "Sign in", "out": "Sign out", "on": "Go on: see what will happen", "yes": "Yes, do this", "what": "What is to happen",
           "why": "Why", "done": "Done. It is in the history", "no": "Your account may look"},
    "fr": {"in": "Se connecter", "out": "Se déconnecter", "on": "Continuer : voir ce qui va se passer", "yes": "Oui, le faire",
           "what": "Ce qui doit se passer", "why": "Pourquoi", "done": "C’est fait.", "no": "Votre compte permet de regarder"},
}  # fmt: skip


@dataclass
class Stack:
    """Everything that answers, and where the site does."""

    published: Published
    site: str
    provider: Provider


@pytest.fixture
def stack() -> Iterator[Stack]:
    """Give an API over a store with two versions, the provider of `make up`, and the site."""
    at_provider, at_api = (listen("127.0.0.1", 0, option="") for _ in range(2))
    issuer = address(at_provider)
    published = Published(verify=verifier({"DASIER_OIDC_ISSUER": issuer, "DASIER_OIDC_AUDIENCE": CLIENT_ID}))
    published.publish("pumps")
    published.publish("pumps")
    api = Server(published.gateway, at_api)
    told = of_the_site.Provider(issuer=issuer, client_id=CLIENT_ID)
    app = create_app(
        Settings(api_url=address(at_api), secret=SECRET, plain_http=True, provider=told),
        Client(address(at_api)),
    )
    site = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    where = f"http://127.0.0.1:{site.effective_port}"
    provider = Provider(issuer, (where,))
    people = Server(provider, at_provider)
    serving = threading.Thread(target=site.run)
    for one in (api, people, serving):
        one.start()
    yield Stack(published, where, provider)
    site.trigger.pull_trigger(site.close)
    serving.join(timeout=10)
    for one, bound in ((api, at_api), (people, at_provider)):
        one.stop()
        bound.close()


@pytest.fixture
def opened(chromium: Any, stack: Stack) -> Iterator[Any]:
    """Open the site as somebody would; fail on any console error of its own pages."""
    contexts, complaints = [], []

    def open_page(language: str = "en", size: dict[str, int] = DESKTOP, **more: Any) -> Any:
        script = more.pop("script", True)
        context = chromium.new_context(
            base_url=stack.site, locale=language, viewport=size, java_script_enabled=script, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(error))  # noqa: PLW0108 (Playwright marks what it calls)
        return page

    yield open_page

    for context in contexts:
        context.close()
    known = (
        "401",
        "403",
        "409",
        "422",
        "favicon",
    )  # the answers that are tested, and the provider's lack of an icon
    told = [
        (getattr(one, "text", str(one)), (getattr(one, "location", None) or {}).get("url", ""))
        for one in complaints
    ]
    assert [one for one in told if not any(word in one[0] + one[1] for word in known)] == []


def _signs_in(page: Any, said: dict[str, str], account: str) -> None:
    page.get_by_role("link", name=said["in"], exact=True).first.click()
    page.get_by_role("button", name=account, exact=True).click()
    page.get_by_role("button", name=said["out"]).wait_for()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_an_operator_signs_in_decides_and_signs_out(
    stack: Stack, opened: Any, language: str, size: dict[str, int], *, script: bool
) -> None:
    said, page = SAID[language], opened(language, size, script=script)

    page.goto("/models/pumps")
    _signs_in(page, said, "Olga")
    assert page.url == f"{stack.site}/models/pumps"
    page.goto("/operations")
    page.get_by_role("link", name="Pumps").first.click()
    page.get_by_label(said["what"], exact=True).select_option("canary 1")
    page.get_by_label(said["why"], exact=True).fill("a “try” <b>&</b>")
    page.get_by_role("button", name=said["on"].replace(" :", "\u00a0:")).click()
    assert stack.published.registry.head("pumps").number == 2
    page.get_by_role("button", name=said["yes"]).click()
    page.get_by_text(said["done"]).wait_for()
    head = stack.published.registry.head("pumps")
    assert (head.number, head.canary.version, head.canary.share) == (3, 1, 10)
    assert (head.who, head.why) == ("olga@localhost", "a “try” <b>&</b>")
    page.get_by_role("button", name=said["out"]).click()
    page.goto("/operations/pumps")
    assert page.url.startswith(stack.provider.issuer)


def test_of_two_operators_the_second_is_told_and_decides_again(stack: Stack, opened: Any) -> None:
    said, pages = SAID["en"], {name: opened() for name in ("Olga", "Otto")}
    for name, page in pages.items():
        page.goto("/models/pumps")
        _signs_in(page, said, name)
        page.goto("/operations/pumps")
        page.get_by_label(said["what"], exact=True).select_option("rollback 1" if name == "Olga" else "pause")
        page.get_by_label(said["why"], exact=True).fill(f"of {name}")
        page.get_by_role("button", name=said["on"]).click()

    pages["Olga"].get_by_role("button", name=said["yes"]).click()
    pages["Olga"].get_by_text(said["done"]).wait_for()
    late = pages["Otto"]
    late.get_by_role("button", name=said["yes"]).click()

    late.get_by_role("alert").get_by_text("somebody else decided meanwhile").wait_for()
    assert late.get_by_label(said["why"], exact=True).input_value() == "of Otto"
    assert stack.published.registry.head("pumps").why == "of Olga"
    late.get_by_role("button", name=said["on"]).click()
    late.get_by_role("button", name=said["yes"]).click()
    late.get_by_text(said["done"]).wait_for()
    assert stack.published.registry.head("pumps").serving is None


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_viewer_looks_and_whoever_is_in_no_group_does_not(stack: Stack, opened: Any, language: str) -> None:
    said, vera, nils = SAID[language], opened(language), opened(language)

    vera.goto("/")
    _signs_in(vera, said, "Vera")
    vera.goto("/operations/pumps")
    vera.get_by_text(said["no"]).wait_for()
    assert vera.locator("form.decision").count() == 0
    nils.goto("/")
    _signs_in(nils, said, "Nils")
    assert nils.goto("/operations").status == 403


def test_what_was_typed_when_the_token_ended_is_there_after_signing_in_again(
    stack: Stack, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, page = SAID["en"], opened()
    page.goto("/models/pumps")
    _signs_in(page, said, "Olga")
    page.goto("/operations/pumps")
    page.get_by_label(said["what"], exact=True).select_option("pause")
    page.get_by_label(said["why"], exact=True).fill("it took long to find these words")
    with monkeypatch.context() as later:
        later.setattr(person.Person, "is_late", property(lambda _self: True))

        page.get_by_role("button", name=said["on"]).click()
        page.get_by_role("heading", name="Sign in again").wait_for()
    page.get_by_role("main").get_by_role("link", name=said["in"]).click()
    page.get_by_role("button", name="Olga", exact=True).click()

    assert page.url == f"{stack.site}/operations/pumps"
    assert page.get_by_label(said["why"], exact=True).input_value() == "it took long to find these words"
    assert page.get_by_label(said["what"], exact=True).input_value() == "pause"


@every_look
def test_every_page_is_for_everybody_and_no_wider_than_its_screen(
    stack: Stack, opened: Any, language: str, size: dict[str, int], theme: str
) -> None:
    said, page = SAID[language], opened(language, size, color_scheme=theme)
    unbroken = "a-reason-without-a-blank-" * 12
    stack.published.release("pumps", 2, action="canary", canary=Canary(1, 20), why=unbroken, who=unbroken)

    def look(where: str) -> None:
        assert violations(page) == [], where
        assert wider(page) <= 0, where

    page.goto("/")
    _signs_in(page, said, "Olga")
    page.goto("/operations")
    look("overview")
    page.goto("/operations/pumps")
    look("model")
    press(page, said["on"].replace(" :", "\u00a0:"))
    look("to correct")
    page.get_by_label(said["what"], exact=True).select_option("rollback")
    page.get_by_label(said["why"], exact=True).fill(unbroken)
    press(page, said["on"].replace(" :", "\u00a0:"))
    look("review")
    press(page, said["out"])
    look("signed out")

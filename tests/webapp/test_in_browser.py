"""The first form in a real browser: with and without script, on a desktop and on a phone, without a console error."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from tests.webapp import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.webapp.fake_api import FakeApi

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"
)

SEND = {"en": "Get the answer", "fr": "Obtenir la réponse"}
DESKTOP, PHONE = {"width": 1280, "height": 850}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(site: Flask) -> Iterator[str]:
    server = waitress.create_server(site, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(
        server.close
    )  # on the server's own thread: waitress is not to be closed from another
    thread.join(timeout=10)


@pytest.fixture
def opened(chromium: Any, address: str) -> Iterator[Any]:
    """Open a page as somebody would: language, width, script or none; fail on any console error."""
    contexts, complaints = [], []

    def open_page(
        language: str = "en", size: dict[str, int] = DESKTOP, *, script: bool = True, theme: str = "light"
    ) -> Any:
        context = chromium.new_context(
            base_url=address, locale=language, viewport=size, java_script_enabled=script, color_scheme=theme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page

    for context in contexts:
        context.close()
    # Chromium itself notes every page that is not 2xx; that is the answer to a wrong form, not a fault.
    assert [said for said in complaints if "422" not in said and "404" not in said] == []


def press(page: Any, button: str) -> None:
    """Press a button that sends a form, and wait for the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_somebody_gets_an_answer_from_an_example(opened: Any, size: dict[str, int], *, script: bool) -> None:
    page = opened("fr", size, script=script)

    page.goto("/")
    page.get_by_role("link", name="Espèce de manchot").click()
    page.get_by_role("link", name="Remplir avec un exemple").click()
    page.get_by_label("Longueur du bec").fill("41,5")
    press(page, "Obtenir la réponse")

    assert "Manchot Adélie, avec 97" in page.locator(".headline").inner_text()
    assert page.get_by_label("Longueur du bec").input_value() == "41,5"


def test_wrong_fields_are_reached_from_the_summary(opened: Any) -> None:
    page = opened(size=PHONE)

    page.goto("/models/diabetes")
    press(page, "Get the answer")
    page.get_by_role("alert").get_by_role("link", name="Body mass index").click()

    assert page.evaluate("document.activeElement.id") == "f1"
    assert page.get_by_label("Body mass index").get_attribute("aria-invalid") == "true"


def test_no_page_is_wider_than_a_phone(opened: Any) -> None:
    page = opened("fr", PHONE)

    for path in ("/", *(f"/models/{one['name']}?example=1" for one, _answer in catalog.ALL)):
        page.goto(path)
        if path != "/":
            press(page, "Obtenir la réponse")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path


def test_a_digit_is_drawn_with_the_mouse(api: FakeApi, opened: Any) -> None:
    page = opened()
    page.goto("/models/digits")
    top, bottom = (page.locator("#f3").bounding_box(), page.locator("#f59").bounding_box())

    page.mouse.move(top["x"] + 10, top["y"] + 10)
    page.mouse.down()
    page.mouse.move(bottom["x"] + 10, bottom["y"] + 10, steps=20)
    page.mouse.up()
    press(page, "Get the answer")

    row = api.seen[-1].json["instances"][0]
    assert [row[f"pixel_{line}_3"] for line in range(8)] == [16] * 8
    assert row["pixel_0_2"] == 8
    assert row["pixel_0_7"] == 0


def test_nothing_of_a_hostile_model_runs(api: FakeApi, opened: Any) -> None:
    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)
    page = opened()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))

    page.goto("/")
    page.goto("/models/hostile?example=1")
    press(page, "Get the answer")

    assert page.locator(".headline").count() == 1
    assert dialogs == []
    assert page.locator("img").count() == 0


def test_language_and_theme_are_switched_and_kept(opened: Any) -> None:
    page = opened()

    page.goto("/models/penguins")
    press(page, "Français")
    press(page, "Sombre")

    assert page.url.endswith("/models/penguins")
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"


@pytest.mark.parametrize(
    ("language", "size", "theme"),
    [("en", DESKTOP, "light"), ("fr", PHONE, "dark")],
    ids=["en desktop light", "fr phone dark"],
)
def test_axe_finds_nothing_on_any_page(opened: Any, language: str, size: dict[str, int], theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = opened(language, size, theme=theme)
    found = []

    def look(where: str) -> None:
        violations = axe.run(page).response["violations"]
        found.extend((where, it["id"], it["nodes"][0]["html"]) for it in violations)

    page.goto("/")
    look("list")
    page.goto("/nowhere")
    look("not found")
    page.goto("/models/penguins")
    press(page, SEND[language])
    look("refused")
    for one, _answer in catalog.ALL:
        page.goto(f"/models/{one['name']}?example=1")
        press(page, SEND[language])
        look(f"{one['name']} answered")

    assert found == []


def test_every_control_has_a_name_that_is_read_aloud(opened: Any) -> None:
    page = opened()

    for one, _answer in catalog.ALL:
        page.goto(f"/models/{one['name']}")
        controls = page.locator("main input:not([type=hidden]), main select, main textarea, main button")
        for index in range(controls.count()):
            named = controls.nth(index).evaluate(
                "it => (it.labels?.[0]?.innerText || it.ariaLabel || it.innerText || '').trim()"
            )
            assert named

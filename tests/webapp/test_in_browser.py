"""The first form in a real browser: with and without script, on a desktop and on a phone, without a console error."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from tests.webapp import catalog
from tests.webapp.fake_api import release, version

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
HISTORY = ("/models/penguins/history", "/models/penguins/versions/3", "/models/penguins/versions/4")
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


def test_no_page_is_wider_than_a_phone(api: FakeApi, opened: Any) -> None:
    page = opened("fr", PHONE)

    unbroken = "a-reason-without-a-blank-" * 12
    api.releases["penguins"].insert(1, release(6, 3, previous=3, who=unbroken, why=unbroken))
    models = [f"/models/{one['name']}" for one, _answer in catalog.ALL]
    for path in ("/", *models, *(f"{model}?example=1" for model in models), *HISTORY):
        page.goto(path)
        if path.endswith("example=1"):
            press(page, "Obtenir la réponse")
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_somebody_finds_out_why_a_version_was_refused(
    opened: Any, size: dict[str, int], *, script: bool
) -> None:
    page = opened("fr", size, script=script)

    page.goto("/models/penguins")
    page.get_by_role("link", name="Toutes les versions et tout l’historique").click()
    page.get_by_role("link", name="Version 3", exact=True).click()
    wrong = page.locator(".finding-wrong").last
    wrong.locator("summary").click()

    assert "Elle fait moins bien que la version en service" in wrong.inner_text()
    assert wrong.get_by_text("worse by 0.0734").is_visible()
    assert page.locator("h1").inner_text() == "Version 3 Espèce de manchot"


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
    attack = catalog.ATTACK
    wrong = {"rule": attack, "passed": False, "detail": attack, "figures": {attack: attack}}
    api.add(
        catalog.HOSTILE,
        catalog.HOSTILE_ANSWER,
        versions=[version(3, serving=True, passed=False, rules=[wrong], created_by=attack)],
        releases=[release(1, 3, forced=True, who=attack, why=attack)],
    )
    page = opened()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))

    page.goto("/")
    page.goto("/models/hostile?example=1")
    press(page, "Get the answer")

    assert page.locator(".headline").count() == 1
    for path in ("/models/hostile", "/models/hostile/history", "/models/hostile/versions/3"):
        assert page.locator("img").count() == 0
        page.goto(path)
        assert page.get_by_text("<script>alert(1)</script>").count() > 0
    assert page.locator("img").count() == 0
    assert dialogs == []


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
def test_axe_finds_nothing_on_any_page(
    api: FakeApi, opened: Any, language: str, size: dict[str, int], theme: str
) -> None:
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
    for path in HISTORY:
        page.goto(path)
        for summary in page.locator("summary").all():
            summary.click()
        look(path)
    api.releases["penguins"].insert(0, release(7, None, action="pause", previous=3))
    page.goto("/models/penguins")
    look("paused")

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

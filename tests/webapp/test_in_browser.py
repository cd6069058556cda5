"""The first form in a real browser: with and without script, on a desktop and on a phone, without a console error."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from tests.webapp import catalog
from tests.webapp.browser import DESKTOP, PHONE, chromium, needs_chromium, press, violations, wider
from tests.webapp.fake_api import release, version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.webapp.fake_api import FakeApi

__all__ = ["chromium"]

pytestmark = needs_chromium

SEND = {"en": "Get the answer", "fr": "Obtenir la réponse"}
READ = {"en": "See how it is read", "fr": "Voir comment il est lu"}
TABLE = (
    "island;bill_length_mm;flipper_length_mm;body_mass_g;sex;ringed;notes\n"
    "Dream;41,5;181;3750;female;oui;\nDream;long;181;3750;female;oui;\nBiscoe;;190;4000;;non;\n"
)
SHEETS = tuple(f"/models/{name}/spreadsheet" for name in ("penguins", "digits"))
ABOUT = tuple(f"/models/{name}/about" for name in ("penguins", "diabetes", "digits"))
HISTORY = ("/models/penguins/history", "/models/penguins/versions/3", "/models/penguins/versions/4")


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

    page.wait_for_function("document.activeElement.id === 'f1'")  # a busy machine follows the link later
    assert page.get_by_label("Body mass index").get_attribute("aria-invalid") == "true"


def test_no_page_is_wider_than_a_phone(api: FakeApi, opened: Any) -> None:
    page = opened("fr", PHONE)

    unbroken = "a-reason-without-a-blank-" * 12
    api.releases["penguins"].insert(1, release(6, 3, previous=3, who=unbroken, why=unbroken))
    models = [f"/models/{one['name']}" for one, _answer in catalog.ALL]
    for path in (
        "/",
        "/predictions",
        *models,
        *(f"{model}?example=1" for model in models),
        *HISTORY,
        *SHEETS,
        *ABOUT,
    ):
        page.goto(path)
        if path.endswith("example=1"):
            press(page, "Obtenir la réponse")
        assert wider(page) <= 0, path


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


@pytest.mark.long
@pytest.mark.parametrize(
    ("language", "size", "theme"),
    [("en", DESKTOP, "light"), ("fr", PHONE, "dark")],
    ids=["en desktop light", "fr phone dark"],
)
def test_axe_finds_nothing_on_any_page(
    api: FakeApi, opened: Any, language: str, size: dict[str, int], theme: str
) -> None:
    page = opened(language, size, theme=theme)
    found = []

    def look(where: str) -> None:
        found.extend((where, *one) for one in violations(page))

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
    page.goto("/predictions")
    page.locator("#mine-list summary").first.click()
    look("own predictions")
    for path in (*SHEETS, *ABOUT, "/?q=nothing-like-it"):
        page.goto(path)
        look(path)
    page.goto(SHEETS[0])
    page.locator("#text").fill(TABLE)
    press(page, READ[language])
    look("previewed")
    page.locator("button[name=step]").click()
    page.locator("#answers-title").wait_for()
    look("answers")
    page.goto(SHEETS[0])
    press(page, READ[language])
    look("no table")
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


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_an_answer_survives_a_change_of_language(opened: Any, size: dict[str, int], *, script: bool) -> None:
    page = opened("en", size, script=script)

    page.goto("/models/penguins?example=1")
    press(page, "Get the answer")
    press(page, "Français")
    press(page, "Sombre")

    assert "Manchot Adélie, avec 97" in page.locator(".headline").inner_text()
    assert page.get_by_label("Longueur du bec").input_value() == "39,1"


def test_what_is_half_filled_in_survives_a_change_of_language(opened: Any) -> None:
    page = opened("en")

    page.goto("/models/penguins")
    page.get_by_label("Bill length").fill("41.5")
    press(page, "Français")

    assert page.get_by_label("Longueur du bec").input_value() == "41,5"


def test_a_link_opens_the_same_values_in_another_language(opened: Any) -> None:
    page, other = opened("en"), opened("fr", PHONE)
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))

    page.goto("/models/penguins?example=1")
    press(page, "Get the answer")
    other.goto(page.get_by_role("link", name="Link to these values").get_attribute("href"))

    assert other.get_by_label("Longueur du bec").input_value() == "39,1"
    assert other.get_by_label("Île").input_value() == "Torgersen"
    assert other.get_by_label("Oui").is_checked()
    assert other.get_by_text("Ces valeurs viennent d’un lien.").is_visible()
    assert [url for url in asked if "bill" in url.partition("#")[0]] == []


@pytest.mark.parametrize(
    "fragment",
    ["", "%", "null", "[]", "3", '{"island":["x"]}', '{"__proto__":{"a":1}}', '{"island":"<img>"}'],
)
def test_a_link_that_is_wrong_fills_in_nothing(opened: Any, fragment: str) -> None:
    page = opened("en")

    page.goto("/models/penguins#with=" + fragment)

    assert page.get_by_label("Island").input_value() == ""
    assert page.locator("img").count() == 0


@pytest.mark.parametrize(
    ("language", "size", "words"),
    [
        ("en", DESKTOP, ("Your predictions", "Adelie penguin, 97% sure", "Save as CSV", "Erase everything")),
        ("fr", PHONE, ("Vos prédictions", "Manchot Adélie, avec 97", "Enregistrer en CSV", "Tout effacer")),
    ],
    ids=["en desktop", "fr phone"],
)
def test_a_visitors_own_predictions_are_kept_exported_and_erased(
    opened: Any, language: str, size: dict[str, int], words: tuple[str, ...]
) -> None:
    mine, answer, save, erase = words
    page = opened(language, size)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/models/penguins?example=1")
    press(page, SEND[language])
    page.goto("/models/diabetes?example=1")
    press(page, SEND[language])

    page.get_by_role("link", name=mine, exact=True).first.click()
    listed = page.locator("#mine-list > li")
    assert listed.count() == 2
    assert answer in listed.nth(1).inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name=save).click()
    saved = download.value.path().read_bytes().decode()
    listed.nth(1).get_by_role("link").click()
    page.wait_for_url("**/models/penguins#with=*")
    refilled = page.get_by_label("Bill length" if language == "en" else "Longueur du bec").input_value()
    page.goto("/predictions")
    page.get_by_role("button", name=erase).click()

    assert saved.startswith("\ufeff")
    assert saved.count("\r\n") == 3
    assert answer in saved
    assert refilled == ("39.1" if language == "en" else "39,1")
    assert listed.count() == 0
    assert page.evaluate("localStorage.length") == 0


def test_the_same_answer_in_another_language_is_kept_once(opened: Any) -> None:
    page = opened("en")

    page.goto("/models/penguins?example=1")
    press(page, "Get the answer")
    press(page, "Français")
    page.goto("/predictions")

    assert page.locator("#mine-list > li").count() == 1


def test_a_prediction_is_kept_where_the_older_ones_have_left_no_room(opened: Any) -> None:
    page = opened("en")
    page.goto("/predictions")
    before = page.evaluate(
        """() => {
          const old = { at: "2026-11-01T00:00:00Z", asked: [["a", "b".repeat(20000)]], cautions: [], link: "/" };
          const records = [];
          const fits = () => {
            try { localStorage.setItem("dasier.predictions", JSON.stringify(records)); return true; } catch { return false; }
          };
          for (let more = 512; more >= 1; more /= 2) { // few writes: each is of megabytes
            records.push(...Array(more).fill(old));
            if (!fits()) records.length -= more;
          }
          const last = { ...old, asked: [["a", ""]] }; // to the last character but a few
          records.push(last);
          for (let more = 16384; more > 1; more /= 2) {
            const before = last.asked[0][1];
            last.asked[0][1] += "b".repeat(more);
            if (!fits()) last.asked[0][1] = before;
          }
          fits();
          return records.length;
        }"""
    )
    page.goto("/models/penguins?example=1")
    press(page, "Get the answer")
    page.locator(".kept-here").wait_for(state="visible")

    kept = page.evaluate("JSON.parse(localStorage.getItem('dasier.predictions'))")

    assert before > 100
    assert (kept[0]["model"], len(kept)) == ("penguins", (before + 2) // 2)


def test_a_kept_prediction_runs_neither_here_nor_in_a_spreadsheet(api: FakeApi, opened: Any) -> None:
    hostile = catalog.HOSTILE | {"title": {"en": "=HYPERLINK(1)", "fr": "=HYPERLINK(1)"}}
    api.add(hostile, catalog.HOSTILE_ANSWER)
    page = opened("en")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))

    page.goto("/models/hostile?example=1")
    press(page, "Get the answer")
    page.goto("/predictions")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()

    assert '"\'=HYPERLINK(1)"' in download.value.path().read_text()
    assert page.get_by_text("<script>alert(1)</script>").count() > 0
    assert page.locator("img").count() == 0
    assert dialogs == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize(
    ("language", "size", "words"),
    [
        ("en", DESKTOP, ("A spreadsheet", "Get 2 answers", "2 rows answered.", "Download them as CSV", "Adelie penguin")),
        ("fr", PHONE, ("Une feuille de calcul", "Obtenir 2 réponses", "2 lignes ont reçu une réponse.",
                       "Les télécharger en CSV", "Manchot Adélie")),
    ],
    ids=["en desktop", "fr phone"],
)  # fmt: skip
def test_a_spreadsheet_goes_in_and_comes_out_with_answers(
    opened: Any, language: str, size: dict[str, int], words: tuple[str, ...], *, script: bool
) -> None:
    tab, get, told, save, answer = words
    page = opened(language, size, script=script)

    page.goto("/models/penguins")
    page.get_by_role("link", name=tab).click()
    page.locator("#file").set_input_files(
        {"name": "mesures.csv", "mimeType": "text/csv", "buffer": TABLE.encode("utf-16")}
    )
    press(page, READ[language])
    assert page.locator(".cell-wrong").count() == 1
    press(page, get)
    with page.expect_download() as download:
        page.get_by_role("link", name=save).click()

    assert told in page.locator("main").inner_text()
    assert download.value.suggested_filename == "penguins.csv"
    lines = download.value.path().read_bytes().decode().split("\r\n")
    assert [answer in line for line in lines] == [
        True,
        True,
        False,
        True,
        False,
    ]  # the first line names the probabilities


@pytest.mark.parametrize(
    ("language", "size", "words"),
    [("en", DESKTOP, ("manchot", "About this model")), ("fr", PHONE, ("penguin", "À propos de ce modèle"))],
    ids=["en desktop", "fr phone"],
)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_somebody_finds_a_model_and_how_to_call_it(
    opened: Any, language: str, size: dict[str, int], words: tuple[str, str], *, script: bool
) -> None:
    looked_for, about = words
    page = opened(language, size, script=script)

    page.goto("/")
    page.get_by_role("searchbox").fill(looked_for)
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/?q=*")
    page.locator(".model-card a").click()
    page.get_by_role("link", name=about).click()

    assert page.get_by_label("curl").inner_text().startswith("curl -s")
    assert "98" in page.locator(".measured-value").first.inner_text()


def test_nothing_of_a_hostile_table_or_page_about_a_model_runs(api: FakeApi, opened: Any) -> None:
    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)
    page = opened()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))

    page.goto("/models/hostile/about")
    assert page.get_by_text("<script>alert(1)</script>").count() > 0
    page.goto("/models/hostile/spreadsheet")
    page.locator("#text").fill(f"{catalog.ATTACK},b\n{catalog.ATTACK},<img src=x onerror=alert(3)>\n")
    press(page, READ["en"])

    assert page.locator("main img").count() == 0
    assert dialogs == []

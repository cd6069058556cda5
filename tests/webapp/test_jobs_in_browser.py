"""A large table in a real browser, over a real API: the file goes straight to where jobs are kept, and its answers come back."""

from __future__ import annotations

import csv
import threading
from typing import TYPE_CHECKING, Any

import pytest
import waitress

from dasier import layout
from dasier.client import Client
from dasier.local.server import Server, address, listen
from tests.published import Published
from tests.webapp.browser import DESKTOP, PHONE, chromium, every_look, needs_chromium, violations, wider
from tests.webapp.conftest import SECRET
from webapp import Settings, create_app
from webapp.sheets import PASSED_ON_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["chromium"]

pytestmark = needs_chromium

SAID = {
    "en": {"background": "Answer it in the background", "hand in": "Hand it in", "results": "Download the answers as CSV",
           "refused": "Download the rows that could not be read, and why", "stop": "Stop", "ready": "Your answers are ready",
           "stopped": "Stopped", "at work": "Your table is here, and its turn comes", "decimals": "This table has decimal commas."},
    "fr": {"background": "Répondre en arrière-plan", "hand in": "Déposer le tableau", "results": "Télécharger les réponses en CSV",
           "refused": "Télécharger les lignes qui n’ont pas pu être lues, et pourquoi", "stop": "Arrêter", "ready": "Vos réponses sont prêtes",
           "stopped": "Arrêté", "at work": "Votre tableau est arrivé, son tour vient", "decimals": "Ce tableau a des virgules décimales."},
}  # fmt: skip


class Stack:
    """The API over a store, and the site in front of it."""

    def __init__(self) -> None:
        self._at = listen("127.0.0.1", 0, option="")
        self.published = Published()
        self.published.publish("pumps")
        self._api = Server(self.published.gateway, self._at)
        self.client = Client(address(self._at))
        app = create_app(Settings(api_url=address(self._at), secret=SECRET, plain_http=True), self.client)
        self._site = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
        self.site = f"http://127.0.0.1:{self._site.effective_port}"
        self._serving = threading.Thread(target=self._site.run)
        self._api.start()
        self._serving.start()

    def close(self) -> None:
        """End both."""
        self._site.trigger.pull_trigger(self._site.close)
        self._serving.join(timeout=10)
        self._api.stop()
        self._at.close()

    def rows_of(self, id_: str) -> bytes:
        """Give what was handed in."""
        return self.published.registry.store.get(layout.job_input(id_)) or b""


@pytest.fixture
def stack() -> Iterator[Stack]:
    found = Stack()
    yield found
    found.close()


@pytest.fixture
def opened(chromium: Any, stack: Stack) -> Iterator[Any]:
    """Open the site as somebody would; fail on any console error."""
    contexts, complaints = [], []

    def open_page(language: str = "en", size: dict[str, int] = DESKTOP, **more: Any) -> Any:
        script = more.pop("script", True)
        context = chromium.new_context(
            base_url=stack.site, locale=language, viewport=size, java_script_enabled=script, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page

    for context in contexts:
        context.close()
    assert [one for one in complaints if "404" not in one] == []


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Give a table that is over what the site passes on, with one row that no model reads."""
    file = tmp_path / "large.csv"
    with file.open("w") as out:
        out.write("heat,noise\nhigh,0.5\n")
        line = f"1.25,0.5{'0' * 100}\n"
        out.write(line * (PASSED_ON_BYTES // len(line) + 100))
    return file


def _columns(stack: Stack) -> list[str]:
    return [column.name for column in stack.client.describe("pumps").schema.columns]


def _job(page: Any) -> str:
    return str(page.url.rpartition("/")[2])


def _rows(download: Any) -> list[list[str]]:
    with open(download.path(), newline="") as file:  # noqa: PTH123 (Playwright gives a name)
        return list(csv.reader(file))


@pytest.mark.parametrize(("language", "size"), [("en", DESKTOP), ("fr", PHONE)])
def test_a_file_of_any_size_goes_from_the_browser_to_a_job_and_its_answers_come_back(
    stack: Stack, opened: Any, large: Path, language: str, size: dict[str, int]
) -> None:
    said, page, passed_on = SAID[language], opened(language, size), []
    page.on("request", lambda one: passed_on.append((one.method, one.url)))

    page.goto("/models/pumps/spreadsheet")
    page.locator("#file").set_input_files(large)
    assert page.locator("#file-large").is_visible()
    page.get_by_role("button", name=said["background"]).click()
    page.wait_for_url("**/models/pumps/jobs/*")
    page.locator("#file").set_input_files(large)
    page.get_by_role("button", name=said["hand in"]).click()
    page.get_by_role("heading", name=said["at work"]).wait_for()
    there = page.url

    puts = [url for method, url in passed_on if method == "PUT"]
    assert len(puts) == 1
    assert not puts[0].startswith(stack.site)
    assert stack.rows_of(_job(page)) == large.read_bytes()
    assert stack.published.work(_job(page)) == "done"
    page.get_by_role("heading", name=said["ready"]).wait_for()  # the page looks by itself
    with page.expect_download() as results:
        page.get_by_role("link", name=said["results"]).click()
    with page.expect_download() as refused:
        page.get_by_role("link", name=said["refused"]).click()
    rows, faults = _rows(results.value), _rows(refused.value)
    assert len(rows) == large.read_text().count("\n") - 1
    assert rows[1][0] == "1"
    assert faults[1][0] == "0"
    again = opened(language, size)
    again.goto(there)
    assert again.get_by_role("link", name=said["results"]).is_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_small_file_is_passed_on_by_the_site_and_watched_and_stopped(
    stack: Stack, opened: Any, tmp_path: Path, *, script: bool
) -> None:
    said, page = SAID["fr"], opened("fr", PHONE, script=script)
    file = tmp_path / "petit.csv"
    file.write_text(";".join(_columns(stack)) + "\n" + "1,25;0,5\n" * 6_000)

    page.goto("/models/pumps/spreadsheet")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name=said["background"]).click()
    page.wait_for_url("**/models/pumps/jobs/*")
    page.get_by_role("heading", name=said["at work"]).wait_for()

    assert stack.rows_of(_job(page)).splitlines()[1] == b"1.25,0.5"
    assert page.locator('meta[http-equiv="refresh"]').count() == (0 if script else 1)
    page.on("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name=said["stop"], exact=True).click()
    page.get_by_role("heading", name=said["stopped"]).wait_for()


def test_decimal_commas_in_a_large_file_are_told_before_it_is_sent(
    stack: Stack, opened: Any, tmp_path: Path
) -> None:
    page, file = opened("fr"), tmp_path / "grand.csv"
    file.write_text(";".join(_columns(stack)) + "\n" + "1,25;0,5000000\n" * (PASSED_ON_BYTES // 14))

    page.goto("/models/pumps/spreadsheet")
    page.get_by_role("button", name=SAID["fr"]["background"]).click()
    page.wait_for_url("**/models/pumps/jobs/*")
    page.locator("#file").set_input_files(file)
    page.get_by_role("button", name=SAID["fr"]["hand in"]).click()
    page.get_by_text(SAID["fr"]["decimals"]).wait_for()

    assert stack.rows_of(_job(page)) == b""


@every_look
def test_a_job_in_every_state_is_for_everybody_and_no_wider_than_its_screen(
    stack: Stack, opened: Any, language: str, size: dict[str, int], theme: str
) -> None:
    api, page = stack.client, opened(language, size, color_scheme=theme)
    header = ",".join(_columns(stack)).encode()
    waiting, queued, done, failed, stopped = (api.submit("pumps") for _each in range(5))
    for job in (queued, done):
        api.upload(job, header + b"\n1,2\nx,2\n")
    api.upload(failed, b"nothing,of,the,kind\n1,2,3,4\n")
    for job in (done, failed):
        stack.published.work(job.id)
    api.cancel(stopped.id)

    for id_ in (waiting.id, queued.id, done.id, failed.id, stopped.id, "01J5NOTHING"):
        page.goto(f"/models/pumps/jobs/{id_}")
        assert violations(page) == [], page.locator("h2").first.inner_text()
        assert wider(page) <= 0, page.locator("h2").first.inner_text()

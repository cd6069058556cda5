"""Nothing that a model, a file or a person says runs in a browser, and no page of ours asks for what its own policy forbids.

A real model is built of hostile words, published, judged and released with hostile reasons, and asked through the real API and the real site, in
a browser that reports every violation of a policy. Where a model is named, a hostile name is refused.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
import waitress
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from dasier.building.assembling import assemble
from dasier.building.refinements import ColumnNotes, OutputNotes, Refinements
from dasier.client import Client
from dasier.errors import DasierError
from dasier.local.server import Server, address, listen
from tests import models
from tests.e2e.rungs import over_http
from tests.published import Published
from tests.webapp.browser import chromium, needs_chromium
from tests.webapp.conftest import SECRET
from tests.webapp.test_in_browser import READ, SEND, press
from webapp import Settings, create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["chromium"]

pytestmark = needs_chromium

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>"
MORE = (
    "{{ 7*7 }}${7*7}<iframe srcdoc='<script>parent.alert(4)</script>'></iframe><a href=\"javascript:alert(5)\">x</a>"
    "</textarea></title></style><base href=//evil.example><form action=//evil.example><style>*{color:red}</style>"
)
WORDS = {"en": ATTACK + MORE, "fr": ATTACK + MORE}
NAMES = [
    "<script>alert(1)</script>",
    "a'onmouseover=alert(1)",
    'x"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
]


def hostile() -> Any:
    """Give a build of which every word is an attack."""
    rng = np.random.default_rng(1)
    n = 150
    table = pd.DataFrame(
        {
            ATTACK: rng.choice([ATTACK, "plain"], n),
            "{{7*7}}": np.round(rng.normal(0, 1, n), 2),
        }
    )
    table["kind"] = np.where((table["{{7*7}}"] > 0) ^ (table[ATTACK] == "plain"), MORE, ATTACK)
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    columns = ColumnTransformer([("w", words, [ATTACK])], remainder="passthrough")
    trained = models.trained("hostile", make_pipeline(columns, LogisticRegression()), table, "kind")
    notes = ColumnNotes(label=WORDS, help=WORDS, unit=ATTACK, category_labels={})
    about = replace(trained.about, **dict.fromkeys(("title", "summary", "limits"), WORDS))
    return assemble(
        replace(
            trained,
            about=about,
            refinements=Refinements(
                columns={
                    ATTACK: replace(notes, category_labels={ATTACK: WORDS}, unit=None),
                    "{{7*7}}": notes,
                },
                output=OutputNotes(label=WORDS, class_labels={ATTACK: WORDS}),
            ),
        )
    )


@pytest.fixture(scope="module")
def published() -> Published:
    found = Published()
    build = hostile()
    wrong = {"rule": ATTACK, "passed": False, "detail": ATTACK + MORE, "figures": {ATTACK: ATTACK}}
    found.publish("hostile", release=False, build=build)
    found.release("hostile", 1, who=ATTACK, why=ATTACK + MORE, forced=True)
    manifest = replace(build.manifest, created_by=ATTACK)
    found.publish("hostile", wrong, release=False, build=replace(build, manifest=manifest))
    return found


@pytest.fixture(scope="module")
def api(published: Published) -> Iterator[str]:
    with listen("127.0.0.1", 0, option="--port") as bound:
        server = Server(published.gateway, bound)
        server.start()
        yield address(bound)
        server.stop()


@pytest.fixture(scope="module")
def site(api: str) -> Iterator[str]:
    app = create_app(Settings(api_url=api, secret=SECRET, plain_http=True), Client(api))
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.trigger.pull_trigger(server.close)
    thread.join(timeout=10)


class Page:
    """A page, and all that went on in it."""

    def __init__(self, chromium: Any, language: str) -> None:
        self.ran: list[str] = []
        self.violations: list[str] = []
        self.elsewhere: list[str] = []
        self._context = chromium.new_context(locale=language)
        self._context.expose_binding("reported", lambda _, what: self.violations.append(what))
        self._context.add_init_script(
            "document.addEventListener('securitypolicyviolation', event => "
            "reported(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"
        )
        self.page = self._context.new_page()
        self.page.on("dialog", lambda dialog: (self.ran.append(dialog.message), dialog.dismiss()))
        self.page.on("pageerror", lambda error: self.ran.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.violations.append(said.text) if "Content Security" in said.text else None,
        )
        self.page.on(
            "request",
            lambda sent: (
                self.elsewhere.append(sent.url)
                if "127.0.0.1" not in sent.url[:20] and not sent.url.startswith("data:")
                else None
            ),
        )

    def close(self) -> None:
        self._context.close()

    def quiet(self) -> bool:
        """Whether nothing ran, nothing was asked of anybody else, and no policy was violated."""
        self.page.wait_for_load_state("networkidle")
        return (self.ran, self.violations, self.elsewhere) == ([], [], [])


@pytest.fixture(params=["en", "fr"])
def visited(request: pytest.FixtureRequest, chromium: Any) -> Iterator[Page]:
    page = Page(chromium, request.param)
    yield page
    page.close()


PAGES = (
    "/", "/?q=" + quote(ATTACK), "/models/hostile", "/models/hostile?example=1", "/models/hostile/about", "/models/hostile/history",
    "/models/hostile/versions/1", "/models/hostile/versions/2", "/models/hostile/spreadsheet", "/predictions",
    "/" + quote(ATTACK), "/models/" + quote(ATTACK),
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_no_word_of_a_model_runs_on_a_page(visited: Page, site: str, path: str) -> None:
    visited.page.goto(site + path)

    assert visited.quiet(), (visited.ran, visited.violations, visited.elsewhere)
    assert (
        visited.page.locator("img[src=x], iframe[srcdoc], base, main style, a[href^=javascript]").count() == 0
    )


def test_no_answer_about_hostile_values_runs(visited: Page, site: str) -> None:
    visited.page.goto(site + "/models/hostile?example=1")
    press(visited.page, SEND[visited.page.evaluate("navigator.language")[:2]])

    assert visited.page.locator(".headline").count() == 1
    assert visited.quiet(), (visited.ran, visited.violations)
    visited.page.goto(site + "/predictions")
    assert visited.quiet(), (visited.ran, visited.violations)


def test_no_cell_of_a_table_runs(visited: Page, site: str) -> None:
    language = visited.page.evaluate("navigator.language")[:2]
    visited.page.goto(site + "/models/hostile/spreadsheet")
    visited.page.locator("#text").fill(f"{MORE}\t{{{{7*7}}}}\n{ATTACK}\t{MORE}\n")
    press(visited.page, READ[language])

    assert visited.quiet(), (visited.ran, visited.violations)


@pytest.mark.parametrize(
    "path", ["/models/hostile/card", "/models/hostile", "/openapi.json", "/" + quote(ATTACK)]
)
def test_nothing_that_the_api_answers_runs_if_a_browser_opens_it(visited: Page, api: str, path: str) -> None:
    visited.page.set_extra_http_headers({"Accept": "text/html"})
    visited.page.goto(api + path)

    visited.page.wait_for_load_state("networkidle")
    assert (visited.ran, visited.elsewhere) == ([], [])
    assert visited.page.locator("img[src=x], script, iframe, base").count() == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_no_models(name: str, published: Published, api: str) -> None:
    build = models.renamed(models.constant(), name)

    with pytest.raises(DasierError):
        published.registry.publish(build, published.signer)
    answer = over_http.ask(api, "GET", f"/models/{quote(name)}", {}, b"")

    assert answer.status == 404
    assert name.encode() not in answer.body


def test_a_script_and_a_violation_are_noticed(visited: Page, site: str) -> None:
    """Else all of this would pass whatever ran."""
    visited.page.goto(site + "/")
    visited.page.evaluate("setTimeout(() => alert('ran'))")
    visited.page.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://evil.example/x'}))"
    )
    visited.page.wait_for_function("true")

    assert not visited.quiet()
    assert visited.ran == ["ran"]
    assert any("img-src" in said for said in visited.violations)

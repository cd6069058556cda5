"""What a model is, how good it is, and calls that work as they stand."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.webapp import catalog
from tests.webapp.fake_api import Canned, release
from webapp.calls import KEY, calls

if TYPE_CHECKING:
    from tests.webapp.conftest import Visitor
    from tests.webapp.fake_api import FakeApi

RUN = {
    "curl": ["bash", "-c"],
    "Python": [sys.executable, "-c"],
    "JavaScript": ["node", "--input-type=module", "-e"],
}
needs = {"curl": "curl", "Python": sys.executable, "JavaScript": "node"}


@pytest.mark.parametrize("name", ["penguins", "digits", "hostile"])
@pytest.mark.parametrize("way", list(RUN))
def test_each_call_on_the_page_works_as_it_stands(
    api: FakeApi, visitor: Visitor, way: str, name: str
) -> None:
    if shutil.which(needs[way]) is None:
        pytest.skip(f"no {way} on this machine")
    api.add(catalog.HOSTILE, catalog.HOSTILE_ANSWER)
    page = visitor.reads(f"/models/{name}/about").text
    found = re.search(rf'aria-label="{way}">(.*?)</pre>', page, re.DOTALL)
    assert found

    done = subprocess.run(
        [*RUN[way], html.unescape(found[1])], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert str(api.predictions[name]["prediction"]) in done.stdout.replace('\\"', '"')
    assert api.seen[-1].path == f"/models/{name}/predict"
    assert api.seen[-1].json["instances"] == [
        {one["name"]: one.get("example") for one in api.models[name]["schema"]["columns"]}
    ]


def test_a_call_takes_the_callers_key_and_never_shows_the_sites(api: FakeApi, site: Any) -> None:
    with site.test_request_context():
        described = site.extensions["dasier-client"].describe("turbines")

    made = calls(described, api.url, key=True)

    assert all(KEY in one for one in made.values())
    done = subprocess.run(
        [*RUN["Python"], made["Python"]], env={**os.environ, KEY: "a-key"}, check=True, capture_output=True
    )
    assert done.stdout
    assert api.seen[-1].headers["x-api-key"] == "a-key"


def test_figures_are_told_with_what_they_mean(visitor: Visitor, visiteur: Visitor) -> None:
    english = html.unescape(visitor.reads("/models/penguins/about").text)
    french = html.unescape(visiteur.reads("/models/penguins/about").text)

    assert '<span class="measured-value">98%</span>' in english
    assert "95% to 100%" in english
    assert "Share of rows answered right." in english
    assert "98\u00a0%" in french
    assert "Part des lignes bien classées." in french


def test_pictures_of_the_card_are_shown_and_nothing_is_fetched(api: FakeApi, visitor: Visitor) -> None:
    card = '<p><img alt="A plot" src="data:image/png;base64,AAAA"><img src="https://evil.example/x.png"><script>1</script>'
    usual = api.reply
    api.reply = lambda seen: Canned(200, card) if seen.path.endswith("/card") else usual(seen)  # type: ignore[method-assign]

    page = visitor.reads("/models/penguins/about").text

    assert '<img src="data:image/png;base64,AAAA" alt="A plot">' in page
    assert "evil" not in page
    assert "<script>1" not in page


def test_a_card_is_shown_as_a_page_of_no_origin(api: FakeApi, visitor: Visitor) -> None:
    answer = visitor.reads("/models/penguins/card")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_model_whose_card_is_lost_still_has_its_page(api: FakeApi, visitor: Visitor) -> None:
    usual = api.reply
    api.reply = lambda seen: Canned(404, {}) if seen.path.endswith("/card") else usual(seen)  # type: ignore[method-assign]

    assert visitor.reads("/models/penguins/about").status_code == 200


@pytest.mark.parametrize(
    ("asked", "found"), [("manchot", 1), ("SPECIES penguin", 1), ("especes", 1), ("unicorn", 0), ("", 6)]
)
def test_models_are_found_by_any_of_their_words(visitor: Visitor, asked: str, found: int) -> None:
    page = visitor.reads("/", query_string={"q": asked}).text

    assert page.count('class="model-card"') == found
    assert ("No model of that name" in page) == (found == 0)


def test_a_paused_model_is_in_the_list_and_leads_to_why(api: FakeApi, visitor: Visitor) -> None:
    api.releases["penguins"].insert(0, release(7, None, action="pause", previous=3, why="they moulted"))

    page = visitor.reads("/").text

    assert "Answers nobody for now" in page
    assert 'href="/models/penguins">Penguin species</a>' in page
    assert "they moulted" in visitor.reads("/models/penguins").text

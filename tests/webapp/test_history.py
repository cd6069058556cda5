"""What served when, and why, on the site."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from tests.webapp import catalog
from tests.webapp.conftest import Visitor, controls
from tests.webapp.fake_api import release, version
from webapp.history import SHOWN

if TYPE_CHECKING:
    from flask import Flask

    from tests.webapp.fake_api import FakeApi


def text(page: str) -> str:
    """Give what a page says, in a line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_a_model_says_what_served_lately_and_leads_to_the_rest(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins").text

    said = text(page)
    assert "Version 4 answers 10% of the callers, version 3 the others." in said
    assert "Forced, without a passing verdict" in said
    assert page.count('class="log-entry') == 3
    assert 'href="/models/penguins/history"' in page


def test_the_history_has_every_release_with_who_when_and_why(visitor: Visitor) -> None:
    said = text(visitor.reads("/models/penguins/history").text)

    for words in (
        "History Penguin species",
        "Version 3 serves, in place of version 2. Forced, without a passing verdict",
        "Chinstrap is what we need, and it finds them",
        "Nov 21, 2026, 5:45\u202fPM UTC · eve · no. 5 in the log".replace("\u202f", " "),
        "No version serves from here on; until then it was version 2.",
        "Version 2 serves, after a pause.",
        catalog.GATE_REASON,
        "It passed the gate.",
        "the automatic gate",
        "Version 1 serves, the first to do so.",
    ):
        assert words in said, words


def test_the_history_is_read_in_french(visiteur: Visitor) -> None:
    said = text(visiteur.reads("/models/penguins/history").text)

    for words in (
        "Historique Espèce de manchot",
        "La version 4 répond à 10 % des appelants, la version 3 aux autres.",
        "Imposée, sans avoir été admise",
        "21 nov. 2026, 17:45 UTC · eve · nº 5 du journal",
        "Elle a été admise par le contrôle.",
        "le contrôle automatique",
        "À l’essai : 10 % des appelants",
        "Refusée. Il n’est pas prouvé qu’elle soit assez bonne pour chaque groupe",
        "Exactitude équilibrée 97 % (de 93 % à 100 %)",
    ):
        assert words in said, words
    assert "None" not in said


def test_versions_stand_beside_it_with_their_verdicts(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins/history").text

    said = text(page)
    assert "Version 4 On trial: 10% of the callers Passed." in said
    assert "Version 3 Serves now Refused." in said
    assert "Balanced accuracy 97% (93% to 100%)" in said
    assert [f'href="/models/penguins/versions/{n}"' in page for n in (4, 3, 2, 1)] == [
        True,
        True,
        True,
        False,
    ]


def test_a_verdict_is_told_rule_by_rule_with_figures_and_the_words_of_the_gate(visitor: Visitor) -> None:
    page = visitor.reads("/models/penguins/versions/3").text

    said = text(page)
    for words in (
        "Version 3 Penguin species",
        "against version 2, which served then",
        "It answers all the same: somebody forced it.",
        "Speed Passed It answers fast enough. One answer takes 0.0412 ms; 1,000 ms are allowed.",
        "Quality by group Not passed",
        "“sex = female” (9 rows): too few to show anything.",
        "Balanced accuracy on the same 83 rows: 91.3%; version 2 has 98.7%.",
        str(catalog.WORSE["detail"]),
        '"serving_value": 0.9867',
    ):
        assert words in said, words
    assert page.count('<p lang="en">') == 4


def test_a_verdict_is_told_in_french(visiteur: Visitor) -> None:
    said = text(visiteur.reads("/models/penguins/versions/3").text)

    for words in (
        "face à la version 2, alors en service",
        "Rapidité Respecté Elle répond assez vite. Une réponse prend 0,0412 ms ; 1 000 ms sont permises.",
        "« sex = female » (9 lignes) : trop peu pour prouver quoi que ce soit.",
        "Exactitude équilibrée sur les mêmes 83 lignes : 91,3 %, contre 98,7 % pour la version 2.",
        "Les mots du contrôle, en anglais",
    ):
        assert words in said, words


def test_a_version_that_is_not_to_be_believed_shows_why(api: FakeApi, visitor: Visitor) -> None:
    forged = {
        "rule": "signature", "passed": False, "detail": "Version 5 is not signed by a trusted key.", "figures": {},
    }  # fmt: skip
    unknown = dict.fromkeys(("created", "created_by", "task", "runtime", "metrics", "source"))
    api.versions["penguins"].insert(0, version(5, passed=False, rules=[forged], trusted=False, **unknown))

    listed = text(visitor.reads("/models/penguins/history").text)
    shown = visitor.reads("/models/penguins/versions/5")

    assert "History Penguin species" in listed
    assert "Version 5 Not to be trusted Refused. Nothing proves who made it" in listed
    assert shown.status_code == 200
    assert "Version 5 is not signed by a trusted key." in shown.text


def test_a_version_that_was_not_judged_says_so(api: FakeApi, visitor: Visitor) -> None:
    api.versions["penguins"].insert(0, version(5, passed=None))

    assert "Not judged yet." in visitor.reads("/models/penguins/versions/5").text


@pytest.mark.parametrize("path", ["/models/penguins/versions/9", "/models/nobody/versions/1", "/models/nobody/history",
                                  "/models/penguins/versions/0", "/models/penguins/versions/x"])  # fmt: skip
def test_what_there_is_not_is_not_found(visitor: Visitor, path: str) -> None:
    assert visitor.reads(path).status_code == 404


@pytest.mark.parametrize(("language", "paused"), [("en", "Paused: no version serves."), ("fr", "En pause")])
def test_a_paused_model_says_since_when_and_why(
    api: FakeApi, site: Flask, language: str, paused: str
) -> None:
    visitor = Visitor(site.test_client(), language)
    token = visitor.token("/models/penguins")
    filled_in = controls(visitor.reads("/models/penguins?example=1").text)
    api.releases["penguins"].insert(
        0, release(7, None, action="pause", previous=3, who="bob", why="they moulted")
    )

    asked, sent = (
        visitor.reads("/models/penguins"),
        visitor.browser.post(
            "/models/penguins", data={"csrf_token": token, **filled_in}, headers={"Accept-Language": language}
        ),
    )

    assert (asked.status_code, sent.status_code) == (200, 503)
    for page in (asked.text, sent.text):
        said = text(page)
        assert paused in said
        assert "they moulted" in said
        assert "bob" in said
        assert "<textarea" not in page
    assert visitor.reads("/models/penguins/history").status_code == 200


def test_a_model_that_nothing_was_released_of_says_so(api: FakeApi, visitor: Visitor) -> None:
    api.releases["penguins"].clear()

    page = visitor.reads("/models/penguins")

    assert page.status_code == 200
    assert "No version has served yet." in page.text
    assert "No version has served yet." in visitor.reads("/models/penguins/history").text


def test_a_log_that_cannot_be_read_is_no_reason_not_to_answer(api: FakeApi, visitor: Visitor) -> None:
    usual = api.reply
    from tests.webapp.fake_api import Canned

    api.reply = lambda seen: Canned(503) if seen.path.endswith("/releases") else usual(seen)  # type: ignore[method-assign]

    page = visitor.reads("/models/penguins")

    assert page.status_code == 200
    assert 'name="x.bill_length_mm"' in page.text


def test_a_long_history_is_read_a_page_at_a_time(api: FakeApi, visitor: Visitor) -> None:
    last = 2 * SHOWN + 3
    api.releases["penguins"] = [release(n, n, previous=n - 1 or None) for n in range(last, 0, -1)]
    api.versions["penguins"] = [version(n, serving=n == last) for n in range(last, 0, -1)]

    seen, path = [], "/models/penguins/history"
    while path:
        page = visitor.reads(path).text
        assert f"Version {last} serves." in page
        seen += [int(n) for n in re.findall(r"no\. (\d+) in the log", page)]
        older = re.search(r'href="([^"]*releases=\d+[^"]*)">Older entries', page)
        path = html.unescape(older[1]) if older else ""

    assert seen == list(range(last, 0, -1))


@pytest.mark.parametrize(
    "query", ["releases=x", "releases=-1", "versions=0", "releases=1&versions=1", "releases="]
)
def test_a_page_that_there_is_not_harms_nothing(visitor: Visitor, query: str) -> None:
    assert visitor.reads(f"/models/penguins/history?{query}").status_code == 200


@pytest.mark.parametrize("language", ["en", "fr"])
def test_hostile_names_reasons_and_findings_are_only_words(api: FakeApi, site: Flask, language: str) -> None:
    attack = catalog.ATTACK
    finding = {"rule": attack, "passed": False, "detail": attack, "figures": {attack: [attack]}}
    slices = {"rule": "slices", "passed": False, "detail": attack,
              "figures": {"slices": [{"slice": attack, "metric": attack, "floor": 1, "rows": 1, "value": 0, "passed": False}]}}  # fmt: skip
    api.add(
        catalog.HOSTILE, catalog.HOSTILE_ANSWER,
        versions=[version(3, serving=True, passed=False, rules=[finding, slices], created_by=attack, title={"en": attack})],
        releases=[release(1, 3, forced=True, who=attack, why=attack, when=attack)],
    )  # fmt: skip
    visitor = Visitor(site.test_client(), language)

    pages = [visitor.reads(f"/models/hostile{rest}") for rest in ("", "/history", "/versions/3")]
    api.releases["hostile"].insert(0, release(2, None, action="pause", previous=3, who=attack, why=attack))
    pages.append(visitor.reads("/models/hostile"))

    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "{{7*7}}" in page.text
        assert html.escape(attack, quote=False).partition("&gt;")[2][:30] in page.text.replace(
            "&#34;", '"'
        ).replace("&#39;", "'")

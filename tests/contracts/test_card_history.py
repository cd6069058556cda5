"""What a card says that was not known when it was built: its verdict, and what served when, and why."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from dasier import layout
from dasier.releases import Canary
from dasier.serving.card_history import SHOWN
from tests.models import Counting
from tests.published import Api, built

WORSE = {
    "rule": "comparison",
    "passed": False,
    "detail": "On the same 60 held-out rows balanced_accuracy is 0.9, and 0.95 for version 1: worse by 0.05.",
    "figures": {"compared": True, "serving": 1, "metric": "balanced_accuracy", "rows": 60, "value": 0.9,
                "serving_value": 0.95, "better_by": -0.05},
}  # fmt: skip
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table></main><svg onload=alert(1)>",
    "[x](javascript:alert(1)) ![x](http://evil.example/x.png) <http://evil.example>",
    "a | b |\n| c |\n\n# heading\n\n<b>",
    "`code` **bold** &lt;b&gt; $x$ \\",
    "\u202egnp.exe \x00\x1b[31m",
)


class Tags(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def card(published, form="text/html", lang="en", name="cells"):
    answer = Api(published).get(f"/models/{name}/card?lang={lang}", accept=form)
    assert answer.status == 200, answer.body
    return answer.body.decode()


def added(published, form="text/html", lang="en", name="cells"):
    """Give what a card says beyond what was built."""
    whole = card(published, form, lang, name)
    ending = "html" if form == "text/html" else "md"
    built_one = built(name).blobs[f"card.{lang}.{ending}"].decode()
    start = built_one.rpartition("</main>")[0] if ending == "html" else built_one.rstrip()
    assert whole.startswith(start)
    return whole.removeprefix(start)


@pytest.fixture
def storied(published):
    """Give a model with a history of every kind: the version that serves was forced past the gate."""
    published.publish("cells")
    published.publish("cells", WORSE, release=False)
    published.release("cells", 1, action="canary", canary=Canary(2, 10), who="ada", why="new islands")
    published.release("cells", None, action="pause", who="bob", why="the scales were off")
    published.release("cells", 2, forced=True, who="eve", why="we know")
    return published


@pytest.mark.parametrize("form", ["text/html", "text/markdown"])
def test_a_card_tells_the_verdict_and_the_history_in_english(storied, form):
    told = added(storied, form)

    for words in (
        "How version 2 was judged",
        "Refused. It is worse than the version that served, or nothing shows that it is not.",
        "It serves although it has no passing verdict",
        "Balanced accuracy on the same 60 rows: 90%; version 1 has 95%.",
        "In the words of the gate: On the same 60 held-out rows",
        "What served when, and why",
        "Version 2 answers 10% of the callers, version 1 the others.",
        "No version serves from here on; until then it was version 1.",
        "FORCED, without a passing verdict. Version 2 serves, after a pause.",
        "2026-11-20 09:30 UTC",
        "the scales were off",
    ):
        assert words in told.replace("\\", ""), words
    assert told.index("we know") < told.index("the scales were off") < told.index("new islands")


@pytest.mark.parametrize("form", ["text/html", "text/markdown"])
def test_a_card_tells_them_in_french(storied, form):
    told = added(storied, form, "fr")

    for words in (
        "Comment la version 2 a été jugée",
        "Refusée. Elle fait moins bien que la version en service",
        "Exactitude équilibrée sur les mêmes 60 lignes\u00a0: 90\u00a0%, contre 95\u00a0% pour la version 1.",
        "Message du contrôle, en anglais",
        "Ce qui a servi, quand et pourquoi",
        "IMPOSÉE, sans avoir été admise.",
        "La version 2 répond à 10\u00a0% des appelants",
    ):
        assert words in told.replace("\\", ""), words
    assert "Version" not in re.sub(r"On the same.*?0\.05\.", "", told)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_card_tells_which_version_it_is_of_and_who_signed_it(published, language):
    published.publish("cells")
    published.publish("cells")
    manifest = published.registry.manifest("cells", 2)
    content = published.registry.store.get(layout.manifest("cells", 2))

    told = added(published, "text/markdown", language).replace("\\", "")

    assert f"| {'Number' if language == 'en' else 'Numéro'} | 2 |" in told
    assert f"| {manifest.id} |" in told
    assert f"| {published.signer.sign(b'').key_id} |" in told
    assert f"| {hashlib.sha256(content).hexdigest()} |" in told


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_people_wrote_is_only_words_on_the_page(published, attack, language):
    harmless = published.fresh_service()
    published.publish("cells", WORSE)
    plain = Tags(added(published, lang=language))
    published.service = harmless
    published.publish("cells", WORSE | {"detail": attack, "rule": attack, "figures": {attack: attack}})
    published.release("cells", 2, action="promote", who=attack, why=attack)

    page = Tags(added(published, lang=language))

    assert set(page.names) <= set(plain.names)
    assert page.attributes == plain.attributes
    assert page.names.count("h2") == plain.names.count("h2")
    assert (
        " ".join(attack.replace("\x00", " ").replace("\x1b", " ").replace("\n", " ").split(" ")) in page.text
    )


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_wrote_is_only_words_in_markdown(published, attack):
    published.publish("cells", WORSE | {"detail": attack, "rule": attack})
    published.release("cells", 1, action="rollback", who=attack, why=attack)

    told = added(published, "text/markdown")

    # Read by the most permissive reader that there is: HTML in Markdown on.
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(told)
    allowed = {"h2", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert set(Tags(page).names) <= allowed
    assert page.count("<tr>") == (1 + 5) + (1 + 2) + (1 + 2)
    assert page.count("<h2>") == 3


def test_only_the_newest_releases_are_told_and_where_the_others_are(published):
    published.publish("cells")
    for number in range(SHOWN + 5):
        published.release("cells", 1, action="rollback", why=f"reason {number:03}")

    told = added(published, "text/markdown")

    assert told.count("reason ") == SHOWN
    assert f"reason {SHOWN + 4:03}" in told
    assert "6 older entries are not shown here." in told
    assert "GET /models/cells/releases" in told.replace("\\", "")


def test_a_card_costs_a_bounded_number_of_requests(published):
    published.publish("cells")
    for _ in range(SHOWN + 30):
        published.release("cells", 1, action="rollback")
    api = Api(published)
    api.get("/models/cells/card")
    published.registry.store = counting = Counting(published.registry.store)

    api.get("/models/cells/card")

    # The card, the manifest, the verdict, each release but the newest, and whether there is a newer one.
    assert len(counting.asked) <= SHOWN - 1 + 4


def test_an_entry_that_cannot_be_read_hides_no_other(published):
    for _ in range(3):
        published.publish("cells")
    key = layout.release("cells", 2)
    published.registry.store.delete(key)
    published.registry.store.create(key, b"[")
    published.registry._releases.clear()  # as after a cold start

    told = added(published, "text/markdown")

    assert "This entry cannot be read." in told
    assert told.count("because") == 2


def test_a_page_that_was_written_otherwise_is_added_to_all_the_same():
    from dasier.serving.blocks import Paragraph
    from dasier.serving.cards import _page

    told = [Paragraph("why")]

    assert _page(b"<body>a</body>", told) == b"<body>a<p>why</p>\n</body>"
    assert _page(b"a", told) == b"a<p>why</p>"


def test_a_version_that_was_never_judged_says_so(published):
    version = published.registry.publish(built("cells"), published.signer).version
    published.release("cells", version, forced=True)

    assert "Not judged yet." in added(published, "text/markdown")

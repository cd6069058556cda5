"""What models there are, and what each is."""

from __future__ import annotations

import json
import threading
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from dasier import layout
from dasier.client import answers
from dasier.manifest import canonical
from dasier.registry import Registry
from dasier.releases import Canary
from dasier.schema import Column
from dasier.serving import catalog
from dasier.serving.cards import preferred_form
from tests.models import TRUSTED, Counting, Shop, constant, entry
from tests.published import MODELS, WHEN, Api, built, verdict

if TYPE_CHECKING:
    from dasier.store import Store

PROBLEM = "application/problem+json"


def test_the_root_says_where_to_go_on(api):
    document = api.json("GET", "/")

    assert document["name"] == "DASIER"
    assert {api.get(path).status for path in document["links"].values()} == {200}


def test_health_is_one_word(api):
    assert api.json("GET", "/healthz") == {"status": "ok"}


def test_the_list_names_every_model_that_serves(api):
    document = api.json("GET", "/models")

    assert [one["name"] for one in document["models"]] == sorted(MODELS)
    assert document["models"][0] == {
        "name": "birds",
        "title": {"en": "Birds", "fr": "Birds (fr)"},
        "summary": {"en": "Answers birds.", "fr": "Répond sur birds."},
        "task": "classification",
        "version": 1,
        "runtime": built("birds").manifest.runtime.name,
        "updated": WHEN,
    }


def test_a_model_without_a_release_is_not_listed_and_not_there_yet(published):
    published.publish("cells", release=False)
    api = Api(published)

    assert api.json("GET", "/models") == {"models": []}
    assert api.get("/models/cells").status == 503
    assert [one["version"] for one in api.json("GET", "/models/cells/versions")["versions"]] == [1]
    assert api.json("GET", "/models/cells/releases")["releases"] == []


def test_a_paused_model_is_not_listed(published):
    published.publish("cells")
    published.release("cells", None, action="pause")
    api = Api(published)

    assert api.json("GET", "/models") == {"models": []}
    assert api.get("/models/cells").status == 503


def test_a_paused_model_is_listed_for_those_who_ask_for_it(published):
    published.publish("cells")
    published.publish("pumps")
    published.release("cells", None, action="pause")
    api = Api(published)

    listed = api.json("GET", "/models?paused=true")["models"]

    assert [(one["name"], one["version"]) for one in listed] == [("cells", None), ("pumps", 1)]
    assert listed[0]["title"]


class Meeting(Counting):
    """A store in which whoever reads a manifest waits for another who does."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.pair = threading.Barrier(2)

    def get(self, key: str) -> bytes | None:
        if key.endswith(".manifest.json"):
            self.pair.wait(timeout=10)
        return super().get(key)


def test_paused_models_are_looked_up_at_the_same_time():
    """A thousand of them one after the other took longer than a request may."""
    shop = Shop()
    for name in ("ash", "elm"):
        shop.publish(constant(name))
        shop.release(name, None, action="pause")
    service = shop.service(Registry(Meeting(shop.store), TRUSTED))

    listed = catalog.models(service, paused=True)["models"]

    assert [(one["name"], one["version"]) for one in listed] == [("ash", None), ("elm", None)]


def test_a_model_whose_release_points_at_nothing_leaves_the_others_listed(published):
    published.publish("cells")
    published.publish("pumps")
    published.release("cells", 9)
    api = Api(published)

    assert [one["name"] for one in api.json("GET", "/models")["models"]] == ["pumps"]
    assert api.get("/models/cells").status == 503


def test_a_model_that_is_not_to_be_believed_leaves_the_others_listed(published):
    published.publish("pumps")
    forged = built("cells").manifest.bound_to(1, publication="x")
    published.registry.store.create(
        "models/cells/versions/000001.manifest.json", canonical(forged.to_document())
    )
    published.release("cells", 1)
    api = Api(published)

    assert [one["name"] for one in api.json("GET", "/models")["models"]] == ["pumps"]
    assert api.get("/models/cells").status == 503


def test_an_empty_registry_has_an_empty_list(published):
    assert Api(published).json("GET", "/models") == {"models": []}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_what_a_form_needs(api, name):
    document = api.json("GET", f"/models/{name}")

    schema = built(name).manifest.schema
    read = answers.ModelDescription.read(document)
    assert read.schema == schema
    assert read.task == schema.output.task
    assert read.metrics
    assert document["classes"] == list(schema.output.classes)
    assert document["runtime"]["name"] == built(name).manifest.runtime.name
    assert document["runtime"]["reason"]["en"]
    assert document["canary"] is None


def test_every_link_of_a_model_leads_somewhere(api):
    document = api.json("GET", "/models/birds")

    statuses = {word: api.get(path).status for word, path in document["links"].items()}
    assert {word for word, status in statuses.items() if status == 405} == {"predict", "invocations", "infer"}
    assert set(statuses.values()) == {200, 405}
    assert document["card"] == document["links"]["card"]


def test_a_column_has_every_key_also_where_it_says_nothing(api):
    column = api.json("GET", "/models/birds")["schema"]["columns"][0]

    assert set(column) == {field.name for field in fields(Column)}


def test_a_canary_is_told(published):
    published.publish("cells")
    published.publish("cells", release=False)
    published.release("cells", 1, action="canary", canary=Canary(2, 10))
    api = Api(published)

    assert api.json("GET", "/models/cells")["canary"] == {"version": 2, "share": 10}
    assert [one["canary"] for one in api.json("GET", "/models/cells/versions")["versions"]] == [10, None]


def test_versions_come_newest_first_with_metrics_verdict_who_and_when(published):
    for _ in range(3):
        published.publish("cells")
    api = Api(published)

    document = api.json("GET", "/models/cells/versions")

    newest = document["versions"][0]
    assert [one["version"] for one in document["versions"]] == [3, 2, 1]
    assert [one["serving"] for one in document["versions"]] == [True, False, False]
    assert newest["verdict"]["passed"] is True
    assert newest["metrics"]["values"]
    assert newest["created"]
    assert newest["created_by"]
    assert document["next"] is None


def test_a_verdict_stands_in_full_beside_its_version_and_is_documented(published):
    slow = {
        "rule": "latency",
        "passed": False,
        "detail": "One row is answered in 2 s.",
        "figures": {"row_ms": 2000.0},
    }
    published.publish("cells", slow)
    api = Api(published)

    one = api.json("GET", "/models/cells/versions/1")["verdict"]
    (listed,) = api.json("GET", "/models/cells/versions")["versions"]
    schemas = api.json("GET", "/openapi.json")["components"]["schemas"]

    assert one == listed["verdict"] == verdict("cells", 1, slow)
    assert set(one) == set(schemas["Verdict"]["required"])
    assert set(slow) == set(schemas["Finding"]["required"])


def test_a_forced_release_says_so_for_ever(published):
    published.publish("cells")
    published.release("cells", 1, forced=True, who="eve", why="we know")
    for _ in range(3):
        published.release("cells", 1, action="rollback")

    log = Api(published).json("GET", "/models/cells/releases")["releases"]

    assert [one["forced"] for one in log] == [False, False, False, True, False]
    assert (log[3]["who"], log[3]["why"]) == ("eve", "we know")


def test_versions_come_a_page_at_a_time(published):
    for _ in range(5):
        published.publish("cells")
    api = Api(published)

    pages, path = [], "/models/cells/versions?limit=2&unknown=x"
    while path:
        document = api.json("GET", path)
        pages.append([one["version"] for one in document["versions"]])
        path = document["next"]

    assert pages == [[5, 4], [3, 2], [1]]


def test_a_version_that_is_not_trusted_is_listed_as_such(published):
    published.publish("cells")
    forged = built("cells").manifest.bound_to(2, publication="x")
    published.registry.store.create(
        "models/cells/versions/000002.manifest.json", canonical(forged.to_document())
    )
    api = Api(published)

    document = api.json("GET", "/models/cells/versions")

    assert [(one["version"], one["trusted"]) for one in document["versions"]] == [(2, False), (1, True)]
    assert document["versions"][0]["metrics"] is None
    assert api.get("/models/cells/versions/2").status == 503


def test_a_verdict_that_cannot_be_read_hides_no_version(published, caplog):
    published.publish("cells")
    published.publish("cells")
    store = published.registry.store
    store.delete(layout.verdict("cells", 1))
    store.create(layout.verdict("cells", 1), b"{")
    api = Api(published)

    told = api.json("GET", "/models/cells/versions")["versions"]

    assert [(one["version"], one["verdict"]["passed"]) for one in told] == [(2, True), (1, False)]
    assert api.json("GET", "/models/cells/versions/1")["verdict"] == {"passed": False, "rules": []}
    assert "verdict not told" in caplog.text


def test_a_release_that_cannot_be_read_hides_no_other(published, caplog):
    published.publish("cells")
    published.registry.store.create(layout.release("cells", 2), b"[]")
    published.registry.append("cells", entry(3, 1))

    told = Api(published).json("GET", "/models/cells/releases")["releases"]

    assert [one["number"] for one in told] == [3, 1]
    assert "is passed over" in caplog.text


def test_a_version_is_told_in_full_but_for_its_golden_records(api):
    document = api.json("GET", "/models/birds/versions/1")

    assert document["version"] == 1
    assert document["blobs"]["model"]["sha256"]
    assert document["schema"]["columns"][0]["name"] == "beak mm"
    assert document["verdict"]["passed"] is True
    assert document["serving"] is True
    assert "golden" not in document


def test_the_release_log_comes_newest_first_a_page_at_a_time(published):
    published.publish("cells")
    published.publish("cells")
    published.release("cells", 1, action="rollback")
    api = Api(published)

    document = api.json("GET", "/models/cells/releases?limit=2")
    rest = api.json("GET", document["next"])

    assert [(one["number"], one["action"], one["serving"]) for one in document["releases"]] == [
        (3, "rollback", 1),
        (2, "promote", 2),
    ]
    assert [one["number"] for one in rest["releases"]] == [1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "before=-1", "before=٣", "limit=", "limit=1e3"]
)
def test_a_page_that_is_none_is_refused(api, query):
    answer = api.get(f"/models/birds/versions?{query}")

    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["pointer"] == "?" + query.partition("=")[0]


@pytest.mark.parametrize("rest", ["", "/versions", "/versions/1", "/releases", "/card", "/predict"])
def test_a_model_that_does_not_exist_is_not_found(api, rest):
    answer = api.ask("POST" if rest == "/predict" else "GET", f"/models/nobody{rest}")

    assert answer.status == 404
    assert answer.headers["content-type"] == PROBLEM
    assert "model" in json.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "md"),
        ("*/*", "md"),
        ("text/html", "html"),
        ("text/markdown", "md"),
        ("text/html, text/markdown", "md"),
        ("text/html;q=0.5, text/markdown;q=0.4", "html"),
        ("text/html;q=0, */*", "md"),
        ("text/markdown;q=0, */*", "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "html"),
        ("text/*;q=0.3, text/html;q=nonsense", "md"),
        ("application/json", "md"),
    ],
)
def test_the_card_comes_in_the_form_that_is_preferred(accept, form):
    assert preferred_form(accept) == form


@pytest.mark.parametrize(
    ("query", "accept_language", "language"),
    [
        ("", "", "en"),
        ("?lang=fr", "", "fr"),
        ("?lang=en", "fr", "en"),
        ("", "fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5", "fr"),
        ("", "de, en;q=0.5, fr;q=0.4", "en"),
    ],
)
def test_the_card_comes_in_the_language_that_is_preferred(api, query, accept_language, language):
    answer = api.get(f"/models/birds/card{query}", accept_language=accept_language, accept="text/html")

    assert answer.headers["content-language"] == language
    assert f'<html lang="{language}">' in answer.body.decode()


def test_a_language_that_there_is_not_is_refused(api):
    answer = api.get("/models/birds/card?lang=../en")

    assert answer.status == 400


@pytest.mark.parametrize("accept", ["text/html", "text/markdown"])
def test_nothing_on_a_card_may_run_or_fetch(api, accept):
    answer = api.get("/models/birds/card", accept=accept)

    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_version_without_a_card_has_none(published):
    build = built("cells")
    bare = {role: blob for role, blob in build.manifest.blobs.items() if not role.startswith("card")}
    blobs = {role: build.blobs[role] for role in bare}
    published.publish(
        "cells", build=replace(build, manifest=replace(build.manifest, blobs=bare), blobs=blobs)
    )

    assert Api(published).get("/models/cells/card").status == 404


def test_an_answer_over_the_limit_is_told_so(published):
    published.settings = {"answer_limit_bytes": 500}
    published.service = published.fresh_service()
    published.publish("cells")

    assert Api(published).get("/models/cells").status == 413

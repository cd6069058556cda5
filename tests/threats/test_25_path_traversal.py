"""No name, version or language that a client sends reaches beyond its own place in the store."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from dasier.serving.exchange import handler
from dasier.store import Store
from functions import catalog, predict
from tests.published import Api, frame, records

HOSTILE = {
    "dots": "..",
    "dots and slash": "../cells",
    "encoded slash": "%2e%2e%2fcells",
    "encoded twice": "%252e%252e%252fcells",
    "far up": "../../../../etc/passwd",
    "fragment": "cells#x",
    "query": "cells?x",
    "backslash": "..\\cells",
    "NUL": "cells\0",
    "line break": "cells\n",
    "300 characters": "c" * 300,
    "unicode dots": "\u2024\u2024/cells",
    "fullwidth": "\uff0e\uff0e\uff0fcells",
    "upper case": "CELLS",
    "blank": "cells ",
    "leading dash": "-cells",
    "absolute": "/models/cells",
    "glob": "*",
    "url": "http://127.0.0.1/cells",
}
VERSIONS = [
    "0",
    "-1",
    "01",
    "1.0",
    "1e0",
    "+1",
    "\u0661",
    "1/../2",
    "..",
    "1000000",
    "9" * 300,
    "1\0",
    " 1",
    "",
]
OWN = re.compile(r"models/(cells/(versions|releases|verdicts)/.*|)|blobs/sha256/[0-9a-f]{64}")


class Watched(Store):
    """Remembers every key and prefix that it is asked for."""

    def __init__(self, store):
        super().__init__(store._backend, url=store.url)
        self.asked = []

    def get(self, key):
        self.asked.append(key)
        return super().get(key)

    def exists(self, key):
        self.asked.append(key)
        return super().exists(key)

    def keys(self, prefix):
        self.asked.append(prefix)
        return super().keys(prefix)

    def folders(self, prefix):
        self.asked.append(prefix)
        return super().folders(prefix)


@pytest.fixture
def watched(published):
    published.publish("cells")
    published.registry.store = Watched(published.registry.store)
    return published


def _strayed(published):
    return [key for key in published.registry.store.asked if not OWN.fullmatch(key)]


def _routes(parameter):
    tables = ((predict.ROUTES, method, path) for method, path in predict.ROUTES)
    more = ((catalog.ROUTES, method, path) for method, path in catalog.ROUTES)
    return [(table, method, path) for table, method, path in (*tables, *more) if f"{{{parameter}}}" in path]


def _call(published, table, method, resource, **parameters):
    handle = handler(table, serve=lambda: published.service)
    return handle(
        {
            "resource": resource,
            "httpMethod": method,
            "pathParameters": parameters,
            "headers": {"content-type": "application/json"},
            "body": json.dumps({"instances": records(frame("cells"))}),
            "requestContext": {"requestId": "r"},
        },
        None,
    )


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_not_found_and_asks_for_no_key(watched, name):
    answers = [_call(watched, *route, name=name, version="1") for route in _routes("name")]

    assert {answer["statusCode"] for answer in answers} == {404}
    assert watched.registry.store.asked == []
    assert all(name not in answer["body"] for answer in answers if len(name) > 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_hostile_version_is_not_found_and_asks_for_no_key_outside_its_model(watched, version):
    answers = [_call(watched, *route, name="cells", version=version) for route in _routes("version")]

    assert {answer["statusCode"] for answer in answers} == {404}
    assert _strayed(watched) == []


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "path", ["/models/{}", "/models/{}/card", "/v2/models/{}/ready", "/models/cells/versions/{}"]
)
def test_a_hostile_path_is_4xx_through_the_gateway(watched, path, name, encoded):
    segment = quote(name, safe="" if encoded else "/.%\\*:").replace("%0A", "%0a")

    answer = Api(watched).get(path.format(segment))

    # Some of these are plain paths once they are cut at their slashes, and may lead to a page that exists.
    assert 400 <= answer.status < 500 or segment in {"cells%23x", "cells%3Fx"}
    assert _strayed(watched) == []


@pytest.mark.parametrize("language", ["..", "../../x", "%2e%2e", "en/../fr", "EN", "en\0", "e" * 300, ""])
def test_a_hostile_language_is_400_and_asks_for_no_card(watched, language):
    answer = Api(watched).get(f"/models/cells/card?lang={quote(language, safe='')}")

    assert answer.status == 400
    assert not [key for key in watched.registry.store.asked if key.startswith("blobs/")]


def test_the_watch_sees_what_a_good_request_asks_for(watched):
    assert Api(watched).get("/models/cells/card").status == 200

    assert watched.registry.store.asked
    assert _strayed(watched) == []

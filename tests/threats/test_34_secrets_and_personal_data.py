"""What callers send, and what processes keep secret, is in no log, no refusal and no metric; what tells of a person is in no record.

Each input carries a word of its own, which is looked for in everything that leaves: what is logged (at every level), what is printed, what is
answered, counted and kept. The prediction log is for what callers send; of columns that tell of a person it holds nothing.
"""

from __future__ import annotations

import io
import json
import logging
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from dasier.client import Client, Patience
from dasier.errors import DasierError, SettingsInvalid
from dasier.local.exposition import exposition, total
from dasier.local.logs import Line
from dasier.personal import PersonalKey
from dasier.serving.counting import Counts
from dasier.serving.prediction_log import line
from dasier.serving.settings import Settings
from tests.published import Api, Published, built, frame, records
from tests.webapp.conftest import SECRET, Visitor, api, settings, site, visitor
from webapp import Settings as SiteSettings
from webapp import create_app

__all__ = ["api", "settings", "site", "visitor"]

WORD = re.compile("canary-?[a-z0-9]+", re.IGNORECASE)


@dataclass
class Heard:
    """Everything that leaves a process but its good answers."""

    capture: pytest.CaptureFixture[str]
    logged: io.StringIO = field(default_factory=io.StringIO)
    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def said(self) -> str:
        """Give all that was logged or printed until now."""
        self.logged.write("".join(self.capture.readouterr()))
        return self.logged.getvalue()

    def write(self, record: dict[str, Any]) -> None:
        """Take a record, as a prediction log does."""
        self.records.append(json.loads(line(record)))


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]):
    """Listen to all loggers at every level, with every field that comes along, and to both streams."""
    found = Heard(capfd)
    handler = logging.StreamHandler(found.logged)
    handler.setFormatter(Line())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        yield found
    root.removeHandler(handler)
    root.setLevel(before)


class Told(Exception):
    """What a library raises, with the value that it could not use in its words."""


class Indiscreet:
    """A model that tells in its error what it was sent."""

    def __init__(self, model: Any, error: type[Exception]) -> None:
        self._model, self._error = model, error

    def predict(self, rows: Any) -> Any:
        raise self._error(f"could not convert string to float: {rows.records()[0]}")


@pytest.fixture
def asking(published: Published, heard: Heard, tmp_path: Path):
    """Give an API with birds of which two columns tell of a person, that logs predictions and counts them."""
    birds = built("birds")
    marks = {"sex": {"personal": True}, "île": {"personal": True, "hashed": True}}
    columns = tuple(replace(one, **marks.get(one.name, {})) for one in birds.manifest.schema.columns)
    schema = replace(birds.manifest.schema, columns=columns)
    published.settings = {"personal_key": PersonalKey("canarypersonalkey" * 3)}
    published.publish("birds", build=replace(birds, manifest=replace(birds.manifest, schema=schema)))
    published.service = published.fresh_service()
    published.service.prediction_log = heard
    published.service.counts = Counts.within(tmp_path)
    return Api(published)


def row(**changes: Any) -> dict[str, Any]:
    return records(frame("birds"))[0] | changes


PERSON = {"sex": "canary-person1", "île": "canary-person2"}
CSV = "beak mm,mass_g,eggs,ringed,île,sex\n"
OIP = {
    "id": "canary-oipid",
    "parameters": {"canary-oipkey": "canary-oipvalue"},
    "inputs": [{"name": "canary-oipname", "shape": [1], "datatype": "BYTES", "data": ["canary-oipdata"]}],
}
REQUESTS = {
    "a value of another type": ("POST", "/models/birds/predict", {"instances": [row(mass_g="canary-value")]}),
    "rows as arrays": ("POST", "/models/birds/predict", {"instances": [["canary-cell"] * 6]}),
    "columns": ("POST", "/models/birds/predict", {"inputs": {"beak mm": ["canary-inputs"]}}),
    "a split frame": (
        "POST",
        "/models/birds/predict",
        {"dataframe_split": {"columns": ["beak mm"], "data": [["canary-split"]]}},
    ),
    "a form that there is not": ("POST", "/models/birds/predict", {"canary-form": [1]}),
    "no JSON": ("POST", "/models/birds/predict", b'{"instances": "canary-broken'),
    "a key twice": ("POST", "/models/birds/predict", b'{"canary-key": 1, "canary-key": 2}'),
    "bytes": ("POST", "/models/birds/predict", b"\xff canary-bytes"),
    "a query": ("POST", "/models/birds/predict?explain=canary-query&canary-name=1", {"instances": [row()]}),
    "invocations": ("POST", "/models/birds/invocations", {"instances": [row(mass_g="canary-mlflow")]}),
    "tensors": ("POST", "/v2/models/birds/infer", OIP),
    "feedback": ("POST", "/models/birds/feedback", {"prediction_id": "canary-id", "actual": "canary-actual"}),
    "a model": ("GET", "/models/canary-model", b""),
    "a version": ("GET", "/models/birds/versions/canary-version", b""),
    "a path": ("GET", f"/{quote('canary-päth')}/x", b""),
    "a page": ("GET", "/models/birds/versions?limit=canary-limit", b""),
    "a method": ("PATCH", "/models/birds/predict", b"canary-method"),
}
SENT = {
    "x_api_key": "canary-apikey",
    "authorization": "Bearer canary-token",
    "cookie": "session=canary-cookie",
    "x_client_id": "canary-client",
    "user_agent": "canary-agent",
    "x_forwarded_for": "canary-address",
    "accept": "canary/accept",
    "accept_language": "canary-lang",
    "referer": "http://canary-referer/",
}
ECHOED = {"canary-oipname", "canary-form", "canary-key"}
"""Names that a refusal points at; who reads it is who sent them."""


def words(*texts: Any) -> set[str]:
    return {word for text in texts for word in WORD.findall(str(text))}


@pytest.mark.parametrize("what", REQUESTS)
def test_nothing_that_is_sent_is_logged_counted_or_told_in_a_refusal(
    asking: Api, heard: Heard, tmp_path: Path, what: str
) -> None:
    method, target, body = REQUESTS[what]
    content = {"content_type": "application/json"} if isinstance(body, bytes) else {}

    answer = asking.ask(method, target, body, **SENT, **content)

    if answer.status != 200:
        assert words(answer.body.decode(), answer.headers) - ECHOED == set()
    assert words(heard.said) == set()
    assert words(exposition(total(tmp_path))) == set()
    assert words(json.dumps(heard.records)) == set()


@pytest.mark.parametrize("kind", ["text/csv", "text/csv; charset=canary-charset", "canary/type"])
def test_nothing_of_a_table_is_logged_or_told(asking: Api, heard: Heard, kind: str) -> None:
    body = (CSV + "canary-cell,canary-mass,1,true,Dream,female\ncanary-short\n").encode()

    answer = asking.ask("POST", "/models/birds/predict", body, content_type=kind, **SENT)

    assert answer.status in {400, 415, 422}
    assert words(answer.body.decode(), heard.said, json.dumps(heard.records)) == set()


@pytest.mark.parametrize(
    ("target", "body", "kind"),
    [
        ("/models/birds/predict", {"instances": [row(**PERSON)]}, "application/json"),
        ("/models/birds/predict?explain=true", {"instances": [row(**PERSON)] * 200}, "application/json"),
        ("/models/birds/invocations", {"dataframe_records": [row(**PERSON)]}, "application/json"),
        (
            "/models/birds/predict",
            (CSV + "41.5,3750,1,true,canary-person2,canary-person1\n").encode(),
            "text/csv",
        ),
    ],
    ids=["JSON", "many rows, explained", "MLflow", "CSV"],
)
def test_what_tells_of_a_person_is_in_no_record(
    asking: Api, heard: Heard, tmp_path: Path, target: str, body: Any, kind: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = asking.ask("POST", target, content, content_type=kind, **SENT)

    (record,) = heard.records
    assert answer.status == 200
    assert set(record["columns"]) == {"beak mm", "mass_g", "eggs", "ringed", "île"}
    assert all(re.fullmatch("[0-9a-f]{6}:[0-9a-f]{20}", cell) for cell in record["columns"]["île"])
    assert words(json.dumps(heard.records), heard.said, exposition(total(tmp_path))) == set()


@pytest.mark.parametrize("error", [ValueError, RuntimeError, KeyError, Told])
def test_a_library_that_tells_a_value_in_its_error_is_not_quoted(
    asking: Api, heard: Heard, error: type[Exception]
) -> None:
    service = asking.published.service
    loaded = service.serving("birds")
    service.loaded._held["birds", 1] = replace(loaded, model=Indiscreet(loaded.model, error))

    answer = asking.post("/models/birds/predict", {"instances": [row(**PERSON)]})

    assert answer.status in {422, 500}
    assert words(answer.body.decode(), heard.said, json.dumps(heard.records)) == set()
    if answer.status == 500:
        assert error.__name__ in heard.said
        assert "in predict" in heard.said  # where it happened is told all the same


def test_a_gateway_does_not_quote_what_a_function_raises(asking: Api, heard: Heard) -> None:
    from dasier.local.functions import Functions
    from dasier.local.gateway import Gateway
    from dasier.local.template import read_template
    from tests.local.asgi import ask
    from tests.published import TEMPLATE

    def fail(event: Any, context: Any) -> Any:
        raise RuntimeError(event["body"])

    gateway = Gateway(read_template(TEMPLATE), Functions({"PredictFunction": fail}))

    answer = ask(gateway, "POST", "/models/birds/predict", body=b"canary-body")

    assert answer.status == 500
    assert words(answer.body.decode(), heard.said) == set()
    assert "RuntimeError" in heard.said


def test_secrets_of_the_environment_are_in_no_complaint_about_it(heard: Heard) -> None:
    environment = {
        "DASIER_PERSONAL_KEY": "canary-short",
        "DASIER_SITE_SECRET": "canary-secret",
        "AWS_SECRET_ACCESS_KEY": "canary-aws",
        "DASIER_API_KEY": "canary-apikey",
    }

    with pytest.raises(SettingsInvalid) as refused:
        Settings.read(environment)
    settings = Settings(registry="memory://", trusted_keys=(), personal_key=PersonalKey("canary-secret"))

    assert words(refused.value, repr(settings), heard.said) == set()


def test_a_private_key_that_cannot_be_read_is_not_quoted(tmp_path: Path, heard: Heard) -> None:
    from dasier.signing import LocalSigner

    file = tmp_path / "signing.pem"
    file.write_text("-----BEGIN PRIVATE KEY-----\ncanary-pem\n-----END PRIVATE KEY-----\n")

    with pytest.raises(DasierError) as refused:
        LocalSigner.from_file(file)

    assert words(refused.value, heard.said) == set()


def test_a_store_that_refuses_does_not_tell_its_credentials(heard: Heard) -> None:
    from dasier.store import open_store

    store = open_store(
        "s3://nowhere/canaryless",
        environment={
            "AWS_ACCESS_KEY_ID": "canary-id",
            "AWS_SECRET_ACCESS_KEY": "canary-secret",
            "AWS_SESSION_TOKEN": "canary-token",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "eu-west-3",
        },
    )

    with pytest.raises(DasierError) as refused:
        store.get("a")

    assert words(refused.value, repr(store), heard.said) <= {"canaryless"}


# --- the site ------------------------------------------------------------------------------------


def posts(visitor: Visitor, path: str, sent: dict[str, Any]) -> Any:
    boundary, body = encode_multipart({"csrf_token": visitor.token("/"), **sent})
    return visitor.browser.post(
        path,
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers={"User-Agent": "canary-agent", "Referer": "http://localhost/canary-referer"},
    )


FORMS = {
    "a form": ("/models/penguins", {"x.notes": "canary-notes", "x.bill_length_mm": "canary-field", "x.canary": "1"}),
    "a paste": ("/models/penguins/spreadsheet", {"text": "island,notes\nDream,canary-paste\n", "step": "ask"}),
    "a choice": ("/preferences", {"language": "canary-language", "back": "/canary-back"}),
    "a file": ("/models/penguins/spreadsheet", {}),
    "a file of bytes": ("/models/penguins/spreadsheet", {}),
}  # fmt: skip
FILES = {"a file": b"island,notes\nDream,canary-upload\n", "a file of bytes": b"PK\x03\x04canary-workbook"}


@pytest.mark.parametrize("what", FORMS)
@pytest.mark.parametrize("status", [None, 422, 429, 500, 503])
def test_nothing_that_visitors_send_is_logged(
    api: Any, visitor: Visitor, heard: Heard, what: str, status: int | None
) -> None:
    path, sent = FORMS[what]
    if what in FILES:
        sent = {"file": FileStorage(io.BytesIO(FILES[what]), "canary-file.csv"), "step": "ask"}
    visitor.browser.set_cookie("dasier", "canary-cookie")
    usual = api.reply
    if status is not None:
        from tests.webapp.fake_api import Canned

        refusal = {"detail": "No.", "errors": [{"pointer": "#/canary-pointer", "code": "canary"}]}
        api.reply = lambda seen: usual(seen) if seen.method == "GET" else Canned(status, refusal)

    answer = posts(visitor, path, sent)

    assert answer.status_code < 600
    assert words(heard.said) == set()


def test_the_sites_secrets_are_in_no_page_and_no_log(api: Any, heard: Heard) -> None:
    settings = SiteSettings(
        api_url=api.url, secret="canary-secret" * 4, api_key="canary-key", plain_http=True
    )
    client = Client(settings.api_url, settings.api_key, patience=Patience(attempts=1))
    visitor = Visitor(create_app(settings, client).test_client())

    pages = [visitor.reads(path) for path in ("/", "/models/penguins", "/models/penguins/about", "/nowhere")]
    api.close()
    pages.append(visitor.reads("/models/digits"))

    told = [page.text + str(page.headers) for page in pages]
    assert words(*told, repr(settings), heard.said) == set()
    assert SECRET not in heard.said


# --- what is listened with hears -----------------------------------------------------------------


def test_a_canary_that_is_logged_or_printed_is_heard(heard: Heard) -> None:
    logging.getLogger("dasier").debug("careless", extra={"body": "canary-extra"})
    logging.getLogger("elsewhere").info("careless %s", "canary-argument")
    print("canary-printed")  # noqa: T201 (this is what is tried)
    try:
        int("canary-raised")
    except ValueError:
        logging.getLogger("dasier").exception("careless")

    assert words(heard.said) == {
        "canary-extra", "canary-argument", "canary-printed", "canary-raised"
    }  # fmt: skip


def test_a_page_that_breaks_over_a_value_does_not_quote_it(api: Any, settings: Any, heard: Heard) -> None:
    class Breaking(Client):
        def predict(self, name: str, rows: Any, *options: Any, **more: Any) -> Any:
            raise RuntimeError(f"{name}: {rows}")

    visitor = Visitor(create_app(settings, Breaking(api.url)).test_client())

    answer = visitor.takes_the_example("penguins", notes="canary-notes")

    assert answer.status_code == 500
    assert words(answer.text, heard.said) == set()
    assert "RuntimeError" in heard.said

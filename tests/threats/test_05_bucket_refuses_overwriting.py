"""A published object is overwritten or deleted: the bucket's policy refuses it, whoever asks.

moto ignores the conditions of a bucket's policy, so the policy that CloudFormation would get is
judged by `tests.cloud.policies`. Where a store has no policy, the change is found at the next load
(`test_06_flipped_byte.py`, `test_13_release_of_a_missing_version.py`).
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dasier.store import open_store
from tests.cloud.policies import Ask, may
from tests.cloud.translated import ACCOUNT, BUCKET, service

ANYBODY = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
"""An administrator of the account: all that is left to stop one is what the bucket itself denies."""
ADMINISTRATOR = {"aws:SecureTransport": "true", "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/admin"}
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/dasier/prod/operator/OperatorRole"
PUBLISHER = f"arn:aws:iam::{ACCOUNT}:role/dasier/prod/publisher/PublisherRole"
IMMUTABLE = [
    "blobs/sha256/" + "0" * 64,
    "models/penguins/versions/000007.manifest.json",
    "models/penguins/verdicts/000007.json",
    "models/penguins/releases/999987-000012.json",
    "feedback/penguins/dt=2026-11-24/01J.jsonl",
]


def _let_through(action: str, key: str, **context: str) -> bool:
    (policy,) = service().of("AWS::S3::BucketPolicy").values()
    ask = Ask(action, f"arn:aws:s3:::{BUCKET}/{key}", ADMINISTRATOR | context)
    return may(ANYBODY, ask, beside=policy["PolicyDocument"]["Statement"])


@pytest.mark.parametrize("key", IMMUTABLE)
def test_a_write_that_could_replace_an_object_is_refused(key):
    assert not _let_through("s3:PutObject", key)


@pytest.mark.parametrize("key", IMMUTABLE)
def test_a_write_that_can_only_create_is_let_through(key):
    assert _let_through("s3:PutObject", key, **{"s3:if-none-match": "*"})


@pytest.mark.parametrize("action", ["s3:DeleteObject", "s3:DeleteObjectVersion"])
@pytest.mark.parametrize("key", IMMUTABLE)
@pytest.mark.parametrize(
    "who", [ADMINISTRATOR["aws:PrincipalArn"], PUBLISHER, f"arn:aws:iam::{ACCOUNT}:root"]
)
def test_nobody_but_an_operator_deletes(action, key, who):
    assert not _let_through(action, key, **{"aws:PrincipalArn": who})


def test_an_operator_removes_a_blob_that_nothing_names():
    assert _let_through("s3:DeleteObject", IMMUTABLE[0], **{"aws:PrincipalArn": OPERATOR})


@pytest.mark.parametrize(
    "who",
    [
        f"arn:aws:iam::{ACCOUNT}:role/operator/OperatorRole",
        f"arn:aws:iam::{ACCOUNT}:role/dasier/dev/operator/OperatorRole",
        "arn:aws:iam::999999999999:role/dasier/prod/operator/OperatorRole",
        f"arn:aws:iam::{ACCOUNT}:user/dasier/prod/operator/somebody",
    ],
)
def test_who_only_looks_like_an_operator_deletes_nothing(who):
    assert not _let_through("s3:DeleteObject", IMMUTABLE[0], **{"aws:PrincipalArn": who})


def test_the_log_of_predictions_is_written_in_parts_without_the_header():
    assert _let_through("s3:PutObject", "predictions/penguins/dt=2026-11-24/part.jsonl")


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_without_tls_nothing_at_all_is_done(action):
    assert not _let_through(action, "predictions/x", **{"aws:SecureTransport": "false"})


@pytest.fixture
def listener():
    """Give the address of what stands where S3 would, and the writes that it gets."""
    written: list[tuple[str, dict[str, str]]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            written.append((self.path, dict(self.headers)))
            self.send_response(200)
            self.send_header("ETag", '"x"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", written
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_our_store_writes_is_what_the_policy_lets_through(listener):
    address, written = listener
    environment = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    store = open_store("s3://bucket", environment=environment)

    # Larger than what most clients send as a multipart upload.
    assert store.create("blobs/sha256/aa", b"x" * 20_000_000)

    ((path, headers),) = written
    assert {name.lower(): value for name, value in headers.items()}["if-none-match"] == "*"
    assert path == "/bucket/blobs/sha256/aa"

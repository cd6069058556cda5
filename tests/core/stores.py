"""Every kind of store that there is: memory, a folder, and a bucket on moto's S3 server."""

from __future__ import annotations

import threading
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from dasier.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

BUCKET = "registry"


class OneWriteAtATime:
    """A WSGI application in which no two writes overlap.

    moto looks whether a key is there, and writes it, in two steps: of two who both demand that it is absent both may be told
    that they wrote it. S3 does it in one.
    """

    def __init__(self, application: Callable[[dict[str, Any], Any], Iterable[bytes]]) -> None:
        self._application, self._writing = application, threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            return self._application(environ, start_response)
        body, whole = environ["wsgi.input"], environ.get("wsgi.input_terminated")
        # Read first, so that whoever sends slowly holds up nobody.
        environ["wsgi.input"] = BytesIO(
            body.read() if whole else body.read(int(environ.get("CONTENT_LENGTH") or 0))
        )
        with self._writing:
            return list(self._application(environ, start_response))


@cache
def s3_environment() -> dict[str, str]:
    """Start an S3 server in this process, which ends with it, and give what leads to it."""
    import boto3
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = OneWriteAtATime(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, name="s3", daemon=True).start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_REGION": "us-east-1",
    }
    boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106 (moto takes anything)
        region_name="us-east-1",
    ).create_bucket(Bucket=BUCKET)
    return environment


def s3_store() -> Store:
    """Give an empty store in the bucket."""
    return open_store(f"s3://{BUCKET}/{uuid4().hex}", environment=s3_environment())


def fill(store: Store, contents: dict[str, bytes]) -> None:
    """Put many objects into a bucket at once, behind the server's back."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    prefix = store.url.removeprefix(f"s3://{BUCKET}/")
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for key, content in contents.items():
        backend.put_object(BUCKET, f"{prefix}/{key}", content)


@pytest.fixture(params=["memory", "folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Give an empty store of each kind."""
    return _opened(request.param, tmp_path)


@pytest.fixture(params=["folder", "s3"])
def lasting_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Give an empty store of each kind that outlives a process."""
    return _opened(request.param, tmp_path)


def _opened(kind: str, folder: Path) -> Store:
    if kind == "s3":
        return s3_store()
    return open_store("memory://" if kind == "memory" else f"file://{folder}/store")

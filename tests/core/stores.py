"""Every kind of store that there is: memory, a folder, and a bucket on moto's S3 server."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dasier.store import Store, open_store

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "registry"


@cache
def s3_environment() -> dict[str, str]:
    """Start an S3 server in this process, which ends with it, and give what leads to it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
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

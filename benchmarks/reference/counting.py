"""An S3 on this machine (moto) that writes down each request which reaches it over HTTP."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from dasier.registry import Registry
from dasier.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.signing import TrustedKeys

BUCKET = "models"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_REGION": "us-east-1",
}
_ACCOUNT, _PARTITION = "123456789012", "aws"


class CountingS3:
    """The server, as a WSGI application.

    Attributes
    ----------
    asked : list of str
        Method and path of each request, oldest first.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""
        self._application = DomainDispatcherApplication(create_backend_app)
        self._objects = get_backend("s3")[_ACCOUNT][_PARTITION]
        self._objects.create_bucket(BUCKET, "us-east-1")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Note the request, and let moto answer it."""
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return self._application(environ, start_response)

    def put(self, prefix: str, objects: dict[str, bytes]) -> None:
        """Put objects behind the server's back: what is counted is reading."""
        for key, content in objects.items():
            self._objects.put_object(BUCKET, f"{prefix}/{key}", content)

    def registry(self, prefix: str, trusted: TrustedKeys) -> Registry:
        """Give the registry below a prefix."""
        environment = CREDENTIALS | {"AWS_ENDPOINT_URL": self.url}
        return Registry(open_store(f"s3://{BUCKET}/{prefix}", environment=environment), trusted)


@contextmanager
def counting_s3() -> Iterator[CountingS3]:
    """Run it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request
    s3 = CountingS3()
    server = make_server("127.0.0.1", 0, s3, threaded=True)
    s3.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="s3")
    thread.start()
    try:
        yield s3
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""People who sign in, at the provider of `make up`, by the very steps that a browser takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from dasier.local.provider import CLIENT_ID, Provider
from dasier.local.server import Server, address, listen

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse


class Providing:
    """The provider, answering."""

    client_id = CLIENT_ID

    def __init__(self) -> None:
        self._bound = listen("127.0.0.1", 0, option="--no-site")
        self.provider = Provider(address(self._bound), ("http://localhost", "https://localhost"))
        self._server = Server(self.provider, self._bound)
        self._server.start()

    def close(self) -> None:
        self._server.stop()
        self._bound.close()

    def chosen(self, sent_to: str, account: str) -> str:
        """Choose an account on the page that a browser was sent to, and give where it is sent back to."""
        parts = urlsplit(sent_to)
        assert f"{parts.scheme}://{parts.netloc}" == self.provider.issuer
        body = f"account={account}".encode()
        return self.provider.answer("POST", parts.path, parts.query, parts.netloc, body).location

    def signs_in(self, browser: FlaskClient, account: str, **query: str) -> TestResponse:
        """Sign somebody in, and give the answer to the last step."""
        sent = browser.get("/sign-in", query_string=query)
        assert sent.status_code == 302, sent.text
        return browser.get(path(self.chosen(sent.headers["Location"], account)))


def path(url: str) -> str:
    """Give an address without its host."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def asked(url: str) -> dict[str, Any]:
    """Give the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}

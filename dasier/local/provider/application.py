"""The provider's pages and endpoints (OpenID Connect Core 1.0, code flow with PKCE), as an ASGI application."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader
from joserfc import jwt
from joserfc.jwk import ECKey

from dasier.local.provider.accounts import ACCOUNTS, Account

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CLIENT_ID = "dasier-site"
BACK = "/sign-in/back"
"""The only page of a site that codes are brought to."""
CODE_S = 60.0
TOKEN_S = 3600
MOST_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    location: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for, once."""

    account: Account
    redirect_uri: str
    challenge: str
    nonce: str
    ends_s: float


class Provider:
    """Signs in whoever opens it, as who they choose.

    Parameters
    ----------
    issuer : str
        Where it answers.
    sites : tuple of str
        The addresses of the site: a code is brought to no other.
    token_s : int
        How long a token lasts.
    """

    def __init__(self, issuer: str, sites: tuple[str, ...], *, token_s: int = TOKEN_S) -> None:
        self.issuer = issuer
        self.token_s = token_s
        self._sites = sites
        self._key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"})
        self._grants: dict[str, Grant] = {}
        pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
        self._page = pages.get_template("accounts.html.j2")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's scope (ASGI 3)."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body") or len(body) > MOST_BYTES:
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self.answer(
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            headers.get("host", ""),
            body,
        )
        told = [(b"content-type", answer.content_type.encode()), (b"cache-control", b"no-store")]
        told += [(b"x-frame-options", b"DENY"), (b"referrer-policy", b"no-referrer")]
        if answer.location:
            told.append((b"location", answer.location.encode("latin-1")))
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": answer.body})

    def answer(self, method: str, path: str, query: str, host: str, body: bytes) -> Answer:
        """Answer a request; only to its own name, so that no page of another name speaks to it through a browser."""
        if host != urlsplit(self.issuer).netloc or len(body) > MOST_BYTES:
            return _json({"error": "invalid_request"}, 400)
        asked = dict(parse_qsl(query))
        sent = dict(parse_qsl(body.decode("latin-1")))
        answers: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/.well-known/openid-configuration"): lambda: _json(self._described()),
            ("GET", "/keys"): lambda: _json({"keys": [self._key.as_dict(private=False)]}),
            ("GET", "/authorize"): lambda: self._choose(asked, query),
            ("POST", "/authorize"): lambda: self._chosen(asked, sent),
            ("POST", "/token"): lambda: self._token(sent),
        }
        return answers.get((method, path), lambda: _json({"error": "not_found"}, 404))()

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _is_ours(self, asked: dict[str, str]) -> bool:
        """Say whether a code may be brought where a request says, by a request that a site of ours makes."""
        back = {site + BACK for site in self._sites}
        wanted = {"client_id": CLIENT_ID, "response_type": "code", "code_challenge_method": "S256"}
        return (
            all(asked.get(name) == value for name, value in wanted.items())
            and asked.get("redirect_uri") in back
            and all(asked.get(name) for name in ("state", "nonce", "code_challenge"))
            and "openid" in asked.get("scope", "").split()
        )

    def _choose(self, asked: dict[str, str], query: str) -> Answer:
        if not self._is_ours(asked):
            return _json({"error": "invalid_request"}, 400)
        refused = f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        page = self._page.render(accounts=ACCOUNTS, query=query, refuse=refused)
        return Answer(200, page.encode(), "text/html; charset=utf-8")

    def _chosen(self, asked: dict[str, str], sent: dict[str, str]) -> Answer:
        account = next((one for one in ACCOUNTS if one.subject == sent.get("account")), None)
        if account is None or not self._is_ours(asked):
            return _json({"error": "invalid_request"}, 400)
        now = time.monotonic()
        self._grants = {code: grant for code, grant in self._grants.items() if grant.ends_s > now}
        code = secrets.token_urlsafe(24)
        back = asked["redirect_uri"]
        self._grants[code] = Grant(account, back, asked["code_challenge"], asked["nonce"], now + CODE_S)
        return Answer(303, location=f"{back}?{urlencode({'code': code, 'state': asked['state']})}")

    def _token(self, sent: dict[str, str]) -> Answer:
        grant = self._grants.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        if (
            grant is None
            or grant.ends_s < time.monotonic()
            or sent.get("grant_type") != "authorization_code"
            or (sent.get("client_id"), sent.get("redirect_uri")) != (CLIENT_ID, grant.redirect_uri)
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != grant.challenge
        ):
            return _json({"error": "invalid_grant"}, 400)
        token = self.token(grant.account, nonce=grant.nonce)
        told = {"access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": self.token_s}
        return _json(told | {"id_token": token})

    def token(self, account: Account, *, nonce: str = "") -> str:
        """Give an ID token for somebody."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + self.token_s, "nonce": nonce}
        header = {"alg": "ES256", "kid": self._key.kid}
        return jwt.encode(header, claims | account.claims(), self._key, algorithms=["ES256"])


def _json(document: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())

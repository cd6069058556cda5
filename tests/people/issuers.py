"""A provider that signs what a test asks for, and the tokens that attackers make in its name."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from dasier.people.keys import Keys
from dasier.people.provider import Provider
from dasier.people.tokens import verified

ISSUER = "https://people.example/pool"
AUDIENCE = "the-site"


@cache
def rsa(kid: str) -> RSAKey:
    """Give a key pair, made once a process: making one takes long."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class Issuer:
    """Signs tokens; `asked` lists the addresses that were asked for its keys."""

    address: str = ISSUER
    kid: str = "2026"
    also: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: str = ""

    @property
    def key(self) -> RSAKey:
        return rsa(f"{self.address} {self.kid}")

    @property
    def settings(self) -> Provider:
        return Provider(issuer=self.address, audience=AUDIENCE)

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        described = {"issuer": self.address, "jwks_uri": f"{self.address}/keys"} | (
            json.loads(self.broken) if self.broken else {}
        )
        public = self.key.as_dict(private=False) | {"kid": self.kid}
        there = {
            f"{self.address}/.well-known/openid-configuration": described,
            f"{self.address}/keys": {"keys": [public, *self.also]},
        }
        return json.dumps(there[url]).encode()

    def keys(self, **more: Any) -> Keys:
        return Keys(self.address, fetch=self.fetch, **more)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Give what a good token says of an operator; a claim that is None is left out."""
        now = int(time.time())
        said = {
            "iss": self.address, "aud": AUDIENCE, "sub": "0a1b", "iat": now, "exp": now + 3600,
            "email": "olga@example.org", "email_verified": True, "groups": ["dasier-operators"],
        }  # fmt: skip
        return {name: value for name, value in (said | changed).items() if value is not None}

    def token(self, *, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """Give a signed token."""
        told = {"alg": "RS256", "kid": self.kid} | (header or {})
        return jwt.encode(told, self.claims(**changed), self.key, algorithms=[told["alg"]])

    def verify(self, token: str) -> Any:
        """Verify as the authorizer does, with keys that are asked for anew."""
        return verified(token, self.settings, self.keys())


def part(document: Any) -> str:
    """Give a document as a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def without_signature(issuer: Issuer, alg: str = "none") -> str:
    """Give a token that says it need not be signed."""
    return f"{part({'alg': alg, 'kid': issuer.kid})}.{part(issuer.claims())}."


def signed_with_the_public_key(issuer: Issuer) -> str:
    """Give a token whose MAC whoever knows the public key can make."""
    said = f"{part({'alg': 'HS256', 'kid': issuer.kid})}.{part(issuer.claims())}"
    mac = hmac.digest(issuer.key.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed_by(stranger: RSAKey | ECKey, issuer: Issuer, **header: Any) -> str:
    """Give a token that somebody else signed in the provider's name."""
    return jwt.encode({"alg": "RS256", "kid": issuer.kid, **header}, issuer.claims(), stranger)


def changed_after_signing(issuer: Issuer) -> str:
    """Give a viewer's token that says operator."""
    head, _, signature = issuer.token(groups=["dasier-viewers"]).split(".")
    return f"{head}.{part(issuer.claims())}.{signature}"

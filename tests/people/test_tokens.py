"""Whose token is believed, and who that makes them."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from joserfc.jwk import ECKey, OctKey

from dasier.errors import NotSignedIn
from dasier.people import Person
from dasier.people.keys import KEPT_S, SILENT_S, Keys, ProviderUnavailable, over_http
from dasier.people.tokens import verified
from tests.people import issuers
from tests.people.issuers import AUDIENCE, Issuer, rsa

NOW = int(time.time())
STRANGER = rsa("stranger")


def test_a_good_token_is_a_person() -> None:
    issuer = Issuer()

    person = issuer.verify(issuer.token())

    assert person == Person("0a1b", "olga@example.org", "operator")
    assert issuer.asked == [f"{issuer.address}/.well-known/openid-configuration", f"{issuer.address}/keys"]


def _forged(issuer: Issuer) -> dict[str, str]:
    other = Issuer("https://elsewhere.example")
    whole = issuer.token()
    head, body, signature = whole.split(".")
    return {
        "nothing": "",
        "no token": "a.b.c",
        "two parts": f"{head}.{body}",
        "not ascii": whole + "é",
        "endless": "a" * 10_000,
        "alg none": issuers.without_signature(issuer),
        "alg None": issuers.without_signature(issuer, "None"),
        "HS256 with the public key": issuers.signed_with_the_public_key(issuer),
        "a stranger's signature": issuers.signed_by(STRANGER, issuer),
        "a stranger's key in the header": issuers.signed_by(
            STRANGER, issuer, jwk=STRANGER.as_dict(private=False)
        ),
        "a stranger's keys at an address": issuers.signed_by(
            STRANGER, issuer, jku="https://elsewhere.example/keys"
        ),
        "a key that there is not": issuers.signed_by(STRANGER, issuer, kid="2025"),
        "no key named": issuer.token(header={"kid": ""}),
        "changed after signing": issuers.changed_after_signing(issuer),
        "cut off": f"{head}.{body}.{signature[:-8]}",
        "no signature": f"{head}.{body}.",
        "an access token's kind": issuer.token(header={"typ": "at+jwt"}),
        "another provider": other.token(),
        "another provider, signed here": issuer.token(iss="https://elsewhere.example"),
        "almost this provider": issuer.token(iss=issuer.address + "/"),
        "another site": issuer.token(aud="another-site"),
        "several sites": issuer.token(aud=[AUDIENCE, "another-site"]),
        "another party": issuer.token(aud=[AUDIENCE, "another-site"], azp="another-site"),
        "no audience": issuer.token(aud=None),
        "an audience that holds ours": issuer.token(aud=AUDIENCE + "-2"),
        "a Cognito access token": issuer.token(token_use="access"),  # noqa: S106 (a kind, not a secret)
        "expired": issuer.token(exp=NOW - 1),
        "never expires": issuer.token(exp=None),
        "expires in words": issuer.token(exp="tomorrow"),
        "expires at true": issuer.token(exp=True),
        "expires at no number": issuer.token(exp="NaN"),
        "expires at NaN": issuer.token(exp=float("nan")),
        "expires at infinity": issuer.token(exp=float("inf")),
        "made at NaN": issuer.token(iat=float("nan")),
        "of tomorrow": issuer.token(iat=NOW + 86_400, exp=NOW + 90_000),
        "not yet": issuer.token(nbf=NOW + 3_000),
        "about nobody": issuer.token(sub=None),
        "about somebody endless": issuer.token(sub="a" * 201),
        "about somebody of two lines": issuer.token(sub="gate\nX"),
    }


FORGED = _forged(Issuer())


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_does_not_hold_is_nobody(how: str) -> None:
    issuer = Issuer()

    with pytest.raises(NotSignedIn) as refused:
        issuer.verify(FORGED[how])

    assert "olga" not in str(refused.value)


def test_nothing_that_a_token_says_is_asked() -> None:
    issuer = Issuer()

    for token in FORGED.values():
        with pytest.raises(NotSignedIn):
            issuer.verify(token)

    assert {url.partition("/pool")[0] for url in issuer.asked} == {"https://people.example"}


def test_a_key_of_the_provider_that_is_for_a_mac_or_for_secrets_verifies_nothing() -> None:
    mac = OctKey.generate_key(256, {"kid": "mac"})
    secret = STRANGER.as_dict(private=False) | {"kid": "enc", "use": "enc"}
    issuer = Issuer(
        also=[mac.as_dict(private=True), secret, {"kid": "odd", "kty": "RSA", "n": "!"}, {"kty": "RSA"}]
    )

    for key_id in ("mac", "enc", "odd"):
        assert issuer.keys().get(key_id) is None
    assert issuer.keys().get(issuer.kid) is not None


def test_elliptic_keys_sign_as_well() -> None:
    key = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
    issuer = Issuer(also=[key.as_dict(private=False)])

    person = issuer.verify(issuers.signed_by(key, issuer, alg="ES256", kid="ec"))

    assert person.role == "operator"


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["dasier-operators"], "operator"), (["dasier-viewers"], "viewer"),
        (["dasier-viewers", "dasier-operators"], "operator"), ("dasier-viewers", "viewer"),
        ([], None), (None, None), (["Dasier-Operators"], None), (["dasier-operators "], None), ([["dasier-operators"]], None),
        ({"dasier-operators": True}, None), ("dasier-operators,dasier-viewers", None),
    ],
)  # fmt: skip
def test_the_group_says_what_somebody_may(groups: object, role: str | None) -> None:
    issuer = Issuer()

    assert issuer.verify(issuer.token(groups=groups)).role == role


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "olga@example.org"),
        ({"email_verified": "true"}, "olga@example.org"),
        ({"email_verified": False}, "subject 0a1b"),
        ({"email_verified": None}, "subject 0a1b"),
        ({"email": None}, "subject 0a1b"),
        ({"email": "gate"}, "subject 0a1b"),
        ({"email": "a@b\ngate"}, "subject 0a1b"),
        ({"email": None, "sub": "gate"}, "subject gate"),
    ],
)
def test_nobody_is_called_as_they_please_in_the_log(claims: dict[str, object], name: str) -> None:
    issuer = Issuer()

    assert issuer.verify(issuer.token(**claims)).name == name


def test_keys_are_asked_for_once_and_again_when_a_new_one_signs() -> None:
    seconds = [0.0]
    issuer = Issuer()
    keys = issuer.keys(clock=lambda: seconds[0])
    for _time in range(3):
        verified(issuer.token(), issuer.settings, keys)
    assert len(issuer.asked) == 2

    issuer.kid = "2027"
    seconds[0] = 61
    verified(issuer.token(), issuer.settings, keys)

    assert len(issuer.asked) == 4


def test_tokens_that_name_keys_which_there_are_not_do_not_make_us_ask_again_and_again() -> None:
    issuer = Issuer()
    keys = issuer.keys(clock=lambda: 0.0)

    for number in range(20):
        assert keys.get(f"none {number}") is None

    assert len(issuer.asked) == 2


@pytest.mark.parametrize("known", [(), ("2026",)])
def test_a_provider_that_is_down_is_not_asked_again_for_each_token(known: tuple[str, ...]) -> None:
    seconds, asked = [0.0], []
    issuer = Issuer()

    def down(url: str) -> bytes:
        if known and seconds[0] == 0:
            return issuer.fetch(url)
        asked.append(url)
        raise ProviderUnavailable("it does not answer")

    keys = Keys(issuer.address, fetch=down, clock=lambda: seconds[0])
    assert all(keys.get(kid) is not None for kid in known)
    seconds[0] = 61.0

    for number in range(20):
        with pytest.raises(ProviderUnavailable):
            keys.get(f"none {number}")
    assert len(asked) == 1
    assert all(keys.get(kid) is not None for kid in known)

    seconds[0] = 61.0 + SILENT_S + 1
    with pytest.raises(ProviderUnavailable):
        keys.get("none")
    assert len(asked) == 2


def test_a_key_that_the_provider_withdrew_is_refused_after_a_while() -> None:
    seconds = [0.0]
    issuer = Issuer()
    keys = issuer.keys(clock=lambda: seconds[0])
    assert keys.get("2026") is not None

    issuer.kid = "2027"
    seconds[0] = KEPT_S + 1

    assert keys.get("2026") is None


@pytest.mark.parametrize(
    "described",
    [
        '{"issuer": "https://elsewhere.example"}',
        '{"jwks_uri": "https://elsewhere.example/keys"}',
        '{"jwks_uri": "http://people.example/pool/keys"}',
        '{"jwks_uri": "file:///etc/passwd"}',
        '{"jwks_uri": "http://169.254.169.254/latest/meta-data"}',
        '{"jwks_uri": "https://people.example@elsewhere.example/keys"}',
        '{"jwks_uri": "https://people.example.elsewhere.example/keys"}',
        '{"jwks_uri": null}',
    ],
)
def test_keys_are_taken_from_the_host_that_the_settings_name_alone(described: str) -> None:
    issuer = Issuer(broken=described)

    with pytest.raises(ProviderUnavailable):
        issuer.verify(issuer.token())

    assert issuer.asked == [f"{issuer.address}/.well-known/openid-configuration"]


@pytest.mark.parametrize("said", [b"{", b"[]", b"\xff", b'"' + b"[" * 100_000])
def test_a_provider_that_answers_something_else_is_unavailable(said: bytes) -> None:
    keys = Keys(issuers.ISSUER, fetch=lambda _url: said)

    with pytest.raises(ProviderUnavailable):
        keys.get("2026")


def test_an_address_with_a_query_is_asked_for_whole() -> None:
    """Azure AD B2C names its policy so: without it, its keys are others or none."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_told: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        over_http(f"http://127.0.0.1:{server.server_port}/keys?p=b2c_1_signin")
        answering.join()

    assert asked == ["/keys?p=b2c_1_signin"]


def test_a_provider_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(ProviderUnavailable):
        over_http("http://127.0.0.1:9/keys")

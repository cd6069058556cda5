"""The provider of one's own machine: what it gives to whom, and that no deployment has it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from dasier.local.provider import ACCOUNTS, CLIENT_ID, Provider
from deployment.package import PARTS

ROOT = Path(__file__).parents[2]
ISSUER, SITE = "http://127.0.0.1:9", "http://127.0.0.1:8080"
HOST = "127.0.0.1:9"
VERIFIER = "v" * 48
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "client_id": CLIENT_ID, "response_type": "code", "redirect_uri": f"{SITE}/sign-in/back", "scope": "openid email",
    "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Provider:
    return Provider(ISSUER, (SITE,))


def _code(provider: Provider, account: str = "olga") -> str:
    answer = provider.answer("POST", "/authorize", urlencode(ASKED), HOST, f"account={account}".encode())
    assert answer.status == 303
    return parse_qs(urlsplit(answer.location).query)["code"][0]


def _token(provider: Provider, **changed: str) -> tuple[int, dict[str, str]]:
    sent = {"grant_type": "authorization_code", "client_id": CLIENT_ID, "redirect_uri": ASKED["redirect_uri"],
            "code_verifier": VERIFIER} | changed  # fmt: skip
    answer = provider.answer("POST", "/token", "", HOST, urlencode(sent).encode())
    return answer.status, json.loads(answer.body)


def test_a_code_is_a_token_once(provider: Provider) -> None:
    code = _code(provider)

    status, told = _token(provider, code=code)

    claims = json.loads(base64.urlsafe_b64decode(told["id_token"].split(".")[1] + "=="))
    assert (status, claims["sub"], claims["aud"], claims["nonce"]) == (200, "olga", CLIENT_ID, "n")
    assert claims["groups"] == ["dasier-operators"]
    assert _token(provider, code=code)[0] == 400


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "w" * 48}, {"code_verifier": ""}, {"client_id": "another"}, {"redirect_uri": "http://127.0.0.1:1/sign-in/back"},
     {"grant_type": "password"}],
)  # fmt: skip
def test_a_code_is_nothing_to_whoever_did_not_ask_for_it(provider: Provider, changed: dict[str, str]) -> None:
    assert _token(provider, code=_code(provider), **changed)[0] == 400


@pytest.mark.parametrize(
    "changed",
    [{"redirect_uri": "https://evil.example/sign-in/back"}, {"redirect_uri": f"{SITE}/elsewhere"}, {"redirect_uri": f"{SITE}.evil.example/sign-in/back"},
     {"client_id": "another"}, {"response_type": "token"}, {"code_challenge_method": "plain"}, {"code_challenge": ""}, {"state": ""},
     {"nonce": ""}, {"scope": "email"}],
)  # fmt: skip
def test_a_request_that_no_site_of_ours_makes_leads_nowhere(
    provider: Provider, changed: dict[str, str]
) -> None:
    query = urlencode(ASKED | changed)

    for method, body in (("GET", b""), ("POST", b"account=olga")):
        answer = provider.answer(method, "/authorize", query, HOST, body)

        assert (answer.status, answer.location) == (400, "")


def test_a_page_of_another_name_does_not_speak_to_it(provider: Provider) -> None:
    for host in ("evil.example", "evil.example:9", "", "localhost:9"):
        assert provider.answer("GET", "/keys", "", host, b"").status == 400


def test_it_asks_who_one_is_and_takes_no_name_that_it_does_not_know(provider: Provider) -> None:
    page = provider.answer(
        "GET", "/authorize", urlencode(ASKED | {"state": '"><script>'}), HOST, b""
    ).body.decode()

    assert all(f'value="{account.subject}"' in page for account in ACCOUNTS)
    assert "<script>" not in page
    assert provider.answer("POST", "/authorize", urlencode(ASKED), HOST, b"account=root").status == 400
    assert provider.answer("GET", "/nowhere", "", HOST, b"").status == 404


# --- no deployment has it ----------------------------------------------------------------------------


def test_the_image_of_functions_and_server_is_made_without_it() -> None:
    steps = (ROOT / "Dockerfile.lambda").read_text()

    copied, removed = (
        steps.index("COPY dasier /opt/dasier/dasier"),
        steps.index("/opt/dasier/dasier/local/provider"),
    )
    assert re.search(r"RUN rm -r [^;]*/opt/dasier/dasier/local/provider;", steps[copied:])
    assert copied < removed < steps.index("COPY --from=build /opt/dasier")
    assert (ROOT / "dasier" / "local" / "provider" / "application.py").exists()


def test_the_site_is_deployed_without_it() -> None:
    assert not [part for part in PARTS if part == "dasier" or part.startswith("dasier/local")]
    copied = re.findall(
        r"^COPY (?!--from)(.*) \S+$", (ROOT / "docker" / "site" / "Dockerfile").read_text(), re.MULTILINE
    )
    parts = " ".join(copied).split()
    assert parts
    assert "dasier" not in parts
    assert not [part for part in parts if part.startswith("dasier/local")]


@pytest.mark.parametrize(
    "module",
    [
        "dasier.local.asgi",
        "dasier.local.up",
        "dasier.cli.serve",
        "functions.authorizer",
        "functions.operations",
        "webapp.wsgi",
    ],
)
def test_what_is_deployed_starts_without_it(module: str) -> None:
    """A finder refuses it, as where it is not there."""
    program = (
        "import sys\n"
        "class Nowhere:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('dasier.local.provider'): raise ModuleNotFoundError(name)\n"
        f"sys.meta_path.insert(0, Nowhere())\nimport {module}"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr

"""Requests that another site makes a browser send: forged forms, planted sessions, steered sign-ins, framed pages."""

from __future__ import annotations

import hashlib
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from tests.webapp import conftest as of_the_site
from tests.webapp.conftest import SECRET, Visitor
from tests.webapp.fake_api import JOB
from tests.webapp.people import asked, path
from tests.webapp.test_safety import every_response
from webapp import Settings, create_app
from webapp.person import COOKIE
from webapp.settings import Provider

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.webapp.fake_api import FakeApi
    from tests.webapp.people import Providing

api, settings, site = of_the_site.api, of_the_site.settings, of_the_site.site
visitor = of_the_site.visitor

FORMS = ("/models/penguins", "/models/penguins/again", "/models/penguins/spreadsheet", "/preferences", "/sign-out",
         "/models/penguins/jobs", f"/models/penguins/jobs/{JOB}", f"/models/penguins/jobs/{JOB}/stop",
         "/operations/penguins/review", "/operations/penguins/releases")  # fmt: skip


def _name(browser: FlaskClient) -> str:
    """Give who a browser is signed in as; empty if nobody."""
    found = re.search(r'class="who-name">([^<]*)<', browser.get("/").text)
    return html.unescape(found[1]) if found else ""


def _cookies(browser: FlaskClient) -> dict[str, str]:
    found = {name: browser.get_cookie(name) for name in (COOKIE, "dasier")}
    return {name: cookie.value for name, cookie in found.items() if cookie is not None}


def test_every_form_is_among_those_that_are_forged_here(site: Flask) -> None:
    posted = {
        rule.rule.replace("<name>", "penguins").replace("<job>", JOB)
        for rule in site.url_map.iter_rules()
        if "POST" in (rule.methods or ())
    }

    assert posted == set(FORMS)


# --- forged forms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("token", [None, "", "forged"])
@pytest.mark.parametrize("account", [None, "olga"])
def test_a_form_from_elsewhere_is_refused(
    api: FakeApi, visitor: Visitor, providing: Providing, form: str, token: str | None, account: str | None
) -> None:
    if account:
        providing.signs_in(visitor.browser, account)
    visitor.reads("/")
    before = len(api.seen)

    answer = visitor.browser.post(form, data={} if token is None else {"csrf_token": token})

    assert answer.status_code == 400
    assert "This form has expired" in answer.text
    assert len(api.seen) == before


def test_a_token_of_another_visitor_is_refused(site: Flask, visitor: Visitor) -> None:
    stranger = Visitor(site.test_client())
    visitor.reads("/")

    answer = visitor.browser.post("/models/penguins", data={"csrf_token": stranger.token("/")})

    assert answer.status_code == 400


# --- cookies and sessions ----------------------------------------------------------------------------


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(api: FakeApi) -> None:
    deployed = create_app(Settings(api_url=api.url, secret=SECRET, hosts=("example.org",)))

    answer = deployed.test_client().get("/", base_url="https://example.org")

    cookie = answer.headers["Set-Cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_cookie_that_somebody_made_up_is_nobody(site: Flask, visitor: Visitor) -> None:
    visitor.browser.set_cookie("dasier", "eyJsYW5ndWFnZSI6ImZyIn0.forged.forged")

    assert '<html lang="en">' in visitor.reads("/").text


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b"])
def test_another_host_name_is_refused(api: FakeApi, visitor: Visitor, host: str) -> None:
    answer = visitor.browser.get("/", headers={"Host": host})

    assert answer.status_code == 400
    assert api.seen == []
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "back",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "evil", "", "/nowhere",
     "javascript:alert(1)", "/preferences", "/%09/evil.example", "/\t/evil.example", "/models/a\r\nSet-Cookie: x=y"],
)  # fmt: skip
def test_a_choice_never_leads_away_from_the_site(visitor: Visitor, back: str) -> None:
    answer = visitor.prefers(language="fr", back=back)

    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location == "/" or location.startswith("/models/a"), location
    assert "\r" not in location
    assert "\n" not in location


# --- signing in --------------------------------------------------------------------------------------


def test_the_token_is_in_a_cookie_that_nobody_reads_and_no_other_site_sends(
    api: FakeApi, providing: Providing
) -> None:
    provider = Provider(issuer=providing.provider.issuer, client_id=providing.client_id)
    deployed = create_app(Settings(api_url=api.url, secret=SECRET, hosts=("localhost",), provider=provider))
    browser = deployed.test_client()
    sent = browser.get("/sign-in", base_url="https://localhost")
    back = path(providing.chosen(sent.headers["Location"], "olga"))

    answer = browser.get(back, base_url="https://localhost")

    for cookie in answer.headers.getlist("Set-Cookie"):
        assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/")), cookie
    (sealed,) = (one for one in answer.headers.getlist("Set-Cookie") if one.startswith(COOKIE))
    assert "olga" not in sealed
    assert sealed.count("eyJ") == 1  # the head of what is encrypted, and no part of a token
    assert len(sealed) < 4096


def test_what_a_session_was_before_signing_in_counts_for_nothing_after(
    visitor: Visitor, providing: Providing
) -> None:
    visitor.prefers(language="fr")
    planted = visitor.token("/")
    before = _cookies(visitor.browser)["dasier"]

    providing.signs_in(visitor.browser, "olga")

    assert _cookies(visitor.browser)["dasier"] != before
    answer = visitor.browser.post("/operations/penguins/review", data={"csrf_token": planted, "reason": "a"})
    assert (answer.status_code, "expiré" in answer.text) == (400, True)  # and the language is kept


def test_the_session_and_the_person_cannot_be_planted_one_without_the_other(
    site: Flask, visitor: Visitor, providing: Providing
) -> None:
    attacker = site.test_client()
    providing.signs_in(attacker, "vera")
    providing.signs_in(visitor.browser, "olga")
    victims, theirs = _cookies(visitor.browser), _cookies(attacker)

    for planted in ({COOKIE: theirs[COOKIE]}, {"dasier": theirs["dasier"]}):
        browser = site.test_client()
        for name, value in (victims | planted).items():
            browser.set_cookie(name, value)

        assert _name(browser) == ""
        assert browser.get("/operations").status_code == 303


@pytest.mark.parametrize(
    "changed", ["", "a", "..", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0....", "x" * 3_900]
)
def test_a_person_that_somebody_made_up_is_nobody(
    visitor: Visitor, providing: Providing, changed: str
) -> None:
    providing.signs_in(visitor.browser, "olga")
    visitor.browser.set_cookie(COOKIE, changed)

    assert _name(visitor.browser) == ""
    assert visitor.reads("/").status_code == 200


def test_a_person_sealed_with_another_secret_is_nobody(
    api: FakeApi, settings: Settings, providing: Providing
) -> None:
    other = create_app(
        Settings(api_url=api.url, secret=SECRET + "!", plain_http=True, provider=settings.provider)
    )
    mine = create_app(settings)
    browser, own = other.test_client(), mine.test_client()
    providing.signs_in(browser, "olga")
    providing.signs_in(own, "vera")
    own.set_cookie(COOKIE, _cookies(browser)[COOKIE])

    assert _name(own) == ""


def _refused(browser: FlaskClient, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 400, answer.headers.get("Location")
    assert "You are not signed in" in answer.text
    assert _name(browser) == ""
    assert COOKIE not in _cookies(browser)


def test_an_answer_that_this_browser_did_not_ask_for_signs_nobody_in(
    site: Flask, visitor: Visitor, providing: Providing
) -> None:
    """Else somebody could sign a victim in as themselves, and read what the victim does."""
    attacker = site.test_client()
    theirs = path(providing.chosen(attacker.get("/sign-in").headers["Location"], "vera"))

    _refused(visitor.browser, theirs)
    visitor.browser.get("/sign-in")
    _refused(visitor.browser, theirs)


@pytest.mark.parametrize(
    "query",
    [{}, {"code": "a"}, {"state": "a"}, {"code": "a", "state": "a"}, {"error": "access_denied"},
     {"error": "<script>", "error_description": "<script>alert(1)</script>"}, {"code": "", "state": ""}],
)  # fmt: skip
def test_an_answer_without_what_was_asked_signs_nobody_in(visitor: Visitor, query: dict[str, str]) -> None:
    visitor.browser.get("/sign-in")

    _refused(visitor.browser, "/sign-in/back?" + urlencode(query))
    assert "<script>alert" not in visitor.browser.get("/sign-in/back?" + urlencode(query)).text


def test_an_answer_counts_once(visitor: Visitor, providing: Providing) -> None:
    answer = path(providing.chosen(visitor.browser.get("/sign-in").headers["Location"], "olga"))
    assert visitor.browser.get(answer).status_code == 303
    visitor.browser.post("/sign-out", data={"csrf_token": visitor.token("/")})

    _refused(visitor.browser, answer)


def test_a_state_with_another_code_signs_nobody_in(
    site: Flask, visitor: Visitor, providing: Providing
) -> None:
    """A code is bound to the browser that asked for it (PKCE), whoever got hold of it."""
    stolen = asked(providing.chosen(site.test_client().get("/sign-in").headers["Location"], "olga"))["code"]
    mine = asked(visitor.browser.get("/sign-in").headers["Location"])["state"]

    _refused(visitor.browser, "/sign-in/back?" + urlencode({"code": stolen, "state": mine}))


def test_a_token_of_another_sign_in_signs_nobody_in(
    visitor: Visitor, providing: Providing, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = providing.provider.token
    monkeypatch.setattr(
        providing.provider, "token", lambda account, **_nonce: usual(account, nonce="of another")
    )
    answer = path(providing.chosen(visitor.browser.get("/sign-in").headers["Location"], "olga"))

    _refused(visitor.browser, answer)


def test_what_is_asked_is_a_code_bound_by_state_nonce_and_pkce(visitor: Visitor) -> None:
    first, second = (asked(visitor.browser.get("/sign-in").headers["Location"]) for _ in range(2))

    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example"])
def test_a_forged_host_steers_no_sign_in(visitor: Visitor, host: str) -> None:
    answer = visitor.browser.get("/sign-in", headers={"Host": host})

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "leads",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "evil", "", "/nowhere", "javascript:alert(1)",
     "/%09/evil.example", "/\t/evil.example", "/models/a\r\nSet-Cookie: x=y", "/sign-out", "https:evil.example", "/operations/../../evil"],
)  # fmt: skip
def test_signing_in_never_leads_away_from_the_site(
    visitor: Visitor, providing: Providing, leads: str
) -> None:
    answer = providing.signs_in(visitor.browser, "olga", next=leads)

    location = urlsplit(answer.headers["Location"])
    assert (answer.status_code, location.scheme, location.netloc) == (303, "", "")
    assert location.path.startswith(("/operations", "/models/a")) or location.path == "/"
    assert "\n" not in answer.headers["Location"]


def test_signing_in_leads_back_to_the_page_that_was_left(visitor: Visitor, providing: Providing) -> None:
    answer = providing.signs_in(visitor.browser, "olga", next="/models/penguins/history")

    assert answer.headers["Location"] == "/models/penguins/history"


def test_signing_out_leaves_nothing_but_preferences(visitor: Visitor, providing: Providing) -> None:
    visitor.prefers(theme="dark")
    providing.signs_in(visitor.browser, "olga")

    answer = visitor.browser.post("/sign-out", data={"csrf_token": visitor.token("/")})

    assert answer.headers["Location"] == "/signed-out"
    assert (COOKIE in _cookies(visitor.browser), _name(visitor.browser)) == (False, "")
    assert 'data-bs-theme="dark"' in visitor.reads("/signed-out").text
    assert visitor.reads("/operations").status_code == 303


def test_signing_out_is_asked_for_by_a_form_alone(visitor: Visitor, providing: Providing) -> None:
    providing.signs_in(visitor.browser, "olga")

    assert visitor.reads("/sign-out").status_code == 405
    assert _name(visitor.browser) == "olga@localhost"


def test_a_token_that_does_not_fit_into_a_cookie_signs_nobody_in(
    visitor: Visitor, providing: Providing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dasier.local.provider import Account

    usual = providing.provider.token
    everywhere = Account(
        "olga", "Olga", "", tuple(hashlib.sha256(bytes([number])).hexdigest() for number in range(100))
    )
    monkeypatch.setattr(providing.provider, "token", lambda _account, nonce: usual(everywhere, nonce=nonce))

    answer = providing.signs_in(visitor.browser, "olga")

    assert answer.status_code == 500
    assert "too long to be kept" in answer.text
    assert _name(visitor.browser) == ""


def test_a_provider_that_does_not_answer_has_a_page(api: FakeApi) -> None:
    away = Provider(issuer="http://127.0.0.1:9", client_id="site")
    browser = create_app(
        Settings(api_url=api.url, secret=SECRET, plain_http=True, provider=away)
    ).test_client()

    answer = browser.get("/sign-in")

    assert answer.status_code == 503
    assert "You cannot sign in at the moment" in answer.text
    assert browser.get("/signed-out").status_code == 200


def test_a_provider_that_calls_itself_otherwise_is_not_believed(api: FakeApi, providing: Providing) -> None:
    issuer = providing.provider.issuer + "/"
    browser = create_app(
        Settings(
            api_url=api.url,
            secret=SECRET,
            plain_http=True,
            provider=Provider(issuer=issuer, client_id="dasier-site"),
        )
    ).test_client()

    assert browser.get("/sign-in").status_code == 503


# --- framing -----------------------------------------------------------------------------------------


def test_no_page_can_be_framed(site: Flask, visitor: Visitor, providing: Providing) -> None:
    providing.signs_in(visitor.browser, "olga")

    for what, answer in every_response(site, visitor).items():
        assert answer.headers["X-Frame-Options"] == "DENY", what
        assert (
            "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            or "sandbox" in answer.headers["Content-Security-Policy"]
        ), what

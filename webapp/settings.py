"""What the site reads from its environment, checked at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dasier.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""What a browser on the same machine calls this site."""
SECRET_LENGTH = 32
"""Fewer characters than this can be guessed: 32 are what `secrets.token_urlsafe(24)` gives."""

SCOPE = "openid email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The OpenID Connect provider that signs people in; the API decides whom of them it believes, and what they may do.

    Attributes
    ----------
    issuer : str
        ``DASIER_OIDC_ISSUER``: its address, as the API is told it as well. https, but for this machine's own.
    client_id : str
        ``DASIER_OIDC_CLIENT_ID``: what it calls this site.
    client_secret : str or None
        ``DASIER_OIDC_CLIENT_SECRET``: if it wants one beside PKCE.
    scope : str
        ``DASIER_OIDC_SCOPE``: what is asked for; some give groups only when asked for ``groups``.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    scope: str = SCOPE

    @classmethod
    def read(cls, environment: Mapping[str, str], *, local: bool = False) -> Provider | None:
        """Read an environment; None if it names no provider, and then there is no sign-in.

        Raises
        ------
        SettingsInvalid
            Listing every problem.
        """
        issuer = environment.get("DASIER_OIDC_ISSUER", "").strip()
        if not issuer:
            return None
        problems = []
        if not issuer.startswith(("https://", *(f"http://{host}:" for host in LOCAL_HOSTS if local))):
            problems.append("DASIER_OIDC_ISSUER is the address of the provider of sign-ins, https://")
        client_id = environment.get("DASIER_OIDC_CLIENT_ID", "").strip()
        if not client_id:
            problems.append("DASIER_OIDC_CLIENT_ID is what the provider of sign-ins calls this site")
        if problems:
            raise SettingsInvalid(problems)
        return cls(
            issuer=issuer,
            client_id=client_id,
            client_secret=environment.get("DASIER_OIDC_CLIENT_SECRET") or None,
            scope=environment.get("DASIER_OIDC_SCOPE") or SCOPE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the site runs.

    Attributes
    ----------
    api_url : str
        ``DASIER_API_URL``: where the API answers.
    api_key : str or None
        ``DASIER_API_KEY``: the site's own key to it.
    public_api_url : str or None
        ``DASIER_PUBLIC_API_URL``: where callers reach the API, if it is not where the site does.
    secret : str
        ``DASIER_SITE_SECRET``: signs cookies and form tokens, at least 32 characters. It must be the same in
        every process, and be kept, or open forms expire.
    hosts : tuple of str
        ``DASIER_SITE_HOSTS``: the names that the site answers to, separated by commas.
    plain_http : bool
        ``DASIER_SITE_PLAIN_HTTP=1``: served without TLS, on this machine or a network that is trusted;
        cookies go without ``Secure``.
    provider : Provider or None
        Who signs people in; None if nobody does.
    timeout_s : float
        For one attempt at the API, in seconds.
    patience_s : float
        After which no further attempt begins: a person is waiting.
    page_s : float
        After which a page asks the API nothing more (`webapp.api`). The three together stay below what API Gateway gives
        a page, 29 s.
    """

    api_url: str
    api_key: str | None = field(default=None, repr=False)
    public_api_url: str | None = None
    secret: str = field(repr=False)
    hosts: tuple[str, ...] = LOCAL_HOSTS
    plain_http: bool = False
    provider: Provider | None = None
    timeout_s: float = 10.0
    patience_s: float = 8.0
    page_s: float = 10.0

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment of a deployment, where nothing is made up.

        Raises
        ------
        SettingsInvalid
            Listing every problem.
        """
        problems = []
        api_url, secret = environment.get("DASIER_API_URL", ""), environment.get("DASIER_SITE_SECRET", "")
        hosts = tuple(
            host.strip() for host in environment.get("DASIER_SITE_HOSTS", "").split(",") if host.strip()
        )
        if not api_url.startswith(("http://", "https://")):
            problems.append("DASIER_API_URL is the address of the API, http:// or https://")
        if len(secret) < SECRET_LENGTH:
            problems.append(
                f"DASIER_SITE_SECRET has at least {SECRET_LENGTH} characters, and is kept between starts; "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
            )
        if not hosts:
            problems.append("DASIER_SITE_HOSTS lists the host names of the site, separated by commas")
        provider = None
        try:
            provider = Provider.read(environment)
        except SettingsInvalid as error:
            problems += error.problems
        if problems:
            raise SettingsInvalid(problems)
        return cls(
            api_url=api_url,
            api_key=environment.get("DASIER_API_KEY"),
            public_api_url=environment.get("DASIER_PUBLIC_API_URL"),
            secret=secret,
            hosts=hosts,
            plain_http=environment.get("DASIER_SITE_PLAIN_HTTP") == "1",
            provider=provider,
        )

    @classmethod
    def for_local(cls, api_url: str, environment: Mapping[str, str]) -> Settings:
        """Give settings for this machine alone: a secret is made up where none is given."""
        return cls(
            api_url=api_url,
            api_key=environment.get("DASIER_API_KEY"),
            public_api_url=environment.get("DASIER_PUBLIC_API_URL"),
            secret=environment.get("DASIER_SITE_SECRET") or secrets.token_urlsafe(32),
            plain_http=True,
            provider=Provider.read(environment, local=True),
        )

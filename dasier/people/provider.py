"""The OpenID Connect provider whose tokens are believed, and which groups may do what: settings, checked at once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dasier.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.people import Role

ON_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
"""A variable that Lambda sets, and that nobody can take away."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Whose tokens are believed.

    Attributes
    ----------
    issuer : str
        ``DASIER_OIDC_ISSUER``: the provider's address, as its tokens have it. Over http only on this machine's loopback, and
        never on Lambda: the provider of `make up` lets everybody in and must not be believed in a deployment.
    audience : str
        ``DASIER_OIDC_AUDIENCE``: the site's client id at the provider.
    groups_claim : str
        ``DASIER_OIDC_GROUPS_CLAIM``: where a token says which groups somebody is in; ``groups``, Cognito has ``cognito:groups``.
    operators, viewers : str
        ``DASIER_OIDC_OPERATORS``, ``DASIER_OIDC_VIEWERS``: the group that decides what serves, and the one that sees it.
    """

    issuer: str
    audience: str
    groups_claim: str = "groups"
    operators: str = "dasier-operators"
    viewers: str = "dasier-viewers"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Provider | None:
        """Read an environment; None if it names no provider, and then nobody is believed.

        Raises
        ------
        SettingsInvalid
            Listing every problem.
        """
        issuer = environment.get("DASIER_OIDC_ISSUER", "").strip()
        if not issuer:
            return None
        told = {
            field: value
            for field, name in (
                ("groups_claim", "DASIER_OIDC_GROUPS_CLAIM"),
                ("operators", "DASIER_OIDC_OPERATORS"),
                ("viewers", "DASIER_OIDC_VIEWERS"),
            )
            if (value := environment.get(name, "").strip())
        }
        found = cls(issuer=issuer, audience=environment.get("DASIER_OIDC_AUDIENCE", "").strip(), **told)
        problems = []
        if not found.audience:
            problems.append("DASIER_OIDC_AUDIENCE is not set: give the site's client id at the provider")
        if not may_be_asked(issuer, on_lambda=bool(environment.get(ON_LAMBDA))):
            problems.append("DASIER_OIDC_ISSUER is the provider's address, and starts with https://")
        if found.operators == found.viewers:
            problems.append("DASIER_OIDC_OPERATORS and DASIER_OIDC_VIEWERS are two groups")
        if problems:
            raise SettingsInvalid(problems)
        return found

    def role(self, groups: Iterable[str]) -> Role | None:
        """Give what somebody in these groups may do."""
        known = set(groups)
        return "operator" if self.operators in known else "viewer" if self.viewers in known else None


def may_be_asked(issuer: str, *, on_lambda: bool) -> bool:
    """Say whether an address can be a provider's here."""
    try:
        parts = urlsplit(issuer)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.query or parts.fragment:
        return False
    here = is_loopback(host)
    return (parts.scheme == "https" and not (here and on_lambda)) or (
        parts.scheme == "http" and here and not on_lambda
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine can be meant."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

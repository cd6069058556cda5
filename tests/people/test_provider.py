"""Which provider is believed, by its settings."""

from __future__ import annotations

import pytest

from dasier.errors import SettingsInvalid
from dasier.people.provider import Provider

GOOD = {"DASIER_OIDC_ISSUER": "https://people.example/pool", "DASIER_OIDC_AUDIENCE": "site"}
ON_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "dasier-prod-authorizer"}


def test_a_provider_is_read_whole() -> None:
    told = GOOD | {
        "DASIER_OIDC_GROUPS_CLAIM": "cognito:groups", "DASIER_OIDC_OPERATORS": "o", "DASIER_OIDC_VIEWERS": "v",
    }  # fmt: skip

    found = Provider.read(told | ON_LAMBDA)

    assert found == Provider(
        issuer="https://people.example/pool",
        audience="site",
        groups_claim="cognito:groups",
        operators="o",
        viewers="v",
    )


def test_without_an_issuer_there_is_none() -> None:
    assert Provider.read({"DASIER_OIDC_AUDIENCE": "site"}) is None
    assert Provider.read({"DASIER_OIDC_ISSUER": " "}) is None


@pytest.mark.parametrize(
    "issuer",
    [
        "http://127.0.0.1:9", "http://localhost", "http://[::1]:9", "https://localhost", "https://127.0.0.1", "https://a.localhost",
        "http://people.example", "people.example", "file:///a", "https://", "https://a@people.example", "https://people.example?a=b",
        "https://people.example:port",
    ],
)  # fmt: skip
def test_the_provider_of_a_laptop_is_never_believed_on_lambda(issuer: str) -> None:
    with pytest.raises(SettingsInvalid, match="DASIER_OIDC_ISSUER"):
        Provider.read(GOOD | ON_LAMBDA | {"DASIER_OIDC_ISSUER": issuer})


def test_on_a_laptop_loopback_is_believed_and_another_host_without_tls_is_not() -> None:
    assert Provider.read(GOOD | {"DASIER_OIDC_ISSUER": "http://127.0.0.1:9"})
    with pytest.raises(SettingsInvalid):
        Provider.read(GOOD | {"DASIER_OIDC_ISSUER": "http://192.168.1.2:9"})


def test_all_that_is_wrong_is_said() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Provider.read(
            {"DASIER_OIDC_ISSUER": "ftp://a", "DASIER_OIDC_OPERATORS": "x", "DASIER_OIDC_VIEWERS": "x"}
        )

    assert len(refused.value.problems) == 3

from __future__ import annotations

import inspect
import sys

import boto3
import botocore.credentials
import botocore.exceptions
import pytest

from dasier.aws.account import _RENEWED, Account, refusals
from dasier.errors import AwsRefused, SettingsInvalid
from tests.cloud.translated import REGION

OF_DEVELOPERS = {"MissingServiceIdError", "UndefinedModelAttributeError"}
"""About the models of services that boto3 itself brings; no call of ours leads there."""


def _foreign() -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(botocore.exceptions, inspect.isclass)
        if issubclass(kind, Exception)
        and kind.__module__ == "botocore.exceptions"
        and not issubclass(kind, Warning)
    ]


def test_every_error_of_boto3_is_translated():
    families = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)

    assert len(_foreign()) > 50
    assert [kind for kind in _foreign() if not issubclass(kind, families)] == [
        kind for kind in _foreign() if kind.__name__ in OF_DEVELOPERS
    ]


def test_what_aws_says_stays_in_the_message():
    told = {"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}

    with pytest.raises(AwsRefused, match="signing: not yours") as refused, refusals("signing"):
        raise botocore.exceptions.ClientError(told, "Sign")

    assert refused.value.code == "AccessDeniedException"


def test_without_a_region_nothing_is_asked(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(SettingsInvalid, match="AWS_REGION"):
        Account().client("sts")


def test_a_store_gets_the_credentials_of_a_profile(monkeypatch, tmp_path):
    written = tmp_path / "credentials"
    written.write_text("[work]\naws_access_key_id = KEY\naws_secret_access_key = SECRET\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(written))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    found = Account({"AWS_PROFILE": "work", "AWS_REGION": REGION}).store_environment()

    assert found == {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRET"}


@pytest.mark.parametrize("method", ["assume-role-with-web-identity", "container-role", "iam-role"])
def test_credentials_that_end_while_a_server_runs_are_left_to_the_store_to_renew(method):
    session = boto3.Session(region_name=REGION)
    ending = botocore.credentials.Credentials("KEY", "SECRET", "TOKEN", method=method)
    session._session._credentials = ending  # as botocore keeps what it found

    found = Account({"AWS_REGION": REGION}, session).store_environment()

    assert found == {"AWS_REGION": REGION}


def test_boto3_calls_them_so():
    providers = (
        botocore.credentials.AssumeRoleWithWebIdentityProvider,
        botocore.credentials.ContainerProvider,
        botocore.credentials.InstanceMetadataProvider,
    )

    assert {provider.METHOD for provider in providers} == _RENEWED


def test_without_boto3_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)

    with pytest.raises(SettingsInvalid, match=r"dasier\[aws\]"):
        Account({"AWS_REGION": REGION}).client("sts")

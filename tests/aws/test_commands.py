"""The command against a stack: what is published by its name is signed by KMS and believed by its functions."""

from __future__ import annotations

import json

import pytest

from tests.cloud.account import NAME, client
from tests.cloud.translated import BUCKET

REGISTRY = f"stack:{NAME}"


@pytest.fixture
def writable(stage):
    """Give a stage whose bucket moto lets be written: it takes a denial with conditions for one without."""
    client("s3").delete_bucket_policy(Bucket=BUCKET)
    return stage


def test_a_stack_stands_for_its_registry_and_kms_signs_what_is_published(writable, terminal, build):
    terminal.done("publish", str(build), "--registry", REGISTRY)

    stored = (
        client("s3")
        .get_object(Bucket=BUCKET, Key="models/cells/versions/000001.manifest.json")["Body"]
        .read()
    )
    assert json.loads(stored)["signature"]["algorithm"] == "ECDSA_SHA_256"
    assert not (terminal.folder / ".dasier").exists()
    (version,) = terminal.json("versions", "cells", "--registry", REGISTRY)["versions"]
    assert (version["version"], version["verdict"]) == (1, None)


def test_a_version_that_kms_signed_passes_the_gate_and_serves(writable, terminal, build):
    terminal.done("publish", str(build), "--registry", REGISTRY)
    terminal.done("verify", "cells", "--registry", REGISTRY)

    assert terminal.json("models", "--registry", REGISTRY)["models"][0]["version"] == 1


def test_a_version_that_another_key_signed_is_not_believed_there(writable, terminal, build, monkeypatch):
    monkeypatch.setenv("DASIER_SIGNING_KEY", str(terminal.folder / "own.pem"))
    terminal.done("publish", str(build), "--registry", REGISTRY)
    monkeypatch.delenv("DASIER_SIGNING_KEY")

    (version,) = terminal.json("versions", "cells", "--registry", REGISTRY)["versions"]

    assert version["trusted"] is False


def test_a_key_of_kms_is_named_by_the_environment(writable, terminal, build, monkeypatch):
    monkeypatch.setenv("DASIER_SIGNING_KEY", "kms:alias/dasier-prod")
    terminal.done("publish", str(build), "--registry", f"s3://{BUCKET}")

    monkeypatch.setenv("DASIER_TRUSTED_KEYS", writable)
    assert terminal.json("versions", "cells", "--registry", f"s3://{BUCKET}")["versions"][0]["runtime"]


def test_a_stack_that_is_not_there_is_said_so(moto, terminal):
    assert "dasier-nowhere" in terminal.refused("models", "--registry", "stack:dasier-nowhere")


def test_a_caller_gets_a_key_that_is_shown_once(stage, terminal):
    value = terminal.done("keys", "create", "analytics", "--stack", NAME).strip()

    listed = terminal.done("keys", "list", "--stack", NAME)
    assert "analytics" in listed
    assert value not in listed
    assert value in [
        client("apigateway").get_api_key(apiKey=key["id"], includeValue=True)["value"]
        for key in client("apigateway").get_api_keys()["items"]
    ]


def test_a_revoked_caller_is_gone(stage, terminal):
    terminal.done("keys", "create", "analytics", "--stack", NAME)

    terminal.done("keys", "revoke", "analytics", "--stack", NAME, "--yes")

    assert [key["name"] for key in terminal.json("keys", "list", "--stack", NAME)["keys"]] == ["site"]


def test_a_key_is_not_taken_back_without_asking(stage, terminal):
    terminal.done("keys", "create", "analytics", "--stack", NAME)

    assert terminal.run("keys", "revoke", "analytics", "--stack", NAME, answer="n\n").exit_code == 1

    assert len(terminal.json("keys", "list", "--stack", NAME)["keys"]) == 2


def test_without_a_stack_it_is_wrong_usage(terminal, monkeypatch):
    monkeypatch.delenv("DASIER_STACK", raising=False)

    assert terminal.run("keys", "list").exit_code == 2


def test_doctor_looks_at_the_stack_too(stage, terminal):
    result = terminal.run("doctor", "--stack", NAME, "--json")

    found = {finding["what"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert found["bucket: create only"]["well"]
    assert found["signing"]["well"]
    # moto runs no API: this and what else is not here is told, and the status says so.
    assert not found["API"]["well"]
    assert result.exit_code == 1


def test_doctor_without_a_stack_asks_nothing_of_aws(terminal, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    result = terminal.run("doctor", "--json")

    assert {"Python", "to serve", "Docker", "registry"} <= {
        f["what"] for f in json.loads(result.stdout)["findings"]
    }


def test_a_profile_reaches_the_store_as_well(writable, terminal, build, monkeypatch, tmp_path):
    written = tmp_path / "credentials"
    written.write_text("[work]\naws_access_key_id = KEY\naws_secret_access_key = SECRET\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(written))
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    terminal.done("publish", str(build), "--registry", REGISTRY)

    assert terminal.json("models", "--registry", REGISTRY)["models"][0]["name"] == "cells"

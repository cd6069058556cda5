from __future__ import annotations

import subprocess
import sys

import pytest
import urllib3

from tests.cli.conftest import build, terminal
from tests.cloud import account
from tests.cloud.translated import REGION, ROOT

__all__ = ["build", "terminal"]


@pytest.fixture(scope="session")
def server():
    """Give the address of moto, which ends with the tests."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.cloud.moto_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process.stdout.readline().strip()
    process.communicate(timeout=20)


@pytest.fixture
def moto(monkeypatch, server):
    """Give an empty account, and let the environment lead to it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "DASIER_STACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_REGION", REGION)
    urllib3.request("POST", f"{server}/moto-api/reset")
    return server


@pytest.fixture
def stage(moto):
    """Give the public key that the functions believe, in an account that has all that a stage needs."""
    return account.install()

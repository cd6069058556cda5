"""What Zappa zips: the site and its libraries, and nothing else of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest

from deployment.package import ROOT
from tests.deployment.zappas import zappas_python

pytestmark = pytest.mark.xdist_group("zappa")

FORBIDDEN = {
    "numpy",
    "scipy",
    "sklearn",
    "pandas",
    "onnxruntime",
    "obstore",
    "boto3",
    "botocore",
    "zappa",
    "pip",
    "tests",
}
ALLOWED_OF_OURS = {"webapp", "dasier"}
MOST_BYTES = 30_000_000
CANARY = "canary-that-must-not-travel"


@pytest.fixture(scope="module")
def archive():
    lying_about = ROOT / "notes-with-a-password.txt"
    lying_about.write_text(CANARY)
    try:
        done = subprocess.run(
            [zappas_python(), "-m", "deployment.site", "package", "prod", "--output", "site.zip"],
            cwd=ROOT,
            env={**os.environ, "DASIER_API_KEY": CANARY},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        lying_about.unlink()
    assert done.returncode == 0, done.stderr[-3000:]
    return ROOT / "build" / "site" / "project" / "site.zip"


@pytest.fixture(scope="module")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("var-task")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def test_it_holds_the_site_and_its_libraries_alone(unpacked):
    tops = {path.name for path in unpacked.iterdir()}

    assert tops.isdisjoint(FORBIDDEN)
    assert {path.name for path in (unpacked / "dasier").glob("*.py")} == {
        "__init__.py",
        "errors.py",
        "schema.py",
        "spreadsheets.py",
    }
    assert {top for top in tops if (ROOT / top).exists()} == ALLOWED_OF_OURS


def test_what_signs_in_whoever_asks_is_not_in_it(unpacked):
    assert not (unpacked / "dasier" / "local").exists()
    assert not any("accounts.html" in path.name for path in unpacked.rglob("*"))


def test_it_is_small(archive):
    assert archive.stat().st_size < MOST_BYTES


def test_zappas_own_handler_is_not_in_it(unpacked):
    assert not (unpacked / "handler.py").exists()


def test_nothing_that_lay_about_is_in_it(unpacked):
    holding = [
        path for path in unpacked.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()
    ]

    assert holding == []


def test_no_settings_with_keys_stay_behind(archive):
    assert not archive.with_name("zappa_settings.json").exists()


def test_it_answers_with_nothing_else_installed(unpacked):
    program = (
        f"import sys; sys.path = [{str(unpacked)!r}, *(p for p in sys.path if 'site-packages' not in p)]\n"
        "from webapp.lambda_handler import handler\n"
        "event = dict(resource='/{proxy+}', path='/healthz', httpMethod='GET', headers={'Host': 'site.example'},\n"
        "    requestContext={'apiId': 'a', 'path': '/prod/healthz'})\n"
        "print(handler(event, None)['body'])\n"
        "assert not {'numpy', 'boto3', 'zappa', 'authlib', 'joserfc', 'requests'} & set(sys.modules)\n"
    )
    told = {
        "DASIER_API_URL": "http://192.0.2.1",
        "DASIER_SITE_SECRET": "s" * 32,
        "DASIER_SITE_HOSTS": "site.example",
    }

    answer = subprocess.run(
        [sys.executable, "-IB", "-c", program],
        env=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert answer.stdout.strip() == '{"status":"ok"}', answer.stderr


def test_every_module_is_compiled_for_good(unpacked):
    """Lambda's disk is read-only, and the zip keeps no dates: byte code that looks at them would be thrown away."""
    flags = {path: path.read_bytes()[4:8] for path in unpacked.rglob("__pycache__/*.pyc")}

    assert flags
    assert set(flags.values()) == {b"\x01\x00\x00\x00"}

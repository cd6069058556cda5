"""`dasier up`, as someone who has just cloned the repository meets it."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request

import pytest

from dasier.client import Client
from tests.e2e.conftest import ROOT, Up


@pytest.mark.xdist_group("up")
class TestUp:
    def test_the_curl_line_that_it_prints_works_when_pasted(self, up: Up) -> None:
        done = subprocess.run(up.curl, shell=True, capture_output=True, text=True, check=False)  # noqa: S602

        assert done.returncode == 0, done.stderr
        assert '"predictions"' in done.stdout

    def test_every_recipe_serves(self, up: Up) -> None:
        recipes = {folder.parent.name for folder in ROOT.glob("model_builds/*/params.toml")}

        models = {model.name for model in Client(up.api).models()}

        assert models == recipes

    def test_the_site_has_a_page_for_each_model(self, up: Up) -> None:
        with urllib.request.urlopen(up.site, timeout=20) as answer:
            page = answer.read().decode()

        for model in Client(up.api).models():
            assert f"/models/{model.name}" in page

    def test_a_version_published_meanwhile_serves_within_seconds(self, up: Up) -> None:
        client = Client(up.api)
        before = client.describe("wine").version
        command = [sys.executable, "-m", "dasier"]
        registry = ["--registry", f"file://{up.data}/store"]
        out = up.data / "built"
        built = subprocess.run(
            [*command, "build", "wine", "--out", str(out), *registry],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr

        published = subprocess.run(
            [*command, "publish", str(out / "wine"), *registry],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert published.returncode == 0, published.stderr
        end_s = time.monotonic() + 60
        while client.describe("wine").version == before and time.monotonic() < end_s:
            time.sleep(0.2)
        assert client.describe("wine").version == before + 1


@pytest.mark.xdist_group("up")
def test_a_second_start_builds_nothing_and_stops_cleanly(up: Up) -> None:
    second = Up.start(up.data, "--no-site")

    said, status = second.said, second.stop()

    assert "Building" not in said
    assert status == 0
    assert "Traceback" not in second.said

"""`sam build` makes the image of the functions, and `sam local start-api` answers with it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dasier.signing import LocalSigner
from tests.e2e.docker import docker, image
from tests.e2e.environments import ROOT, Unavailable, python
from tests.e2e.rungs import over_http
from tests.e2e.rungs.offline_template import template

pytestmark = pytest.mark.xdist_group("docker")

TOLD = {
    "SAM_CLI_TELEMETRY": "0",
    "AWS_DEFAULT_REGION": "eu-west-3",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


def _base_image() -> str:
    """Give what `make image` builds on here."""
    command = [sys.executable, str(ROOT / "docker" / "image.py"), "--tag", image()]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.search(r"^base\s+(\S+)", said, re.MULTILINE)[1]


@pytest.fixture(scope="module")
def sam():
    try:
        image()
        return str(python("aws-sam-cli").with_name("sam"))
    except Unavailable as reason:
        pytest.skip(f"rung sam: {reason}")


@pytest.fixture(scope="module")
def built(sam, tmp_path_factory):
    """Give the template that `sam build` wrote; what it names is removed at the end."""
    work = tmp_path_factory.mktemp("sam")
    (work / "template.json").write_text(template(base_image=_base_image()))
    words = ["build", "--template-file", "template.json", "--build-dir", "built"]
    done = subprocess.run(
        [sam, *words],
        cwd=work,
        env=os.environ | TOLD,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    file = work / "built" / "template.yaml"
    yield file
    for name in _images(file):
        docker("rmi", "--force", name)


def _images(file):
    return sorted(set(re.findall(r"ImageUri: (\S+)", file.read_text())))


def test_one_image_is_built_for_all_functions(built):
    assert len(_images(built)) == 1
    assert docker("image", "inspect", "--format", "{{.Config.User}}", _images(built)[0]) == "10001:10001"


def test_sam_local_answers_from_the_image(sam, built, tmp_path):
    # `sam local` puts its emulator into an image of its own on top of ours, as our user, who may not: so as root here.
    (name,) = _images(built)
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {name}\nUSER root\n")
    local = f"{name}-local"
    docker("build", "--quiet", "--tag", local, str(tmp_path))
    file = built.with_name("local.yaml")
    file.write_text(built.read_text().replace(f"ImageUri: {name}", f"ImageUri: {local}"))
    port = over_http.free_port()
    trusted = LocalSigner(Ed25519PrivateKey.generate()).public_key()
    # What a shell runs in the background is deaf to SIGINT, and so is all that it starts, unless told otherwise.
    command = ["env", "--default-signal=INT", sam, "local", "start-api", "--template", str(file), "--port", str(port), "--skip-pull-image",
               "--parameter-overrides", f"Stage=dev TrustedKeys={trusted}", "--shutdown"]  # fmt: skip
    log = tmp_path / "said"
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=tmp_path, env=os.environ | TOLD, stdout=said, stderr=said)
    try:
        # It builds an image of its own for each function that is asked for the first time, and starts a container each time.
        slow = {"said": log.read_text, "alive": lambda: process.poll() is None, "patience_s": 300}
        over_http.wait_for(url, "/healthz", **slow)

        healthy = over_http.ask(url, "GET", "/healthz", {}, b"", timeout_s=150)
        nothing = over_http.ask(url, "GET", "/no/such/path", {}, b"", timeout_s=150)

        assert (healthy.status, json.loads(healthy.body)["status"]) == (200, "ok")
        assert (nothing.status, json.loads(nothing.body)["status"]) == (404, 404)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        docker("rmi", "--force", local, f"{name.partition(':')[0]}:rapid-x86_64", check=False)

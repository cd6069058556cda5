#!/usr/bin/env python3
"""Start the offline cloud, and publish to it the models that are in .dasier: what ``make cloud`` runs.

It builds the images of `compose.yaml`; LocalStack's is ``LOCALSTACK_IMAGE`` if that is set, else the pinned release if it
is here or can be pulled, else one built from PyPI. Ctrl-C or SIGTERM ends it, and what was in its bucket with it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from dasier import layout
from dasier.errors import DasierError
from dasier.local.home import DEFAULT, Home
from dasier.store import Store, open_store

ROOT = Path(__file__).resolve().parents[1]
BUILT = "dasier-localstack"
PULL_S = 300
PATIENCE_S = 120
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "offline", "AWS_SECRET_ACCESS_KEY": "offline", "AWS_REGION": "us-east-1"}


def main() -> int:
    """Run until stopped; give the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended cleanly too, with its containers
    command = compose()
    if command is None:
        sys.exit("there is no Docker Compose: on Debian, apt install docker-compose")
    home = Home.at(ROOT / DEFAULT)
    _build("Dockerfile.lambda", "dasier")
    _build("docker/site/Dockerfile", "dasier-site")
    environment = os.environ | {
        "LOCALSTACK_IMAGE": localstack(),
        "DASIER_TRUSTED_KEYS": home.signer().public_key(),
        "DASIER_SITE_SECRET": home.site_secret(),
    }
    try:
        subprocess.run([*command, "up", "--detach"], cwd=ROOT, env=environment, check=True)
        endpoint = f"http://127.0.0.1:{os.environ.get('S3_PORT', '4566')}"
        cloud = open_store("s3://dasier", environment=CREDENTIALS | {"AWS_ENDPOINT_URL": endpoint})
        published = _publish(open_store(home.registry), cloud)
        print(f"API    http://127.0.0.1:{os.environ.get('API_PORT', '8000')}")
        print(f"Site   http://127.0.0.1:{os.environ.get('SITE_PORT', '8080')}")
        print(f"Bucket s3://dasier at AWS_ENDPOINT_URL={endpoint}")
        print(f"{published} versions published from {home.store}; Ctrl-C ends it all", flush=True)
        subprocess.run([*command, "logs", "--follow", "--tail", "5"], cwd=ROOT, env=environment, check=False)
    except KeyboardInterrupt:
        pass
    finally:
        subprocess.run([*command, "down", "--volumes"], cwd=ROOT, env=environment, check=False)
    return 0


def compose() -> list[str] | None:
    """Give the command that reads compose.yaml here; None if there is none."""
    plugin = subprocess.run(["docker", "compose", "version"], check=False, capture_output=True)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def localstack() -> str:
    """Give LocalStack's image, building it if it must be."""
    named = os.environ.get("LOCALSTACK_IMAGE")
    if named:
        return named
    release = re.search(r"LOCALSTACK_IMAGE:-([^}]+)", (ROOT / "compose.yaml").read_text())[1]  # type: ignore[index]
    here = subprocess.run(["docker", "image", "inspect", release], check=False, capture_output=True)
    if here.returncode == 0 or _pulled(release):
        return release
    print(f"{release} cannot be pulled; building LocalStack from PyPI", flush=True)
    _build("docker/localstack/Dockerfile", BUILT)
    return BUILT


def _pulled(image: str) -> bool:
    try:
        done = subprocess.run(
            ["docker", "pull", "--quiet", image], check=False, capture_output=True, timeout=PULL_S
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _build(file: str, tag: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docker" / "image.py"), "--file", file, "--tag", tag], check=False
    )
    if done.returncode:
        sys.exit(done.returncode)


def _publish(mine: Store, cloud: Store) -> int:
    """Copy blobs, then manifests: the gate there judges each version anew. Give how many versions."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            list(cloud.keys(layout.MODELS))
            break
        except DasierError:
            if time.monotonic() > end_s:
                raise
            time.sleep(1)
    manifests = sorted(key for key in mine.keys(layout.MODELS) if layout.published(key))
    for key in [*mine.keys(layout.BLOBS), *manifests]:
        content = mine.get(key)
        if content is not None:
            cloud.create(key, content)
    return len(manifests)


if __name__ == "__main__":
    sys.exit(main())

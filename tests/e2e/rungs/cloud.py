"""The offline cloud: compose.yaml, with LocalStack's bucket and its events, the image, the gateway and the site."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dasier.errors import DasierError
from tests.e2e.docker import image, no_daemon
from tests.e2e.environments import Unavailable
from tests.e2e.rungs import over_http
from tests.e2e.rungs.gateway import HttpService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.registry import Registry
    from tests.e2e.rungs import Prepared

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docker"))

from cloud import CREDENTIALS, compose  # noqa: E402


@dataclass
class CloudService(HttpService):
    """The gateway of the offline cloud, and the site beside it."""

    site: str


class CloudRung:
    """docker compose up."""

    name = "cloud"
    group = "docker"

    def missing(self) -> str | None:
        reason = no_daemon()
        if reason:
            return reason
        if compose() is None:
            return "there is no Docker Compose"
        try:
            image()
        except Unavailable as lacking:
            return str(lacking)
        return None

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[CloudService]:
        api, site, s3 = (over_http.free_port() for _ in range(3))
        environment = os.environ | {
            "DASIER_IMAGE": image(),
            "SITE_IMAGE": image("docker/site/Dockerfile"),
            "LOCALSTACK_IMAGE": os.environ.get("LOCALSTACK_IMAGE") or image("docker/localstack/Dockerfile"),
            "DASIER_TRUSTED_KEYS": prepared.trusted,
            "DASIER_SITE_SECRET": "s" * 32,
            "API_PORT": str(api),
            "SITE_PORT": str(site),
            "S3_PORT": str(s3),
        }
        command = [*(compose() or ()), "--project-name", f"dasier-{os.getpid()}"]

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [*command, *arguments],
                cwd=ROOT,
                env=environment,
                timeout=300,
                check=False,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr[-4_000:]
            return done.stdout + done.stderr

        try:
            run("up", "--detach")
            url = f"http://127.0.0.1:{api}"
            for there, target in ((url, "/healthz"), (f"http://127.0.0.1:{site}", "/")):
                over_http.wait_for(
                    there, target, said=lambda: run("logs", "--tail", "40"), alive=lambda: True
                )
            bucket = CREDENTIALS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3}"}
            registry = prepared.registry("s3://dasier", bucket)
            _until_there(registry)
            prepared.upload(registry)
            yield CloudService(registry, prepared.signer, url, f"http://127.0.0.1:{site}")
        finally:
            (work / "said").write_text(run("logs"))
            run("down", "--volumes", "--timeout", "5")


def _until_there(registry: Registry) -> None:
    """Return when the bucket is there."""
    end_s = time.monotonic() + over_http.PATIENCE_S
    while True:
        try:
            registry.names()
        except DasierError:
            assert time.monotonic() < end_s, "the bucket was not made"
            time.sleep(0.5)
        else:
            return

"""Images and containers of this machine's Docker, if it has one; containers run within the limits of a function."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.environments import Unavailable
from tests.e2e.rungs import over_http

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
LIMITS = (
    *("--read-only", "--tmpfs", "/tmp:rw,nosuid,nodev,size=256m"),  # noqa: S108 - the container's own
    *("--memory", "512m", "--memory-swap", "512m", "--pids-limit", "256"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
_NO_BASE = 2
_PATIENCE_S = 900


def docker(*arguments: str, check: bool = True) -> str:
    """Give what the command prints."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return (done.stdout + done.stderr if not check else done.stdout).strip()


def no_daemon() -> str | None:
    """Say why there is no Docker here; None if there is."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    done = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    return "no Docker daemon answers" if done.returncode else None


@cache
def image(file: str = "Dockerfile.lambda") -> str:
    """Build an image of this repository and give its name.

    What has not changed since it was last built costs a second. The name tells this clone from others.

    Raises
    ------
    Unavailable
        If there is no Docker, or nothing to build on.
    """
    reason = no_daemon()
    if reason:
        raise Unavailable(reason)
    clone = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    kind = Path(file).suffix.lstrip(".") or Path(file).parent.name
    tag = f"dasier-tests-{kind}:{clone}"
    done = subprocess.run(
        [sys.executable, str(ROOT / "docker" / "image.py"), "--file", file, "--tag", tag],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode == _NO_BASE:
        raise Unavailable(done.stderr.strip())
    assert done.returncode == 0, done.stderr[-4_000:]
    return tag


@dataclass(frozen=True)
class Container:
    """A container that runs."""

    id: str
    url: str

    @property
    def running(self) -> bool:
        return docker("inspect", "--format", "{{.State.Running}}", self.id) == "true"

    @property
    def said(self) -> str:
        return docker("logs", self.id, check=False)


@contextmanager
def container(
    name: str, *command: str, environment: Mapping[str, str], volumes: Mapping[Path, str]
) -> Iterator[Container]:
    """Start an image within the limits, port 8080 open to this machine alone; remove it at the end."""
    told = [part for key, value in environment.items() for part in ("--env", f"{key}={value}")]
    seen = [part for path, at in volumes.items() for part in ("--volume", f"{path}:{at}")]
    id_ = docker("run", "--detach", *LIMITS, "--publish", "127.0.0.1::8080", *told, *seen, name, *command)
    try:
        port = docker("port", id_, "8080/tcp").splitlines()[0].rpartition(":")[2]
        yield Container(id_, f"http://127.0.0.1:{port}")
    finally:
        docker("rm", "--force", "--volumes", id_)


def open_to_all(folder: Path) -> None:
    """Let the user of the container, who is nobody here, read and write a folder."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


def wait_for(running: Container, target: str) -> None:
    """Return when the container answers."""
    over_http.wait_for(running.url, target, said=lambda: running.said, alive=lambda: running.running)

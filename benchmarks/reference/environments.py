"""The environments of the peers: one each under ``.envs/``, made of ``peers.toml`` and kept while that stays the same.

.venv/bin/python -m benchmarks.reference.environments
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).with_name("peers.toml")
OURS = "dasier"
_UV = ROOT / ".tools" / "bin" / "uv"


def peers() -> dict[str, dict[str, Any]]:
    """Give the peers by name: title, packages or whose environment, command."""
    return {name: peer for name, peer in _read().items() if isinstance(peer, dict)}


def environment(name: str) -> Path:
    """Give the folder of a peer's environment, or of our own, made if need be.

    Raises
    ------
    RuntimeError
        If it cannot be made, saying why.
    """
    name = peers().get(name, {}).get("environment", name)
    folder = ROOT / ".envs" / f"bench-{name}"
    marker = folder / "made_of.json"
    wanted = _wanted(name)
    if marker.exists() and marker.read_text() == wanted:
        return folder
    if name == OURS:
        # What `dasier serve` needs, by the lock; the library itself is read from here.
        options = ["--quiet", "--locked", "--no-install-project", "--extra", "serve", "--compile-bytecode"]
        _run("sync", *options, "--python", sys.executable, UV_PROJECT_ENVIRONMENT=str(folder))
    else:
        _run("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        options = ["--quiet", "--compile-bytecode", "--exclude-newer", _read()["as_of"]]
        _run(
            "pip", "install", *options, "--python", str(folder / "bin" / "python"), *peers()[name]["packages"]
        )
    marker.write_text(wanted)
    return folder


def size_mb(folder: Path) -> float:
    """Give how much the packages of an environment take, in MB."""
    files = (file for site in folder.glob("lib/python*/site-packages") for file in site.rglob("*"))
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink()) / 1e6


def _read() -> dict[str, Any]:
    return tomllib.loads(LOCK.read_text("utf-8"))


def _wanted(name: str) -> str:
    if name == OURS:
        return (ROOT / "uv.lock").read_text("utf-8")
    return json.dumps([sys.version, _read()["as_of"], peers()[name]["packages"]])


def _run(*arguments: str, **variables: str) -> None:
    done = subprocess.run(
        [str(_UV), *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"uv {arguments[0]}: {done.stderr.strip()[-1_000:]}")


def main() -> None:
    """Make all of them."""
    for name in (OURS, *peers()):
        print(f"{name:<12}{size_mb(environment(name)):>8.0f} MB")


if __name__ == "__main__":
    main()

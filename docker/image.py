#!/usr/bin/env python3
"""Build an image of this repository; say what it was built on, how large it is and how long that took.

``make image`` runs it for the functions and the server (`Dockerfile.lambda`). The base is ``BASE_IMAGE`` if that is
set; else the Dockerfile's default, if it is here or can be pulled; else one that is made of Debian's packages
(`docker/base.sh`). It needs Python and the `docker` command, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEBIAN = "dasier-base:trixie"
PULL_S = 180
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where a machine whose TLS is inspected says whom to believe; the build stage believes the same."""
NO_BASE = 2
"""Exit status where there is nothing to build on."""


class NoBase(Exception):
    """There is no base image here, and none can be made."""


def main() -> int:
    """Build; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--file", default="Dockerfile.lambda", help="the Dockerfile (default: %(default)s)")
    parser.add_argument("--tag", default="dasier", help="the image's name (default: %(default)s)")
    options = parser.parse_args()
    dockerfile = ROOT / options.file
    started = time.monotonic()
    try:
        base, why = _base(dockerfile)
    except NoBase as reason:
        print(reason, file=sys.stderr)
        return NO_BASE
    print(f"base   {base} ({why})", flush=True)
    _copy_certificates()
    command = ["docker", "build", "--quiet", "--build-arg", f"BASE_IMAGE={base}", "--tag", options.tag]
    built = subprocess.run(
        [*command, "--file", str(dockerfile), str(ROOT)], check=False, capture_output=True, text=True
    )
    if built.returncode:
        sys.stderr.write(built.stdout + built.stderr)
        return 1
    size = int(_docker("image", "inspect", "--format", "{{.Size}}", options.tag))
    print(f"image  {options.tag}")
    print(
        f"size   {size / 1e6:.0f} MB unpacked, {_docker('image', 'inspect', '--format', '{{.Id}}', options.tag)}"
    )
    print(f"time   {time.monotonic() - started:.0f} s")
    return 0


def _base(dockerfile: Path) -> tuple[str, str]:
    """Give the base image, and why it is this one."""
    named = os.environ.get("BASE_IMAGE")
    if named:
        return named, "BASE_IMAGE"
    default = re.search(r"^ARG BASE_IMAGE=(\S+)", dockerfile.read_text(), re.MULTILINE)[1]  # type: ignore[index]
    if _is_here(default):
        return default, "the default, which is here"
    if not _is_here(DEBIAN) and _pulled(default):
        return default, "the default, pulled"
    if _is_here(DEBIAN):
        return DEBIAN, f"made here before; `docker pull {default}` brings the default"
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise NoBase(
            f"{default} cannot be pulled, and making a base of Debian's packages takes root and debootstrap; "
            "BASE_IMAGE names another"
        )
    print(f"base   {default} cannot be pulled; making one of Debian's packages", flush=True)
    subprocess.run([str(ROOT / "docker" / "base.sh"), DEBIAN], check=True, stdout=subprocess.DEVNULL)
    return DEBIAN, f"made here, since {default} cannot be pulled"


def _is_here(image: str) -> bool:
    return (
        subprocess.run(["docker", "image", "inspect", image], check=False, capture_output=True).returncode
        == 0
    )


def _pulled(image: str) -> bool:
    try:
        done = subprocess.run(
            ["docker", "pull", "--quiet", image], check=False, capture_output=True, timeout=PULL_S
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _copy_certificates() -> None:
    """Put the machine's own list of authorities into the context, if it has one of its own."""
    named = next((os.environ[name] for name in CERTIFICATES if os.environ.get(name)), None)
    copy = ROOT / "build" / "certificates.pem"
    copy.unlink(missing_ok=True)
    if named and Path(named).is_file():
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(named, copy)


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())

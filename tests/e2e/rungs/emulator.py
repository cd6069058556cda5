"""The functions under Lambda's runtime interface emulator, a process each, without Docker."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dasier.local.emulated import emulated
from tests.e2e.environments import Unavailable, downloaded
from tests.e2e.rungs import over_http
from tests.e2e.rungs.handlers import TEMPLATE, FunctionsService

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.local.template import Function
    from tests.e2e.rungs import Prepared

ROOT = Path(__file__).parents[3]


def emulator() -> Path:
    """Give the emulator of this machine's kind, taken out of the wheel that brings it.

    Raises
    ------
    Unavailable
        If it cannot be had.
    """
    machine = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    if machine is None or sys.platform != "linux":
        raise Unavailable(f"there is no emulator for {sys.platform} on {platform.machine()}")
    folder = downloaded("emulator", ROOT / "docker" / "emulator.txt")
    binary = folder / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    binary.chmod(0o755)
    return binary


class EmulatorRung:
    """Emulators as processes."""

    name = "emulator"
    group = "rung-emulator"

    def missing(self) -> str | None:
        try:
            emulator()
        except Unavailable as reason:
            return str(reason)
        return None

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[FunctionsService]:
        here = prepared.copy(work / "store")
        environment = os.environ | {
            "DASIER_REGISTRY": here.url,
            "DASIER_TRUSTED_KEYS": here.trusted,
            "DASIER_REFRESH_S": "0.2",
        }
        with ExitStack() as stack:
            places = [
                f"{function.name}={stack.enter_context(_running(function, environment, work))}"
                for function in TEMPLATE.functions
            ]
            yield FunctionsService(
                here.registry(), here.signer, emulated(TEMPLATE.functions, ",".join(places))
            )


@contextmanager
def _running(function: Function, environment: dict[str, str], work: Path) -> Iterator[str]:
    invoked, runtime = over_http.free_port(), over_http.free_port()
    log = work / f"{function.name}.said"
    command = [
        *(str(emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{invoked}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime}"),
        *(sys.executable, "-m", "awslambdaric", function.handler),
    ]
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
    url = f"http://127.0.0.1:{invoked}"
    try:
        # Any answer to what is no invocation shows that it listens, and starts nothing.
        over_http.wait_for(url, "/", said=log.read_text, alive=lambda: process.poll() is None)
        yield url
    finally:
        process.terminate()
        process.wait(30)

"""The local gateway: `dasier serve` in a process of its own, over a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.rungs import over_http

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dasier.local.events import Reply
    from dasier.registry import Registry
    from dasier.signing import LocalSigner
    from tests.e2e.rungs import Prepared


@dataclass
class HttpService:
    """Asks a server that has its own way to learn what was published."""

    registry: Registry
    signer: LocalSigner
    url: str

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return over_http.ask(self.url, method, target, headers, body)

    def published(self, key: str) -> None:
        pass


class GatewayRung:
    """`dasier serve`."""

    name = "gateway"
    group = "rung-gateway"

    def missing(self) -> str | None:
        return None

    @contextmanager
    def serving(self, prepared: Prepared, work: Path) -> Iterator[HttpService]:
        here = prepared.copy(work / "store")
        port = over_http.free_port()
        log = work / "said"
        with log.open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "dasier", "serve", "--port", str(port), "--registry", here.url],
                env=os.environ | {"DASIER_TRUSTED_KEYS": here.trusted},
                stdout=said,
                stderr=said,
            )
        url = f"http://127.0.0.1:{port}"
        try:
            over_http.wait_for(url, "/healthz", said=log.read_text, alive=lambda: process.poll() is None)
            yield HttpService(here.registry(), here.signer, url)
        finally:
            process.terminate()
            process.wait(30)

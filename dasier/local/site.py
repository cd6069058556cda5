"""The web site as a child process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.local.server import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

_STOP_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    """How the site runs."""

    api: str
    host: str
    port: int
    secret: str


class Site:
    """The site's process.

    Parameters
    ----------
    options : SiteOptions
    root : Path
        The folder that `webapp` stands in.
    """

    def __init__(self, options: SiteOptions, root: Path) -> None:
        command = [sys.executable, "-m", "webapp", "--with-parent", "--api", options.api]
        command += ["--host", options.host, "--port", str(options.port)]
        environment = os.environ | {"DASIER_SITE_SECRET": options.secret}
        if not is_loopback(options.host):
            # Whoever asked for another address trusts the network; the site wants that said.
            environment = {
                "DASIER_SITE_PLAIN_HTTP": "1",
                "DASIER_SITE_HOSTS": _names(options.host),
            } | environment
        # A group of its own: Ctrl-C at the terminal reaches us alone, and we stop it in order.
        self._process = subprocess.Popen(  # noqa: S603 (our own module)
            command, cwd=root, env=environment, stdin=subprocess.DEVNULL, process_group=0
        )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it, by force if it does not end by itself."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _names(host: str) -> str:
    """Give what a browser may call this machine, separated by commas."""
    names = {"localhost", "127.0.0.1", socket.gethostname(), socket.getfqdn()}
    if host not in {"0.0.0.0", "::"}:  # noqa: S104 (read here, not bound)
        names.add(host)
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, family=socket.AF_INET)
        names |= {str(address[4][0]) for address in found}
    except OSError:  # a machine that does not know its own name
        pass
    return ",".join(sorted(names))

"""``python -m webapp --api URL --port N``: the site on this machine, until SIGTERM or Ctrl-C.

It prints nothing but errors. With ``--with-parent`` it also ends when the process that started it does, however
that ended. Listening on anything but loopback is a deployment: the secret and the host
names must then come from the environment (see `webapp.settings`).
"""

from __future__ import annotations

import argparse
import ipaddress
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

import waitress

from dasier.errors import SettingsInvalid
from webapp.app import create_app
from webapp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

THREADS = 8
"""A request waits for the API most of its time."""
ASK_EVERY_S = 1.0
"""How often it is looked whether the parent is still there."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Serve until told to stop; give the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if is_loopback(options.host):
            settings = Settings.for_local(options.api, environment)
        else:
            settings = Settings.read({**environment, "DASIER_API_URL": options.api})
        app = create_app(settings)
    except SettingsInvalid as error:
        return _complain("; ".join(error.problems))
    try:
        server = waitress.create_server(
            app, host=options.host, port=options.port, threads=THREADS, ident=None
        )
    except OSError as error:
        return _complain(f"cannot listen on {options.host}:{options.port}: {error.strerror}")
    signal.signal(signal.SIGTERM, _stop)
    if options.with_parent:
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        server.run()
    except (KeyboardInterrupt, SystemExit):
        server.close()
    return 0


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m webapp", description="The DASIER site.")
    parser.add_argument(
        "--api", required=True, metavar="URL", help="where the API answers, e.g. http://127.0.0.1:8000"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--with-parent", action="store_true", help="end when the process that started this one ends"
    )
    return parser


def _end_with(parent: int) -> None:
    """Stop this process once another has taken its parent's place (Unix; elsewhere a parent's id never changes)."""
    while os.getppid() == parent:
        time.sleep(ASK_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit


def _complain(problem: str) -> int:
    sys.stderr.write(f"webapp: {problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

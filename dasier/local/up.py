"""`dasier up`: from a clone to models that answer, then serve until told to stop."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from dasier.errors import SettingsInvalid
from dasier.local import provision
from dasier.local.files import Files
from dasier.local.functions import Functions
from dasier.local.gateway import Gateway
from dasier.local.home import Home
from dasier.local.project import TEMPLATE
from dasier.local.server import Server, address, is_loopback, listen, stopped_by_signals
from dasier.local.site import Site, SiteOptions
from dasier.local.template import read_template
from dasier.local.watch import Watch
from dasier.registry import Registry
from dasier.signing import TrustedKeys
from dasier.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from socket import socket

_PATIENCE_S = 60
_ASK_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `dasier up` is asked for.

    Attributes
    ----------
    root : Path
        The project: template, functions, site.
    recipes : Path
        The folder of recipes.
    data : Path
        What is kept between runs.
    host : str
    api_port, site_port : int
        0 takes a free one.
    site : bool
    """

    root: Path
    recipes: Path
    data: Path
    host: str = "127.0.0.1"
    api_port: int = 8000
    site_port: int = 8080
    site: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What is up."""

    api: str
    site: str | None
    home: Home
    registry: Registry
    open_to_network: bool = False
    accounts: tuple[str, ...] = ()
    """Who one can sign in as on the site, where this machine's own provider is asked."""


class Reporter(provision.Reporter, Protocol):
    """Whoever tells the person at the terminal."""

    def building(self, names: list[str]) -> None:
        """Told what is going to be built, before it is."""

    def judging(self) -> None:
        """Told that versions are about to be judged."""

    def ready(self, ready: Ready) -> None:
        """Told when everything answers."""


def up(options: Options, reporter: Reporter) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Raises
    ------
    SettingsInvalid
        If a port is taken, the template cannot be read, or the site does not start.
    """
    stop = threading.Event()
    with stopped_by_signals(stop), listen(options.host, options.api_port, option="--api-port") as bound:
        site_port = _free(options) if options.site else 0
        home = Home.at(options.data)
        signer = home.signer()
        os.environ["DASIER_REGISTRY"] = home.registry
        os.environ["DASIER_TRUSTED_KEYS"] = signer.public_key()
        os.environ.setdefault("DASIER_PREDICTION_LOG", "store")
        registry = Registry(open_store(home.registry), TrustedKeys.parse([signer.public_key()]))
        template = read_template(options.root / TEMPLATE)
        wanted = provision.missing(registry, provision.recipes(options.recipes))
        if wanted:
            reporter.building([recipe.name for recipe in wanted])
            work = provision.Provision(registry, signer, home.build_log, reporter)
            _until_stopped(stop, lambda: work.run(wanted), work.stop)
        if stop.is_set():
            return
        people = _people(options, site_port)
        functions = Functions.load(template.functions, options.root)
        watch = Watch(registry.store, template, functions)
        reporter.judging()
        _until_stopped(stop, watch.sweep, lambda: None)
        gateway = Gateway(
            template,
            functions,
            default_model=os.environ.get("DASIER_DEFAULT_MODEL"),
            files=Files(registry.store),
        )
        ready = Ready(
            api=address(bound),
            site=None,
            home=home,
            registry=registry,
            open_to_network=not is_loopback(options.host),
            accounts=() if people is None else _accounts(),
        )
        server = Server(gateway, bound)
        watcher = threading.Thread(target=watch.run, args=(stop,), name="watch")
        try:
            if people is not None:
                people.start()
            server.start()
            watcher.start()
            _serve(options, stop, ready, site_port, reporter)
        finally:
            stop.set()
            watcher.join()
            server.stop()
            if people is not None:
                people.stop()


def _people(options: Options, site_port: int) -> Server | None:
    """Give what signs people in on this machine, with API and site told of it.

    None where another provider is configured, where there is no site, and where others reach it over the network: whoever
    opens this one chooses who to be.
    """
    if not options.site or not is_loopback(options.host) or os.environ.get("DASIER_OIDC_ISSUER"):
        return None
    from dasier.local.provider import CLIENT_ID, Provider  # noqa: PLC0415 (what is deployed has no such module)

    bound = listen("127.0.0.1", 0, option="--no-site")
    issuer = address(bound)
    os.environ["DASIER_OIDC_ISSUER"] = issuer
    os.environ["DASIER_OIDC_AUDIENCE"] = os.environ["DASIER_OIDC_CLIENT_ID"] = CLIENT_ID
    names = {"127.0.0.1", "localhost", options.host}
    sites = tuple(f"http://{f'[{name}]' if ':' in name else name}:{site_port}" for name in sorted(names))
    return Server(Provider(issuer, sites), bound)


def _accounts() -> tuple[str, ...]:
    from dasier.local.provider import ACCOUNTS  # noqa: PLC0415 (as above)

    return tuple(f"{one.name} ({one.says.partition(':')[0]})" for one in ACCOUNTS)


def _serve(options: Options, stop: threading.Event, ready: Ready, site_port: int, reporter: Reporter) -> None:
    wait_for(ready.api + "/healthz", stop)
    if not options.site:
        reporter.ready(ready)
        stop.wait()
        return
    secret = ready.home.site_secret()
    settings = SiteOptions(api=ready.api, host=options.host, port=site_port, secret=secret)
    site = Site(settings, options.root)
    try:
        url = f"{ready.api.rpartition(':')[0]}:{site_port}"
        wait_for(url + "/", stop, alive=lambda: site.alive)
        if not stop.is_set():
            reporter.ready(replace(ready, site=url))
        while not stop.wait(0.5):
            if not site.alive:
                raise SettingsInvalid(["the site ended by itself; --no-site does without it"])
    finally:
        site.stop()


def _free(options: Options) -> int:
    """Give the site's port, which is free now."""
    bound: socket
    with listen(options.host, options.site_port, option="--site-port") as bound:
        return int(bound.getsockname()[1])


def _until_stopped(stop: threading.Event, work: Callable[[], None], cancel: Callable[[], None]) -> None:
    """Run something that takes long in a thread, so that a signal ends it at once."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (raised again below, in the thread that asked)
            failure.append(error)

    thread = threading.Thread(target=run, name="provision")
    thread.start()
    while thread.is_alive():
        if stop.is_set():
            cancel()
        thread.join(0.1)
    if failure and not stop.is_set():
        raise failure[0]


def wait_for(url: str, stop: threading.Event, *, alive: Callable[[], bool] = lambda: True) -> None:
    """Return when something answers at a URL, or when told to stop.

    Raises
    ------
    SettingsInvalid
        If nothing does in a minute, or what should answer has ended.
    """
    parts = urlsplit(url)
    end_s = time.monotonic() + _PATIENCE_S
    while not stop.wait(_ASK_AGAIN_S):
        if not alive() or time.monotonic() > end_s:
            raise SettingsInvalid([f"nothing answers at {url}; what it said is above"])
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request("GET", parts.path)
            connection.getresponse().read()
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
        return

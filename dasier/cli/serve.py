"""`dasier serve`: the Docker server, and any machine that serves a registry."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from dasier.cli.options import registry_option
from dasier.cli.session import Session
from dasier.cli.show import say
from dasier.errors import NotFound, SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 in a container."
)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on."
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer."
)
@click.option(
    "--default-model",
    envvar="DASIER_DEFAULT_MODEL",
    show_envvar=True,
    help="The model that answers at /invocations and /ping, as SageMaker's and MLflow's clients expect.",
)
@click.option(
    "--gate/--no-gate",
    default=None,
    help="Judge what is published; by default where the registry is a folder, since a bucket has the function for it.",
)
@click.option(
    "--metrics-port",
    envvar="DASIER_METRICS_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    help="Answer GET /metrics there, in Prometheus' format; by default nothing is counted.",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    help="Address of --metrics-port: who can reach it learns of each model, and how much it is asked.",
)
@registry_option
def serve(
    host: str,
    port: int,
    workers: int,
    default_model: str | None,
    metrics_port: int | None,
    metrics_host: str,
    registry: str | None,
    *,
    gate: bool | None,
) -> None:
    """Serve the API from a registry, without building anything. Releases are noticed by themselves.

    \b
    Example:
      dasier serve --registry s3://my-bucket --port 8000 --workers 2
      dasier serve --metrics-port 9464 & curl 127.0.0.1:9464/metrics
    """  # noqa: D301
    from dasier.local.logs import log_to_terminal  # noqa: PLC0415 (quick --help)
    from dasier.local.memory import few_heaps  # noqa: PLC0415
    from dasier.local.server import serve_in_processes, stopped_by_signals  # noqa: PLC0415

    few_heaps()
    log_to_terminal()
    session = Session.of(registry)
    opened = session.registry()
    if not session.trusted_keys:
        raise SettingsInvalid(
            ["DASIER_TRUSTED_KEYS is not set: give the public keys whose models are believed"]
        )
    session.name_in(os.environ)
    os.environ.setdefault("DASIER_PREDICTION_LOG", "store")
    if default_model:
        if default_model not in opened.names():
            raise NotFound(f"DASIER_DEFAULT_MODEL is {default_model}, and the registry has no such model.")
        os.environ["DASIER_DEFAULT_MODEL"] = default_model
    judging = gate if gate is not None else session.folder is not None
    stop = threading.Event()
    with _counted(metrics_host, metrics_port):
        watcher = _watcher(session, stop) if judging else None
        say(f"Serving {session.url} at http://{host}:{port}")
        try:
            if workers > 1:
                serve_in_processes("dasier.local.asgi:application", host=host, port=port, workers=workers)
            else:
                with stopped_by_signals(stop):
                    _serve_here(host, port, stop)
        finally:
            stop.set()
            if watcher:
                watcher.join()


def _serve_here(host: str, port: int, stop: threading.Event) -> None:
    from dasier.local.asgi import application  # noqa: PLC0415
    from dasier.local.server import Server, listen  # noqa: PLC0415

    with listen(host, port, option="--port") as bound:
        server = Server(application(), bound)
        server.start()
        while server.alive and not stop.wait(0.5):
            pass
        server.stop()


@contextmanager
def _counted(host: str, port: int | None) -> Iterator[None]:
    """Have every process count meanwhile, and tell of it at an address of its own."""
    if port is None:
        yield
        return
    from dasier.local.exposition import Metrics  # noqa: PLC0415 (who wants no metrics does not pay)
    from dasier.local.server import Server, address, listen  # noqa: PLC0415

    with (
        listen(host, port, option="--metrics-port") as bound,
        TemporaryDirectory(prefix="dasier-metrics-") as folder,
    ):
        os.environ["DASIER_METRICS_FOLDER"] = folder
        server = Server(Metrics(Path(folder)), bound)
        server.start()
        say(f"Metrics at {address(bound)}/metrics")
        try:
            yield
        finally:
            server.stop()
            del os.environ["DASIER_METRICS_FOLDER"]


def _watcher(session: Session, stop: threading.Event) -> threading.Thread:
    from dasier.local.functions import Functions  # noqa: PLC0415
    from dasier.local.project import TEMPLATE, find_project  # noqa: PLC0415
    from dasier.local.template import read_template  # noqa: PLC0415
    from dasier.local.watch import Watch  # noqa: PLC0415

    root = find_project()
    template = read_template(root / TEMPLATE)
    waking = {schedule.function for schedule in template.schedules}
    waking |= {trigger.function for trigger in template.store_triggers}
    watch = Watch(session.registry().store, template, Functions.load(waking, root))
    thread = threading.Thread(target=watch.run, args=(stop,), name="watch")
    thread.start()
    return thread

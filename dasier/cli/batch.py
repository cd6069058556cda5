"""`dasier predict --job`: answer a file of any length, through the API or straight from the registry."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.cli.show import json_out, progress, say
from dasier.client import Client
from dasier.errors import DasierError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dasier.cli.session import Session

_LOOK_S = 0.5


class JobFailed(DasierError):
    """A batch that cannot be done; why is the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A batch that somebody wants.

    Attributes
    ----------
    name : str
    source : Path
        A CSV file.
    to : Path
        Where the results go; the rows that were refused go beside them, with ``-refused`` in the name.
    version : int or None
    """

    name: str
    source: Path
    to: Path
    version: int | None

    @property
    def refused(self) -> Path:
        """Where the rows that were refused go."""
        return self.to.with_name(f"{self.to.stem}-refused{self.to.suffix}")


def through_api(asked: Asked, url: str, api_key: str | None, *, as_json: bool) -> None:
    """Submit a file, wait, and fetch what came of it.

    Raises
    ------
    JobFailed
    """
    client = Client(url, api_key)
    job = client.submit(asked.name, asked.source, version=asked.version)
    with _shown(asked, quiet=as_json) as show:
        ended = client.wait(job.id, told=lambda job: show(dict(job.document)))
    told = _good(dict(ended.document))
    client.download(job.id, asked.to)
    if ended.rows_refused:
        client.download(job.id, asked.refused, "refused")
    _tell(asked, told, as_json=as_json)


def from_registry(asked: Asked, session: Session, *, as_json: bool) -> None:
    """Do a job here, in the registry, and copy what came of it.

    Raises
    ------
    JobFailed
    """
    from dasier import layout  # noqa: PLC0415 (numpy and the runtime)
    from dasier.jobs import standing  # noqa: PLC0415
    from dasier.jobs.accepting import accept_file  # noqa: PLC0415
    from dasier.jobs.working import work  # noqa: PLC0415
    from dasier.serving.service import Service  # noqa: PLC0415
    from dasier.serving.settings import Settings  # noqa: PLC0415

    registry = session.registry()
    store = registry.store
    service = Service(registry, Settings(registry=session.url, trusted_keys=session.trusted_keys))
    job = accept_file(service, asked.name, asked.version, asked.source)
    # Nobody comes next to try again.
    worker = _Worker(lambda: work(service, job.id, lambda: float("inf"), most_attempts=1))
    with _shown(asked, quiet=as_json) as show:
        worker.start()
        while worker.is_alive():
            worker.join(_LOOK_S)
            show(standing.told(store, job))
    worker.raise_again()
    told = _good(standing.told(store, job))
    _copy(store, layout.job_results(job.id), asked.to)
    if told["rows_refused"]:
        _copy(store, layout.job_refused(job.id), asked.refused)
    _tell(asked, told, as_json=as_json)


class _Worker(threading.Thread):
    """Does something beside, and keeps what it raised."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__(name="job", daemon=True)  # Ctrl-C ends it: whoever comes next goes on
        self._act = act
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._act()
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            self._error = error

    def raise_again(self) -> None:
        if self._error is not None:
            raise self._error


@contextmanager
def _shown(asked: Asked, *, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Give what shows how far a job is."""
    with progress(quiet=quiet) as bars:
        task = bars.add_task("", total=1.0, name=asked.name)

        def show(told: dict[str, Any]) -> None:
            rows = f"{told['state']}, {told.get('rows_done', 0):,} rows"
            bars.update(task, completed=told.get("progress", 0.0), description=rows)

        yield show


def _good(told: dict[str, Any]) -> dict[str, Any]:
    if told["state"] != "done":
        faults = [f"  {one['pointer']}: {one['detail']}" for one in told.get("errors", [])]
        raise JobFailed("\n".join([str(told.get("detail") or f"The job is {told['state']}."), *faults]))
    return told


def _copy(store: Any, key: str, file: Path) -> None:
    step = 8 * 1024 * 1024
    with file.open("wb") as out:
        for start in range(0, store.size(key) or 0, step):
            out.write(store.get_range(key, start, start + step) or b"")


def _tell(asked: Asked, told: dict[str, Any], *, as_json: bool) -> None:
    files = {"results": str(asked.to)}
    if told["rows_refused"]:
        files["refused"] = str(asked.refused)
    if as_json:
        json_out({key: told[key] for key in ("id", "model", "version", "rows_done", "rows_refused")} | files)
        return
    say(f"{told['rows_done']:,} rows answered by {told['model']}, version {told['version']}: {asked.to}")
    if told["rows_refused"]:
        say(f"{told['rows_refused']:,} rows refused, with their reasons: {asked.refused}")

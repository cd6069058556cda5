"""What is tested from outside: `dasier up` in a process of its own, with a registry of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.rungs import Prepared
from tests.e2e.rungs.ladder import RUNGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.rungs import Rung, Service

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240


@dataclass
class Up:
    """A running `dasier up`."""

    process: subprocess.Popen[str]
    data: Path
    printed: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    _listener: threading.Thread = field(init=False)

    @classmethod
    def start(cls, data: Path, *options: str) -> Up:
        command = [sys.executable, "-m", "dasier", "up", "--data", str(data), "--api-port", "0", *options]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running = cls(process, data)
        running._listener = threading.Thread(target=running._listen)
        running._listener.start()
        if not running.ready.wait(PATIENCE_S) or process.poll() is not None:
            process.kill()
            pytest.fail("dasier up did not get ready; it said:\n" + "".join(running.printed))
        return running

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self.printed.append(line)
            if "Ctrl-C" in line:
                self.ready.set()
        self.ready.set()

    @property
    def said(self) -> str:
        return "".join(self.printed)

    @property
    def api(self) -> str:
        return re.search(r"API\s+(http://\S+)", self.said)[1]  # type: ignore[index]

    @property
    def site(self) -> str:
        return re.search(r"Site\s+(http://\S+)", self.said)[1]  # type: ignore[index]

    @property
    def curl(self) -> str:
        return next(line.strip() for line in self.printed if line.strip().startswith("curl "))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(30)
        self._listener.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up.start(tmp_path_factory.mktemp("up") / "data", "--site-port", "0")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Give a store with four models that serve."""
    from tests.published import MODELS, Published

    folder = tmp_path_factory.mktemp("prepared") / "store"
    published = Published(url=f"file://{folder}")
    for name in MODELS:
        published.publish(name)
    return Prepared(folder, published.signer)


@pytest.fixture(scope="session")
def reached(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Rung], Service]]:
    """Give what starts a rung's service once, whatever the order of the tests, and ends all at the end."""
    found: dict[str, Service | Exception] = {}
    missing: dict[str, str | None] = {}
    with ExitStack() as stack:

        def reach(rung: Rung) -> Service:
            if rung.name not in missing:
                missing[rung.name] = rung.missing()
            if missing[rung.name]:
                pytest.skip(f"rung {rung.name}: {missing[rung.name]}")
            if rung.name not in found:
                try:
                    work = tmp_path_factory.mktemp(rung.name)
                    found[rung.name] = stack.enter_context(rung.serving(prepared, work))
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - raised below, each time
                    found[rung.name] = error
            service = found[rung.name]
            if isinstance(service, BaseException):
                raise service
            return service

        yield reach


@pytest.fixture(
    params=[pytest.param(rung, id=rung.name, marks=pytest.mark.xdist_group(rung.group)) for rung in RUNGS]
)
def service(request: pytest.FixtureRequest, reached: Callable[[Rung], Service]) -> Service:
    """Give the service of each rung that this machine has; the others are skipped by name."""
    return reached(request.param)

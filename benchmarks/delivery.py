"""What delivery costs: a better version published, and taken back, while clients are calling.

Everything is real: a recipe, the commands `build`, `publish` and `rollback` in processes of their own, a registry in
a folder, the gate, and `dasier serve`. Each client checks every answer against the fitted estimator of the version that
the answer names. Run it as ``.venv/bin/python benchmarks/delivery.py``; it prints its figures.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.results import write  # noqa: E402

CLIENTS = 16
ROWS = 20
PATIENCE_S = 180.0
MODEL = "wine"


@dataclass
class Figures:
    """What was seen.

    Attributes
    ----------
    failed, inconsistent : list of str
        Answers that were no answer, and those whose numbers are not of the version that they name.
    """

    requests: int = 0
    failed: list[str] = field(default_factory=list)
    inconsistent: list[str] = field(default_factory=list)
    publish_to_first_answer_s: float = 0.0
    publish_to_last_old_answer_s: float = 0.0
    rollback_command_s: float = 0.0
    rollback_logged_s: float = 0.0
    rollback_to_first_answer_s: float = 0.0


@dataclass
class Clients:
    """Clients that ask without end, until they are stopped."""

    port: int
    rows: list[dict[str, Any]]
    expected: dict[int, list[dict[str, float]]]
    figures: Figures
    seen: list[tuple[float, int]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Let them begin."""
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let them end."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def first(self, version: int, since_s: float) -> float:
        """Wait for the first answer of a version since a time, and give its time."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            for at_s, answered in self.seen[-5_000:]:
                if answered == version and at_s >= since_s:
                    return at_s
            time.sleep(0.02)
        raise TimeoutError(f"version {version} does not serve within {PATIENCE_S:g} s")

    def _run(self, client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked = client
        while not self._over.is_set():
            asked = (asked + 1) % len(self.rows)
            self.figures.requests += 1
            try:
                self._ask(connection, asked)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.figures.failed.append(repr(error))
                connection.close()
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, row: int) -> None:
        body = json.dumps({"instances": [self.rows[row]]})
        connection.request(
            "POST", f"/models/{MODEL}/predict", body=body, headers={"content-type": "application/json"}
        )
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            self.figures.failed.append(f"{answer.status} {content[:200]!r}")
            return
        told = json.loads(content)
        version, found = int(told["version"]), told["predictions"][0]
        wanted = self.expected[version][row]
        near = all(abs(found["probabilities"][label] - share) <= 1e-6 for label, share in wanted.items())
        if not near or found["prediction"] != max(wanted, key=lambda label: wanted[label]):
            self.figures.inconsistent.append(f"version {version}, row {row}: {found}")
        if answer.headers["x-model-version"] != str(version):
            self.figures.inconsistent.append(f"version {version}, header {answer.headers['x-model-version']}")
        self.seen.append((time.monotonic(), version))


def recipe(folder: Path, strength: float) -> Path:
    """Write the recipe with a strength of regularisation: so is a version worse or better."""
    shutil.copytree(ROOT / "model_builds" / MODEL, folder)
    params = folder / "params.toml"
    text = params.read_text("utf-8")
    params.write_text(re.sub(r"(?m)^C = .*$", f"C = {strength}", text), "utf-8")
    return folder


def probabilities(folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, float]]]:
    """Give held-out rows, and what the fitted estimator of a recipe says of them."""
    from dasier.building.recipe import read  # noqa: PLC0415 (half a second of imports)
    from dasier.building.training import train  # noqa: PLC0415

    made = train(read(folder))
    frame = made.held_out[made.features].head(ROWS)
    shares = made.estimator.predict_proba(frame)
    labels = [str(label) for label in made.estimator.classes_]
    return frame.to_dict("records"), [dict(zip(labels, map(float, row), strict=True)) for row in shares]


def command(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a `dasier` command on a registry, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "dasier", *arguments, "--registry", f"file://{home}/store"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def done(*arguments: str, home: Path) -> str:
    """Run a command that must succeed."""
    finished = command(*arguments, home=home)
    if finished.returncode:
        raise RuntimeError(f"dasier {' '.join(arguments)}: {finished.stderr[-2_000:]}")
    return finished.stdout


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """Serve a registry in a process of its own, gate included; give the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with (home / "served.log").open("wb") as log:
        options = ["--registry", f"file://{home}/store", "--port", str(port), "--gate"]
        process = subprocess.Popen(
            [sys.executable, "-m", "dasier", "serve", *options],
            cwd=ROOT,
            env=os.environ,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(port: int) -> None:
    """Return when the model has answered its golden records."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", f"/v2/models/{MODEL}/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise TimeoutError("nothing serves")


def deliver(home: Path) -> Figures:
    """Publish a better version while clients ask, then go back."""
    worse, better = recipe(home / "worse" / MODEL, 0.003), recipe(home / "better" / MODEL, 1.0)
    (rows, first), (_, second) = probabilities(worse), probabilities(better)
    figures = Figures()
    for folder in (worse, better):
        done("build", str(folder), "--out", str(folder.parent / "built"), home=home)
    done("publish", str(home / "worse" / "built" / MODEL), home=home)
    with serving(home) as port:
        clients = Clients(port, rows, {1: first, 2: second}, figures)
        clients.start()
        try:
            clients.first(1, 0.0)
            done("publish", str(home / "better" / "built" / MODEL), home=home)
            published_s = time.monotonic()
            figures.publish_to_first_answer_s = clients.first(2, published_s) - published_s
            time.sleep(3)  # whoever still answered with the old version would be seen
            last = max(at_s for at_s, version in clients.seen if version == 1)
            figures.publish_to_last_old_answer_s = last - published_s
            _roll_back(home, clients, figures)
        finally:
            clients.stop()
    return figures


def _roll_back(home: Path, clients: Clients, figures: Figures) -> None:
    log = home / "store" / "models" / MODEL / "releases"
    before = len(list(log.iterdir()))
    began_s = time.monotonic()
    thread = threading.Thread(target=lambda: done("rollback", MODEL, "--reason", "measured", home=home))
    thread.start()
    while len(list(log.iterdir())) == before and thread.is_alive():
        time.sleep(0.005)
    figures.rollback_logged_s = time.monotonic() - began_s
    thread.join()
    figures.rollback_command_s = time.monotonic() - began_s
    since_s = began_s + figures.rollback_logged_s
    figures.rollback_to_first_answer_s = clients.first(1, since_s) - since_s


def main() -> None:
    """Measure, and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="dasier-delivery-") as folder:
        figures = deliver(Path(folder))
    told = asdict(figures) | {"failed": figures.failed[:20], "inconsistent": figures.inconsistent[:20]}
    rows = [
        (what, f"{number:,.2f}" if isinstance(number, float) else str(number))
        for what, number in told.items()
    ]
    write("delivery", f"Delivery under {CLIENTS} clients", ("what", "found"), rows, told)
    print(f"{CLIENTS} clients, {figures.requests} requests:")
    print(f"  failed                                      {len(figures.failed)}")
    print(f"  not of the version that they name           {len(figures.inconsistent)}")
    print(f"  end of publish -> first answer of it        {figures.publish_to_first_answer_s:.2f} s (5)")
    print(f"  end of publish -> last answer of the old    {figures.publish_to_last_old_answer_s:.2f} s (5)")
    print(f"  rollback: command begun -> entry logged     {figures.rollback_logged_s:.2f} s (1)")
    print(f"  rollback: command begun -> command ended    {figures.rollback_command_s:.2f} s")
    print(f"  rollback: entry logged -> first answer      {figures.rollback_to_first_answer_s:.2f} s (2)")
    for one in (figures.failed + figures.inconsistent)[:5]:
        print(f"  ! {one}")


if __name__ == "__main__":
    main()

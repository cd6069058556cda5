"""An hour of everything at once: right answers, named refusals, flat memory, while versions change and the store fails.

``dasier serve`` with its gate runs on an S3 server, through a proxy that lets a share of its requests fail (500, SlowDown,
a cut connection, an answer that is lost after the work was done, a stall). Callers ask right and wrong things in every
wire format. Meanwhile versions are published, promoted and rolled back. Every answer is checked: a prediction against
the fitted estimator of the version that it names, a refusal against what that request must get. The server's memory is
read throughout; its budget for models is small, so that it is used up soon, and what grows after that is a leak. Run it as ``.venv/bin/python benchmarks/soak.py --minutes 60``.
"""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from uuid import uuid4

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.delivery import MODEL, probabilities, recipe, wait_until_ready  # noqa: E402
from benchmarks.reference.results import write  # noqa: E402
from dasier import releasing  # noqa: E402
from dasier.built import Built  # noqa: E402
from dasier.errors import DasierError  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402
from tests.core.faulty import Fault, FaultyS3  # noqa: E402
from tests.core.stores import BUCKET, s3_environment  # noqa: E402
from tests.e2e.rungs.over_http import free_port  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

CALLERS = 6
STRENGTHS = (0.003, 0.03, 1.0)
"""Of the regularisation: a recipe each, and so a model whose numbers are its own."""
FAULTS = (Fault(500), Fault(503), Fault(), Fault(503, after=True), Fault(after=True), Fault(stalls=True))
FAULTY_SHARE = 0.1
CHANGE_EVERY_S = 20.0
BUDGET_MB = 10
"""For the models of some nine versions: the first quarter of an hour publishes more."""

UNNAMED = {500, 502, 504}


@dataclass
class Seen:
    """What was answered.

    Attributes
    ----------
    statuses : Counter of (what was asked, status)
    wrong : list of str
        Answers that are not those of the version that they name, and statuses that the request must not get.
    unnamed : list of str
        Failures that do not say what failed.
    memory_mb, threads : list of float
        Of the server, each second.
    changes, faults : Counter of str
        What was tried with versions; what went wrong with requests to the store.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 (no secret)

    def fault(self, *_: object) -> Fault | None:
        """Say what goes wrong with the next request to the store."""
        fault = self._chance.choice(FAULTS) if self._chance.random() < FAULTY_SHARE else None
        self.faults[str(fault) if fault else "none"] += 1
        return fault


@dataclass
class Caller:
    """Someone who asks without end, in every way, and checks what comes back."""

    port: int
    rows: list[dict[str, Any]]
    expected: dict[int, list[dict[str, float]]]
    seen: Seen
    over: threading.Event
    seed: int
    _known: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Ask until it is over."""
        chance = random.Random(self.seed)  # noqa: S311 (no secret)
        ways: list[Callable[[random.Random], None]] = [
            *[self._as_json] * 6,
            *[self._as_csv] * 2,
            *[self._as_tensors] * 2,
            *(self._wrongly, self._catalogue, self._tell),
        ]
        while not self.over.is_set():
            try:
                chance.choice(ways)(chance)
            except (OSError, http.client.HTTPException) as error:
                self.seen.unnamed.append(f"no answer: {error!r}")

    def _send(self, what: str, path: str, body: bytes | None, kind: str, allowed: set[int]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"content-type": kind, "x-client-id": str(self.seed)}
            connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.seen.statuses[(what, answer.status)] += 1
        if answer.status == 503 and answer.headers.get("retry-after"):
            return None  # what the store's faults may lead to; it says so, and when to ask again
        if answer.status in UNNAMED or answer.status == 503:
            self.seen.unnamed.append(f"{what}: {answer.status} {content[:300]!r}")
        elif answer.status not in allowed:
            self.seen.wrong.append(f"{what}: {answer.status} {content[:300]!r}")
        return json.loads(content) if answer.status in {200, 202} else None

    def _check(self, what: str, version: int, row: int, label: str, shares: dict[str, float] | None) -> None:
        wanted = self.expected[version][row]
        near = shares is None or all(abs(shares[name] - share) <= 1e-6 for name, share in wanted.items())
        if not near or label != max(wanted, key=lambda name: wanted[name]):
            self.seen.wrong.append(f"{what}: version {version}, row {row}: {label} {shares}")

    def _as_json(self, chance: random.Random) -> None:
        asked = [chance.randrange(len(self.rows)) for _ in range(chance.choice((1, 1, 1, 20)))]
        body = json.dumps({"instances": [self.rows[row] for row in asked]}).encode()
        told = self._send("json", f"/models/{MODEL}/predict", body, "application/json", {200})
        if told:
            self._known = [*self._known[-20:], told["prediction_id"]] if len(asked) == 1 else self._known
            for row, found in zip(asked, told["predictions"], strict=True):
                self._check("json", told["version"], row, found["prediction"], found["probabilities"])

    def _as_csv(self, chance: random.Random) -> None:
        row = chance.randrange(len(self.rows))
        names = list(self.rows[row])
        body = f"{','.join(names)}\n{','.join(str(self.rows[row][name]) for name in names)}\n".encode()
        told = self._send("csv", f"/models/{MODEL}/predict?probabilities=false", body, "text/csv", {200})
        if told:
            self._check("csv", told["version"], row, told["predictions"][0]["prediction"], None)

    def _as_tensors(self, chance: random.Random) -> None:
        row = chance.randrange(len(self.rows))
        inputs = [
            {"name": name, "shape": [1], "datatype": "FP64", "data": [cell]}
            for name, cell in self.rows[row].items()
        ]
        body = json.dumps({"inputs": inputs}).encode()
        told = self._send("tensors", f"/v2/models/{MODEL}/infer", body, "application/json", {200})
        if told:
            label = told["outputs"][0]["data"][0]
            self._check("tensors", int(told["model_version"]), row, label, None)

    def _wrongly(self, chance: random.Random) -> None:
        body, status = chance.choice(
            [
                (b'{"instances": [{"alcohol": "much"}]}', 422),
                (b'{"instances": [', 400),
                (b'{"instances": [{"alcohol": NaN}]}', 400),
                (b"[" * 100_000, 400),
            ]
        )
        self._send("wrong", f"/models/{MODEL}/predict", body, "application/json", {status})

    def _catalogue(self, chance: random.Random) -> None:
        paths = (
            "/models",
            f"/models/{MODEL}",
            f"/models/{MODEL}/versions",
            "/openapi.json",
            "/models/nobody",
        )
        path = chance.choice(paths)
        self._send("catalogue", path, None, "application/json", {404} if "nobody" in path else {200})

    def _tell(self, chance: random.Random) -> None:
        if self._known:
            label = chance.choice([*self.expected[1][0]])
            body = json.dumps({"prediction_id": chance.choice(self._known), "actual": label}).encode()
            self._send("feedback", f"/models/{MODEL}/feedback", body, "application/json", {202})


@dataclass
class Owner:
    """The one who publishes and decides, and whose registry is not behind the proxy.

    Attributes
    ----------
    expected : mapping of version to the probabilities of each row
        Complete before a version can serve.
    """

    registry: Registry
    signer: LocalSigner
    builds: list[tuple[Built, list[dict[str, float]]]]
    expected: dict[int, list[dict[str, float]]]
    seen: Seen
    chance: random.Random

    def publish(self) -> None:
        """Publish one of the builds."""
        built, expected = self.chance.choice(self.builds)
        self.expected[len(self.expected) + 1] = expected  # the next number is this owner's: there is no other
        self.registry.publish(built, self.signer)

    def change(self) -> None:
        """Change what serves, or try to."""
        what = self.chance.choice(("publish", "publish", "promote", "rollback", "canary"))
        version = self.chance.choice([*self.expected])
        try:
            if what == "publish":
                self.publish()
            elif what == "promote":
                releasing.promote(self.registry, MODEL, version, who="soak", why="a change")
            elif what == "rollback":
                releasing.rollback(self.registry, MODEL, who="soak", why="a change")
            else:
                releasing.canary(self.registry, MODEL, version, share=30, who="soak", why="a change")
            self.seen.changes[what] += 1
        except DasierError as error:
            self.seen.changes[f"{what}: {type(error).__name__}"] += 1


def soak(minutes: float, home: Path) -> Seen:
    """Let everything run, and give what was seen."""
    seen, signer = Seen(), LocalSigner.from_file(home / "signing.pem")
    url = f"s3://{BUCKET}/{uuid4().hex}"
    registry = Registry(
        open_store(url, environment=s3_environment()), TrustedKeys.parse([signer.public_key()])
    )
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    rows, builds = _builds(home)
    owner = Owner(registry, signer, builds, {}, seen, random.Random(11))  # noqa: S311 (no secret)
    owner.publish()
    proxy, port, over = FaultyS3(), free_port(), threading.Event()
    callers = [Caller(port, rows, owner.expected, seen, over, seed) for seed in range(CALLERS)]
    threads = [threading.Thread(target=caller.run) for caller in callers]
    settings = {"DASIER_TRUSTED_KEYS": signer.public_key(), "DASIER_MODEL_BUDGET_MB": str(BUDGET_MB)}
    environment = os.environ | proxy.environment | settings
    command = ["-m", "dasier", "serve", "--registry", url, "--port", str(port), "--gate"]
    with (home / "served.log").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=said, stderr=said
        )
        try:
            wait_until_ready(port)
            proxy.script = seen.fault
            for thread in threads:
                thread.start()
            _watch(minutes * 60, owner, process)
        finally:
            over.set()
            for thread in threads:
                if thread.ident:
                    thread.join()
            proxy.script = lambda *_: None
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                seen.unnamed.append("the server did not end within a minute of being told to")
            proxy.close()
    seen.wrong += [f"an overwrite: {path}" for path in proxy.unconditional]
    return seen


def _builds(home: Path) -> tuple[list[dict[str, Any]], list[tuple[Built, list[dict[str, float]]]]]:
    builds = []
    for strength in STRENGTHS:
        folder = recipe(home / str(strength) / MODEL, strength)
        rows, shares = probabilities(folder)
        out = folder.parent / "built"
        command = [sys.executable, "-m", "dasier", "build", str(folder), "--out", str(out)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        builds.append((Built.read(out / MODEL), shares))
    return rows, builds


def _watch(lasts_s: float, owner: Owner, process: subprocess.Popen[bytes]) -> None:
    """Read the server's memory and threads each second, and let the owner change something now and then, until the time is over."""
    began_s, next_s = time.monotonic(), 0.0
    while (since_s := time.monotonic() - began_s) < lasts_s:
        if process.poll() is not None:
            owner.seen.unnamed.append(f"the server ended with {process.returncode}")
            return
        memory_kb, threads = _status(process.pid, "VmRSS"), _status(process.pid, "Threads")
        owner.seen.memory_mb.append(memory_kb / 1024)
        owner.seen.threads.append(threads)
        if since_s >= next_s:
            next_s = since_s + CHANGE_EVERY_S
            owner.change()
        time.sleep(1)


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def growth(figures: list[float]) -> tuple[float, float]:
    """Give the median of the second quarter of the time, and of the last."""
    quarter = len(figures) // 4
    return median(figures[quarter : 2 * quarter]), median(figures[-quarter:])


def main() -> int:
    """Soak, and print; status 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="dasier-soak-") as folder:
        seen = soak(minutes, Path(folder))
    (before, after), threads = growth(seen.memory_mb), growth(seen.threads)
    rows = [
        ("requests", f"{sum(seen.statuses.values()):,}", "-"),
        *[
            (f"{what}, {status}", f"{count:,}", "-")
            for (what, status), count in sorted(seen.statuses.items())
        ],
        *[(f"change: {what}", str(count), "-") for what, count in sorted(seen.changes.items())],
        *[
            (f"request to the store: {what}", f"{count:,}", "-")
            for what, count in sorted(seen.faults.items())
        ],
        ("wrong answers", str(len(seen.wrong)), "0"),
        ("failures that do not say what failed", str(len(seen.unnamed)), "0"),
        ("memory, second quarter → last", f"{before:.0f} → {after:.0f} MB", "flat"),
        ("threads, second quarter → last", f"{threads[0]:.0f} → {threads[1]:.0f}", "flat"),
    ]
    figures = {
        "minutes": minutes,
        "budget_mb": BUDGET_MB,
        "memory_mb": [before, after],
        "memory_each_minute_mb": [round(mb, 1) for mb in seen.memory_mb[::60]],
        "threads": list(threads),
        "wrong": seen.wrong[:20],
        "unnamed": seen.unnamed[:20],
    }
    write("soak", f"A soak of {minutes:g} minutes", ("what", "figure", "standard"), rows, figures)
    for one in (seen.wrong + seen.unnamed)[:10]:
        print(f"! {one}")
    return 1 if seen.wrong or seen.unnamed else 0


if __name__ == "__main__":
    sys.exit(main())

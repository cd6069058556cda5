"""Which production server to put under the gateway: the same application, registry and requests, side by side.

Each server runs one process in an environment of its own. Rounds are interleaved, so that a busy moment of the machine
meets all of them; what is told is the median of the rounds. Run it as ``.venv/bin/python benchmarks/servers.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dasier.building import build_recipe  # noqa: E402
from dasier.gate import sweep  # noqa: E402
from dasier.local.home import Home  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.signing import TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402

MODEL = "penguins"
ROUNDS, ROUND_S = 5, 3.0
CLIENTS = (1, 8)
APPLICATION = "dasier.local.asgi:application"

SERVERS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "uvicorn, httptools and uvloop": (
        (),
        ["-m", "uvicorn", "--factory", APPLICATION, "--loop", "uvloop", "--http", "httptools", "--log-level", "error"],
    ),
    "uvicorn, h11 and asyncio": (
        ("h11==0.16.0",),
        ["-m", "uvicorn", "--factory", APPLICATION, "--loop", "asyncio", "--http", "h11", "--log-level", "error"],
    ),
    "granian": (
        ("granian==2.8.7",),
        ["-m", "granian", "--interface", "asgi", "--factory", "--workers", "1", "--no-ws", "--log-level", "error", APPLICATION],
    ),
    "hypercorn, uvloop": (
        ("hypercorn==0.18.0",),
        ["-m", "hypercorn", "--worker-class", "uvloop", "--workers", "1", "--log-level", "error", f"{APPLICATION}()"],
    ),
}  # fmt: skip
"""What a server needs beside our own dependencies, and how it is started."""


def registry(folder: Path) -> tuple[Home, bytes]:
    """Build a model, let it serve, and give where it is and the body of a request for it."""
    home = Home.at(folder)
    trusted = TrustedKeys.parse([home.signer().public_key()])
    opened = Registry(open_store(home.registry), trusted)
    opened.publish(build_recipe(ROOT / "model_builds" / MODEL), home.signer())
    sweep(opened)
    row = opened.manifest(MODEL, 1).schema.example()
    return home, json.dumps({"instances": [row]}).encode()


def interpreter(name: str, packages: tuple[str, ...]) -> str:
    """Give an interpreter that has our dependencies and a server's own."""
    if not packages:
        return sys.executable
    folder = ROOT / ".envs" / f"server-{name.split(maxsplit=1)[0].strip(',')}"
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(ROOT / ".tools" / "bin" / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        (site,) = (folder / "lib").glob("python*/site-packages")
        (own,) = (Path(sys.executable).parents[1] / "lib").glob("python*/site-packages")
        (site / "ours.pth").write_text(f"{own}\n")
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *packages], check=True)
    return str(python)


@contextmanager
def running(name: str, home: Home) -> Iterator[tuple[int, int]]:
    """Run a server, and give its port and its process."""
    packages, arguments = SERVERS[name]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = (
        ["--bind", f"127.0.0.1:{port}"]
        if "hypercorn" in name
        else ["--host", "127.0.0.1", "--port", str(port)]
    )
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "DASIER_REGISTRY": home.registry,
        "DASIER_TRUSTED_KEYS": home.signer().public_key(),
        "DASIER_PREDICTION_LOG": "off",
    }
    process = subprocess.Popen(
        [interpreter(name, packages), *arguments, *where],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        end_s = time.monotonic() + 60
        while time.monotonic() < end_s:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


async def load(port: int, body: bytes, clients: int, seconds: float) -> list[float]:
    """Ask without rest from so many connections, and give the latency of each answer in milliseconds.

    Raises
    ------
    RuntimeError
        If an answer is no good one: a server that fails quickly must not win.
    """
    head = (
        f"POST /models/{MODEL}/predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode()
    latencies: list[float] = []

    async def ask(end_s: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end_s:
            began_s = time.perf_counter()
            writer.write(head + body)
            try:
                answer = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise
                # Some servers end a connection after so many requests.
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                continue
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(answer[:200])
            length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            latencies.append(1000 * (time.perf_counter() - began_s))
        writer.close()

    end_s = time.perf_counter() + seconds
    await asyncio.gather(*(ask(end_s) for _ in range(clients)))
    return latencies


def cpu_s(pid: int) -> float:
    """Give the processor time of a process and its children so far."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print a table."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home, body = registry(Path(folder))
        ports = {name: stack.enter_context(running(name, home)) for name in SERVERS}
        for port, _ in ports.values():
            asyncio.run(load(port, body, 1, 0.5))  # loads the model
        for _ in range(ROUNDS):
            for clients in CLIENTS:
                for name, (port, pid) in ports.items():
                    before_s = cpu_s(pid)
                    latencies = asyncio.run(load(port, body, clients, ROUND_S))
                    spent_us = 1e6 * (cpu_s(pid) - before_s) / len(latencies)
                    found.setdefault((name, clients), []).append(
                        {
                            "rate": len(latencies) / ROUND_S,
                            "ms": statistics.median(latencies),
                            "cpu_us": spent_us,
                        }
                    )
    print(
        f"{MODEL}, one row, {ROUNDS} rounds of {ROUND_S:g} s, one process; medians, and the spread of the rounds"
    )
    print(f"{'server':<32}{'clients':>8}{'requests/s':>12}{'spread':>16}{'median ms':>11}{'CPU us':>8}")
    for (name, clients), rounds in found.items():
        rates = sorted(one["rate"] for one in rounds)
        middle = {key: statistics.median(one[key] for one in rounds) for key in ("rate", "ms", "cpu_us")}
        print(
            f"{name:<32}{clients:>8}{middle['rate']:>12.0f}{f'{rates[0]:.0f} to {rates[-1]:.0f}':>16}"
            f"{middle['ms']:>11.2f}{middle['cpu_us']:>8.0f}"
        )


if __name__ == "__main__":
    main()

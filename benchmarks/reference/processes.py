"""A server as a process: started, asked, measured from ``/proc``, ended."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

PATIENCE_S = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")
_MB = 1e6


@dataclass(frozen=True)
class Program:
    """How a server is started."""

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path


@dataclass(frozen=True)
class Running:
    """A server that runs, with everything that it started.

    Attributes
    ----------
    first_answer_s : float
        From spawning it to its first right answer.
    """

    pid: int
    port: int
    first_answer_s: float

    def tree(self) -> list[int]:
        """Give its processes: of its session, or started by one of those."""
        found, parents = {self.pid}, {}
        for folder in Path("/proc").glob("[0-9]*"):
            fields = _stat(int(folder.name))
            if fields is not None:
                parents[int(folder.name)] = int(fields[1])
                if int(fields[3]) == self.pid:
                    found.add(int(folder.name))
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found)

    def cpu_s(self) -> float:
        """Give the processor time of all of them so far, user and system."""
        spent = 0
        for pid in self.tree():
            fields = _stat(pid)
            if fields is not None:
                spent += int(fields[11]) + int(fields[12])
        return spent / _TICKS

    def memory_mb(self) -> dict[str, float]:
        """Give what all of them hold: RSS, and PSS, which counts shared pages once."""
        found = {"rss": 0.0, "pss": 0.0}
        for pid in self.tree():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            for line in lines:
                name, _, rest = line.partition(":")
                if name in {"Rss", "Pss"}:
                    found[name.lower()] += int(rest.split()[0]) * 1024 / _MB
        return found


def _stat(pid: int) -> list[str] | None:
    """Give the fields of a process after its name: state, parent, group, session, …; None if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def posted(port: int, path: str, body: bytes, *, timeout_s: float = 60) -> tuple[int, bytes]:
    """Give the status and the body of the answer to a JSON body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def running(program: Program, port: int, answers: Callable[[], bool]) -> Iterator[Running]:
    """Run a server once it answers rightly, and end it with all that it started.

    Parameters
    ----------
    answers
        Asks once: whether the answer is right. What it raises as `OSError` or `HTTPException` is "not yet".

    Raises
    ------
    RuntimeError
        If it ends, or does not answer in time; with the end of its log.
    """
    with program.log.open("wb") as out:
        began_s = time.perf_counter()
        process = subprocess.Popen(
            list(program.command),
            cwd=program.folder,
            env=dict(program.environment),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _await(process, answers, began_s, program.log)
        yield Running(process.pid, port, time.perf_counter() - began_s)
    finally:
        _end(process, Running(process.pid, port, 0.0))


def _await(process: subprocess.Popen[bytes], answers: Callable[[], bool], began_s: float, log: Path) -> None:
    while True:
        try:
            if answers():
                return
        except (OSError, http.client.HTTPException):
            pass
        if process.poll() is not None or time.perf_counter() - began_s > PATIENCE_S:
            raise RuntimeError(f"no right answer: {log.read_text(errors='replace')[-2_000:]}")
        time.sleep(0.003)


def _end(process: subprocess.Popen[bytes], tree: Running) -> None:
    everything = tree.tree()
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in everything:
        # Only what was ours: a number may have been given to another process since.
        fields = _stat(pid)
        if pid != process.pid and fields is not None and int(fields[3]) == process.pid:
            os.kill(pid, signal.SIGKILL)

"""A rehearsal: a version is loaded and answers its golden records in a process of its own.

The process may crash, hang or eat memory: its parent lives, and says what happened. It is held
to what the serving image has, so that importing pandas fails in it. What does not come through
here would fail when it is served. A build ends with one, and the gate judges by one.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dasier.errors import DasierError, RehearsalFailed

if TYPE_CHECKING:
    from dasier.built import Built

_ABSENT = frozenset({"pandas", "matplotlib", "onnx", "skl2onnx", "boto3"})
_LIBRARIES_BYTES = 4 * 1024**3
"""Address space that Python, numpy and a runtime map before any model: mostly reserved, not used."""

_MARK = "dasier.rehearsal: "
_REFUSED = 3
"""Exit status of a process that found out by itself that the version must not be served."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rehearsal may take.

    Attributes
    ----------
    timeout_s : float
        From the start of the process to its last answer.
    memory_bytes : int
        What the model may take beside the libraries.
    """

    timeout_s: float = 60.0
    memory_bytes: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was measured.

    Attributes
    ----------
    memory_bytes : int
        What the process grew by when it loaded and answered.
    load_ms, answer_ms : float
        Loading, and answering all golden records once they had been answered before.
    """

    memory_bytes: int
    load_ms: float
    answer_ms: float


def rehearse(built: Built, limits: Limits = Limits()) -> Rehearsal:
    """Load a version and replay its golden records in a process of its own.

    Raises
    ------
    RehearsalFailed
        If it crashes, hangs, takes too much memory, does not load, or answers otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="dasier-rehearsal-") as folder:
        built.write(Path(folder))
        # -P: the working directory is not on the path of what serves, so a module there must not help.
        command = [sys.executable, "-P", "-m", "dasier.rehearsal", folder, str(limits.memory_bytes)]
        package = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        try:
            done = subprocess.run(  # noqa: S603 - this very module
                command,
                env=os.environ | {"PYTHONPATH": path},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limits.timeout_s,
                check=False,
                process_group=0,  # Ctrl-C at a terminal is no verdict against a version
            )
        except subprocess.TimeoutExpired as error:
            why = f"it gave no answer in {limits.timeout_s:g} s, and was stopped"
            raise RehearsalFailed(why) from error
    if done.returncode != 0:
        raise RehearsalFailed(_why(done.returncode, done.stderr))
    measured = _measured(done.stdout)
    if measured.memory_bytes > limits.memory_bytes:
        raise RehearsalFailed("it took more memory than it may")
    return measured


def _measured(printed: str) -> Rehearsal:
    """Give what the process measured; it may have ended early, however good its status, or printed more."""
    for line in reversed(printed.splitlines()):
        if line.startswith(_MARK):
            return Rehearsal(**json.loads(line.removeprefix(_MARK)))
    raise RehearsalFailed("its process ended before it had answered")


def _why(status: int, printed: str) -> str:
    last = (printed.strip().splitlines() or [""])[-1][:500]
    if status == _REFUSED:
        return last
    if "MemoryError" in last or "bad_alloc" in last or "cannot allocate" in last.lower():
        return "it took more memory than it may"
    if status < 0:
        return f"its process died of {signal.Signals(-status).name}"
    return last or f"its process ended with status {status}"


class _Absence(MetaPathFinder):
    """Makes packages look as if they were not installed."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        del path, target
        if fullname.partition(".")[0] in _ABSENT:
            raise ModuleNotFoundError(f"No module named {fullname!r} where models are served", name=fullname)


def _resident_bytes() -> int:
    """Give this process's resident memory; where the system tells only the peak, that."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _perform(folder: Path, memory_bytes: int) -> Rehearsal:
    sys.meta_path.insert(0, _Absence())
    from dasier import golden, runtimes  # noqa: PLC0415 - what must be absent is made so first
    from dasier.built import Built  # noqa: PLC0415

    built = Built.read(folder)
    manifest = built.manifest
    # The libraries are paid once, however many models are loaded.
    runtimes.runtime(manifest.runtime.name)
    if manifest.runtime.name == "sklearn":
        import sklearn.ensemble  # noqa: F401, PLC0415
    resource.setrlimit(resource.RLIMIT_AS, (_LIBRARIES_BYTES + memory_bytes,) * 2)
    before_bytes = _resident_bytes()
    started = time.perf_counter()
    model = runtimes.load(manifest.runtime.name, built.blobs["model"], manifest.schema)
    loaded = time.perf_counter()
    golden.replay(model, manifest)
    grown_bytes = max(0, _resident_bytes() - before_bytes)
    again = time.perf_counter()
    golden.replay(model, manifest)
    return Rehearsal(grown_bytes, (loaded - started) * 1e3, (time.perf_counter() - again) * 1e3)


def _main(folder: str, memory_bytes: str) -> int:
    try:
        measured = _perform(Path(folder), int(memory_bytes))
    except DasierError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    sys.stdout.write(f"\n{_MARK}{json.dumps(asdict(measured))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))

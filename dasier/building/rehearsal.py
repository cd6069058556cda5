"""A rehearsal: the built version is loaded and answers its golden records in a fresh process.

The process is held to what the serving image has: importing pandas fails in it. What does not
come through here would fail when it is served, and is refused now.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from dasier.errors import EstimatorUnsupported

_TIMEOUT_S = 300
_ABSENT = frozenset({"pandas", "matplotlib", "onnx", "skl2onnx"})


def rehearse(folder: Path) -> int:
    """Give how many bytes a process grows by when it loads a build and answers its golden records.

    Parameters
    ----------
    folder
        A `Built`, written.

    Raises
    ------
    EstimatorUnsupported
        If it does not load where pandas is absent, or answers otherwise than it did.
    """
    done = subprocess.run(  # noqa: S603 - this very module
        [sys.executable, "-m", "dasier.building.rehearsal", str(folder)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise EstimatorUnsupported(f"The built model does not answer in a fresh process: {lines[-1]}")
    return int(json.loads(done.stdout)["memory_bytes"])


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


def _main(folder: Path) -> None:
    sys.meta_path.insert(0, _Absence())
    from dasier import golden, runtimes  # noqa: PLC0415 - pandas is made absent first
    from dasier.built import Built  # noqa: PLC0415

    built = Built.read(folder)
    manifest = built.manifest
    # The library itself is paid once however many models are loaded.
    runtimes.runtime(manifest.runtime.name)
    if manifest.runtime.name == "sklearn":
        import sklearn.ensemble  # noqa: F401, PLC0415
    before = _resident_bytes()
    model = runtimes.load(manifest.runtime.name, built.blobs["model"], manifest.schema)
    golden.replay(model, manifest)
    sys.stdout.write(json.dumps({"memory_bytes": max(0, _resident_bytes() - before)}))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

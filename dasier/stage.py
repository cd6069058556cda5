"""What a rehearsal runs in its process: load the model, replay its golden records, answer rows, measure.

Started by `dasier.rehearsal` as ``python -m dasier.stage FOLDER MEMORY_BYTES``. At the top it imports
nothing but the standard library: what is absent where models are served is made so first.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib.abc import MetaPathFinder
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from dasier.errors import DasierError

if TYPE_CHECKING:
    from dasier.rows import Rows
    from dasier.runtimes import Model, Outputs

_ABSENT = frozenset({"pandas", "matplotlib", "onnx", "skl2onnx", "boto3"})
_LIBRARIES_BYTES = 4 * 1024**3
"""Address space that Python, numpy and a runtime map before any model: mostly reserved, not used."""

_WRITTEN_BYTES = 256 * 1024**2
"""How large any file of the process may grow: its answers, and what it prints."""

_ROWS_AT_ONCE = 4_096
"""Held-out rows are answered in parts, so that their number does not decide the memory."""

_TIMED_ANSWERS = 64
_TIMED_S = 2.0
"""One-row answers are timed so many times, but no longer than this."""

MARK = "dasier.stage: "
"""What stands before the figures, among all that a model may print."""
ROWS, ANSWERS = "rows.json", "answers.json"
REFUSED = 3
"""Exit status of a process that found out by itself that the version must not be served."""


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


def _perform(folder: Path, memory_bytes: int) -> dict[str, float]:
    sys.meta_path.insert(0, _Absence())
    from dasier import golden, runtimes  # noqa: PLC0415 - what must be absent is made so first
    from dasier.built import Built  # noqa: PLC0415
    from dasier.rows import from_columns, pointer_in  # noqa: PLC0415

    built = Built.read(folder)
    manifest = built.manifest
    # The libraries are paid once, however many models are loaded.
    runtimes.runtime(manifest.runtime.name)
    lazily = manifest.runtime.lazily
    if manifest.runtime.name == "sklearn":
        from dasier.runtimes.sklearn import import_library  # noqa: PLC0415

        import_library(lazily=lazily)
    asked, rows = folder / ROWS, None
    if asked.exists():
        rows = from_columns(manifest.schema, json.loads(asked.read_bytes()), pointer_in("#", by_column=True))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITTEN_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (_LIBRARIES_BYTES + memory_bytes,) * 2)
    before_bytes = _resident_bytes()
    started = time.perf_counter()
    model = runtimes.load(manifest.runtime.name, built.blobs["model"], manifest.schema, lazily=lazily)
    loaded = time.perf_counter()
    golden.replay(model, manifest)
    grown_bytes = max(0, _resident_bytes() - before_bytes)
    again = time.perf_counter()
    golden.replay(model, manifest)
    replayed = time.perf_counter()
    row_ms = _row_ms(model, golden.read_inputs(manifest.golden, manifest.schema))
    if rows is not None:
        (folder / ANSWERS).write_text(json.dumps(_answered(model, rows)), encoding="utf-8")
    return {
        "memory_bytes": grown_bytes,
        "load_ms": (loaded - started) * 1e3,
        "answer_ms": (replayed - again) * 1e3,
        "row_ms": row_ms,
    }


def _row_ms(model: Model, rows: Rows) -> float:
    """Give the time of an answer to one row: the median, since others use the machine too."""
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < _TIMED_ANSWERS and (not times or time.perf_counter() - began < _TIMED_S):
        one = rows.take([len(times) % len(rows)])
        started = time.perf_counter()
        model.predict(one)
        times.append((time.perf_counter() - started) * 1e3)
    return median(times)


def _answered(model: Model, rows: Rows) -> dict[str, Any]:
    """Give the answers to the rows in their order, without those that the model refuses, which are named."""
    from dasier import runtimes  # noqa: PLC0415 - as above

    told: dict[str, Any] = {"refused": []}
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows.take(slice(start, start + _ROWS_AT_ONCE))
        try:
            answers: Outputs | None = model.predict(part)
        except ValueError as error:  # as scikit-learn does for a row that the estimator was not made for
            said = str(error).partition("\n")[0][:200]
            told.setdefault("why", f"{type(error).__name__}: {said}")
            refused = runtimes.blamed(model, part, most=len(part))
            told["refused"] += [start + index for index in refused]
            rest = sorted(set(range(len(part))) - set(refused))
            answers = model.predict(part.take(rest)) if rest else None
        for name in ("predictions", "probabilities", "scores"):
            given = getattr(answers, name, None)
            if given is not None:
                told.setdefault(name, []).extend(given.tolist())
    return told


def _main(folder: str, memory_bytes: str) -> int:
    try:
        measured = _perform(Path(folder), int(memory_bytes))
    except DasierError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    sys.stdout.write(f"\n{MARK}{json.dumps(measured)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))

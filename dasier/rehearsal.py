"""A rehearsal: a version is loaded and answers its golden records in a process of its own.

The process may crash, hang, eat memory or print without end: its parent lives, and says what
happened. It is held to what the serving image has, so that importing pandas fails in it. What
does not come through here would fail when it is served. A build ends with one, and the gate
judges by one: it hands in the held-out rows, without their truth, and measures the answers itself.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dasier.errors import RehearsalFailed
from dasier.runtimes import Outputs
from dasier.stage import ANSWERS, MARK, REFUSED, ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.built import Built
    from dasier.schema import Schema

_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV"),
    *("LD_LIBRARY_PATH", "PYTHONPATH"),
)

_REASON = 300
"""Characters of what a model says for its refusal."""

_TAIL_BYTES = 64 * 1024
"""How much of what it printed is read: the end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rehearsal may take.

    Attributes
    ----------
    timeout_s : float
        From the start of the process to its last answer.
    memory_bytes : int
        What the model may take beside the libraries: twice what a function that serves keeps for all
        of its models (`DASIER_MODEL_BUDGET_MB`), and so little that the gate's function in
        `template.yaml` holds two rehearsals at once.
    """

    timeout_s: float = 60.0
    memory_bytes: int = 1024**3


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was measured.

    Attributes
    ----------
    memory_bytes : int
        What the process grew by when it loaded and answered.
    load_ms, answer_ms : float
        Loading, and answering all golden records once they had been answered before.
    row_ms : float
        Answering one row: the median of up to 64 answers.
    answers : Outputs or None
        To the rows that were handed in: finite, of the shapes that the schema says.
    refused : tuple of int
        The rows among them that have no answer, if that was allowed: `answers` are to the others.
    why : str
        What the model said of the first of them.
    """

    memory_bytes: int
    load_ms: float
    answer_ms: float
    row_ms: float
    answers: Outputs | None = None
    refused: tuple[int, ...] = ()
    why: str = ""


def bare_environment() -> dict[str, str]:
    """Give what a child needs of this process's environment, so that no credential or key is at hand in it.

    That limits an accident, not an attacker: a process can read more of its parent than its variables.
    """
    return {key: os.environ[key] for key in _KEPT if key in os.environ}


def rehearse(
    built: Built,
    limits: Limits = Limits(),
    *,
    rows: Mapping[str, list[Any]] | None = None,
    may_refuse: bool = False,
) -> Rehearsal:
    """Load a version and replay its golden records in a process of its own.

    Parameters
    ----------
    built : Built
    limits : Limits
    rows
        Column to cells of rows that fit the version's schema, to answer as well.
    may_refuse
        Whether it may leave rows unanswered, as it may refuse a caller's; held-out rows it must answer.

    Raises
    ------
    RehearsalFailed
        If it crashes, hangs, takes too much memory, does not load, or answers otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="dasier-rehearsal-") as name:
        folder = Path(name)
        _model_alone(built).write(folder)
        if rows is not None:
            (folder / ROWS).write_text(json.dumps(rows), encoding="utf-8")
        measured = _run(folder, limits)
        if measured.memory_bytes > limits.memory_bytes:
            raise RehearsalFailed("it took more memory than it may")
        if rows is None:
            return measured
        n_rows = max(map(len, rows.values()), default=0)
        found = _answers(folder / ANSWERS, n_rows, built.manifest.schema)
        if found.refused and not may_refuse:
            raise RehearsalFailed(
                f"it does not answer {len(found.refused)} of the held-out rows ({found.why})"
            )
        return replace(measured, answers=found.answers, refused=found.refused, why=found.why)


def _model_alone(built: Built) -> Built:
    """Leave out the cards, and the held-out rows with their truth: a model needs neither to answer."""
    described = replace(built.manifest, blobs={"model": built.manifest.blobs["model"]})
    return replace(built, manifest=described, blobs={"model": built.blobs["model"]})


def _run(folder: Path, limits: Limits) -> Rehearsal:
    # -P: the working directory is not on the path of what serves, so a module there must not help.
    command = [sys.executable, "-P", "-m", "dasier.stage", str(folder), str(limits.memory_bytes)]
    package = str(Path(__file__).resolve().parents[1])
    environment = bare_environment()
    path = os.pathsep.join(filter(None, [package, environment.get("PYTHONPATH")]))
    # Into files, of a limited size: what is printed without end would be the parent's memory in a pipe.
    with (folder / "printed").open("w+b") as printed, (folder / "said").open("w+b") as said:
        process = subprocess.Popen(  # noqa: S603 - a module of ours
            command,
            env=environment | {"PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            start_new_session=True,  # Ctrl-C at a terminal is no verdict against a version
        )
        try:
            status = process.wait(limits.timeout_s)
        except subprocess.TimeoutExpired as error:
            why = f"it gave no answer in {limits.timeout_s:g} s, and was stopped"
            raise RehearsalFailed(why) from error
        finally:
            # With all that it started: nothing of a version outlives its rehearsal.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status != 0:
        raise RehearsalFailed(_why(status, _tail(folder / "said")))
    return _measured(_tail(folder / "printed"))


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def _measured(printed: str) -> Rehearsal:
    """Give what the process measured; it may have ended early, however good its status, or printed more."""
    for line in reversed(printed.splitlines()):
        if line.startswith(MARK):
            with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
                told = json.loads(line.removeprefix(MARK))
                load_ms, answer_ms, row_ms = (
                    float(told[name]) for name in ("load_ms", "answer_ms", "row_ms")
                )
                if math.isfinite(load_ms + answer_ms + row_ms):
                    return Rehearsal(int(told["memory_bytes"]), load_ms, answer_ms, row_ms)
            break  # a model may print such a line too
    raise RehearsalFailed("its process ended before it had answered")


def _why(status: int, printed: str) -> str:
    last = (printed.strip().splitlines() or [""])[-1][:500]
    if status == REFUSED:
        return last
    if "MemoryError" in last or "bad_alloc" in last or "cannot allocate" in last.lower():
        return "it took more memory than it may"
    if "File too large" in last:
        return "it wrote more than it may"
    if status < 0:
        return f"its process died of {signal.Signals(-status).name}"
    return last or f"its process ended with status {status}"


class _Found(NamedTuple):
    """What the process answered."""

    answers: Outputs
    refused: tuple[int, ...]
    why: str


def _answers(path: Path, n_rows: int, schema: Schema) -> _Found:
    """Read what the process answered; it is as little to be trusted as the process."""
    import numpy as np  # noqa: PLC0415 - a process that only loads a model reads no answers

    try:
        found = json.loads(path.read_bytes())
        refused = {int(row) for row in found["refused"]} & set(range(n_rows))
        predictions = _labels(found.get("predictions", []))
        if schema.output.task == "regression":
            predictions = np.asarray(predictions, dtype=np.float64)
        numbers = {
            name: np.asarray(found[name], dtype=np.float64) if name in found else None
            for name in ("probabilities", "scores")
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise RehearsalFailed("its process ended before it had answered the held-out rows") from error
    answered = np.array([row for row in range(n_rows) if row not in refused], dtype=np.intp)
    n = len(answered)
    shapes = {"probabilities": (n, len(schema.output.classes)), "scores": (n,)}
    told = [(name, given) for name, given in numbers.items() if given is not None]
    if predictions.shape != (n,) or any(given.shape != shapes[name] for name, given in told):
        raise RehearsalFailed("it does not answer each of the held-out rows")
    kept = np.ones(n, dtype=bool)
    for given in [given for _, given in told] + ([predictions] if predictions.dtype.kind == "f" else []):
        kept &= np.isfinite(given).reshape(n, -1).all(axis=1)
    why = str(found.get("why", "it answers with what is no number"))[:_REASON]
    others = {name: given if given is None else given[kept] for name, given in numbers.items()}
    return _Found(Outputs(predictions[kept], **others), (*sorted(refused), *answered[~kept].tolist()), why)


def _labels(found: list[Any]) -> Any:
    import numpy as np  # noqa: PLC0415 - as above

    labels = np.empty(len(found), dtype=object)
    labels[:] = found
    return labels

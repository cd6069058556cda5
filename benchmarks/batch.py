"""A batch of a million rows: a job by one worker on one core, killed midway and gone on with, beside pandas and scikit-learn.

For each reference model on a runtime, in the same run:

- a job is worked on under a limit of 1,769 MB, and its worker is killed when half of the parts are there; another goes
  on. The results are compared with what the model answers directly;
- a job is worked on without a break, and ``pandas.read_csv`` with ``predict_proba`` runs on the same file, each in a
  process of its own on the same one core, in turns.

    .venv/bin/python benchmarks/batch.py --rows 1000000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dasier import layout  # noqa: E402
from dasier.jobs.job import Job, parts_of  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.serving.service import Service  # noqa: E402
from dasier.serving.settings import Settings  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402
from dasier.ulid import ulid  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd

    from benchmarks.reference.models import Reference

MEMORY_BYTES = 1_769 * 1024**2
CORE = 0
CHUNK_ROWS = 50_000
PEER = "pandas.read_csv and scikit-learn"


def main() -> None:
    """Measure."""
    reading = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reading.add_argument("--rows", type=int, default=1_000_000)
    reading.add_argument("--rounds", type=int, default=3)
    reading.add_argument("--models", nargs="+", default=["logistic", "forest", "penguins"])
    reading.add_argument("--runtime", default="arrays", choices=["arrays", "onnx"])
    reading.add_argument("--no-results", action="store_true", help="Print, and write nothing.")
    reading.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    told = reading.parse_args()
    if told.child:
        {"work": work, "peer": peer}[told.child[0]](*told.child[1:])
        return
    measure(told)


# --- what is measured, each in a process of its own ----------------------------------------------


def work(url: str, key: str, id_: str) -> None:
    """Do a job, within a function's memory, on one core."""
    from dasier.jobs.working import work as do  # noqa: PLC0415 (imports are part of it)

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logged = os.environ.get("DASIER_PREDICTION_LOG", "store")  # as in AWS
    settings = Settings(registry=url, trusted_keys=(key,), prediction_log=logged)
    service = Service(Registry(open_store(url), TrustedKeys.parse([key])), settings)
    if (state := do(service, id_, lambda: 900.0)) != "done":
        sys.exit(f"the job is {state}")
    _report()


def peer(file: str, model: str, results: str) -> None:
    """Do the same as people do: all rows in memory; written only if there is a place."""
    import pandas as pd  # noqa: PLC0415

    estimator = pickle.loads(Path(model).read_bytes())  # noqa: S301 (written below)
    rows = pd.read_csv(file)
    shares = estimator.predict_proba(rows)
    labels = estimator.classes_[shares.argmax(axis=1)]
    if results:
        told = pd.DataFrame(shares, columns=estimator.classes_)
        told.insert(0, "prediction", labels)
        told.to_csv(results, index_label="row")
    _report()


def _report() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Not `ru_maxrss`, which begins with what the process had that this one was forked from.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    memory_mb = int(peak[1]) / 1024 if peak else used.ru_maxrss / 1024
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "memory_mb": memory_mb}))


def child(*words: str) -> subprocess.Popen[str]:
    """Start one, on the one core."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, __file__, "--child", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, {CORE}),  # noqa: PLW1509 (no threads here)
    )


def timed(*words: str) -> dict[str, float]:
    """Give how long one took, from its start to its end, its processor time and its memory."""
    began_s = time.perf_counter()
    process = child(*words)
    said, _ = process.communicate()
    took_s = time.perf_counter() - began_s
    if process.returncode:
        sys.exit(f"{words} failed: {said}")
    return {"wall_s": took_s, **json.loads(said)}


# --- the comparison ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bench:
    """One model, published, and a file of rows for it."""

    url: str
    key: str
    name: str
    file: Path
    pickled: Path

    def job(self) -> str:
        """Give a new job over the file."""
        store = open_store(self.url)
        job = Job(id=ulid(), model=self.name, version=1)
        store.create(layout.job_document(job.id), job.written())
        place = Path(self.url.removeprefix("file://")) / layout.job_input(job.id)
        place.hardlink_to(self.file)
        return job.id


def prepared(reference: Reference, runtime: str, n_rows: int, folder: Path) -> Bench | None:
    """Publish a model and write its rows."""
    from benchmarks.reference.models import let_serve  # noqa: PLC0415 (scikit-learn)

    built = reference.built(runtime)
    if built is None:
        return None
    signer = LocalSigner(Ed25519PrivateKey.generate())
    url = f"file://{folder}/store"
    registry = Registry(open_store(url), TrustedKeys.parse([signer.public_key()]))
    name = let_serve(registry, built, signer)
    file, pickled = folder / "rows.csv", folder / "model.pickle"
    many(reference, n_rows).to_csv(file, index=False)
    pickled.write_bytes(pickle.dumps(reference.estimator, protocol=5))
    return Bench(url, signer.public_key(), name, file, pickled)


def many(reference: Reference, n_rows: int) -> pd.DataFrame:
    """Give rows like those that the model was trained on: drawn from them, the numbers moved a little."""
    generator = np.random.default_rng(7)
    rows = reference.table[reference.features]
    drawn = rows.iloc[generator.integers(0, len(rows), n_rows)].reset_index(drop=True)
    for name in drawn.select_dtypes("number"):
        moved = drawn[name] * generator.uniform(0.98, 1.02, n_rows)
        drawn[name] = moved.round(4)
    return drawn


def killed_and_finished(bench: Bench) -> dict[str, Any]:
    """Kill a job's worker when half is done, let another finish, and give how the results differ from direct ones."""
    store, id_ = open_store(bench.url), bench.job()
    half = bench.file.stat().st_size / 2
    first = child("work", bench.url, bench.key, id_)
    while not any(part.end >= half for part in parts_of(store, id_)):
        if first.poll() is not None:
            sys.exit("the worker ended before it was killed")
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = len(parts_of(store, id_))
    if store.exists(layout.job_end(id_)):
        sys.exit("the job was done before its worker was killed")
    began_s = time.perf_counter()
    again = timed("work", bench.url, bench.key, id_)
    return {
        "parts_left": left,
        "parts": len(parts_of(store, id_)),
        "resumed_s": time.perf_counter() - began_s,
        "memory_mb": again["memory_mb"],
        "different_rows": different(bench, id_),
    }


def different(bench: Bench, id_: str) -> int:
    """Give how many rows of a job's results are not what the model answers directly.

    Sums of products may differ in the last bit where blocks begin elsewhere, so probabilities may by 1e-15.
    """
    import pandas as pd  # noqa: PLC0415

    from dasier.building.frames import to_rows  # noqa: PLC0415

    settings = Settings(registry=bench.url, trusted_keys=(bench.key,))
    loaded = Service.open(settings).version(bench.name, 1)
    results = Path(bench.url.removeprefix("file://")) / layout.job_results(id_)
    keys = [f"probability_{key}" for key in loaded.manifest.schema.output.class_keys]
    wrong = seen = 0
    rows = pd.read_csv(bench.file, chunksize=CHUNK_ROWS)
    told = pd.read_csv(results, chunksize=CHUNK_ROWS)
    for asked, answered in zip(rows, told, strict=True):
        direct = loaded.model.predict(to_rows(asked, loaded.manifest.schema))
        same = answered["prediction"].to_numpy() == direct.predictions
        same &= (np.abs(answered[keys].to_numpy() - direct.probabilities) <= 1e-15).all(axis=1)
        same &= answered["row"].to_numpy() == np.arange(seen, seen + len(asked))
        wrong, seen = wrong + int((~same).sum()), seen + len(asked)
    return wrong


def measure(told: argparse.Namespace) -> None:
    from benchmarks.reference.models import references  # noqa: PLC0415 (scikit-learn)
    from benchmarks.reference.results import write  # noqa: PLC0415

    rows, figures = [], []
    for reference in references():
        if reference.name not in told.models:
            continue
        with tempfile.TemporaryDirectory() as folder:
            bench = prepared(reference, told.runtime, told.rows, Path(folder))
            if bench is None:
                continue
            found = {"model": bench.name, "rows": told.rows, "killed": killed_and_finished(bench)}
            runs: dict[str, list[dict[str, float]]] = {"job": [], "peer": [], "peer_written": []}
            for _ in range(told.rounds):
                runs["job"].append(timed("work", bench.url, bench.key, bench.job()))
                runs["peer"].append(timed("peer", str(bench.file), str(bench.pickled), ""))
                written = str(Path(folder) / "peer.csv")
                runs["peer_written"].append(timed("peer", str(bench.file), str(bench.pickled), written))
            found["runs"] = runs
            found["size_mb"] = bench.file.stat().st_size / 1024**2
        figures.append(found)
        rows.append(_row(found))
        print(" | ".join(rows[-1]), flush=True)
    header = [
        "model", "rows", "file", "job: time (processor)", f"{PEER}: time (processor)", "with to_csv", "ratio of processor time",
        "ratio with to_csv", "memory of the job", "memory of pandas", "killed at, finished in", "rows that differ",
    ]  # fmt: skip
    if not told.no_results:
        write("batch", "A batch, on one core", header, rows, figures)


def _row(found: dict[str, Any]) -> list[str]:
    runs, killed = found["runs"], found["killed"]

    def middle(which: str, what: str) -> float:
        return float(np.median([one[what] for one in runs[which]]))

    def shown(which: str) -> str:
        return f"{middle(which, 'wall_s'):.1f} s ({middle(which, 'cpu_s'):.1f} s)"

    ours = middle("job", "cpu_s")
    return [
        found["model"],
        f"{found['rows']:,}",
        f"{found['size_mb']:.0f} MB",
        *(shown(which) for which in ("job", "peer", "peer_written")),
        f"{middle('peer', 'cpu_s') / ours:.2f}",
        f"{middle('peer_written', 'cpu_s') / ours:.2f}",
        f"{middle('job', 'memory_mb'):.0f} MB",
        f"{middle('peer', 'memory_mb'):.0f} MB",
        f"part {killed['parts_left']} of {killed['parts']}, {killed['resumed_s']:.1f} s",
        str(killed["different_rows"]),
    ]


if __name__ == "__main__":
    main()

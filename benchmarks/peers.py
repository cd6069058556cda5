"""The Docker server's program beside what a user would pick instead, under the same load with the same model and rows.

`dasier serve` with all that it does (validation, signature, prediction log; and once more with the log off, since the
peers have none), MLServer, BentoML, LitServe, MLflow, vetiver, FastAPI and Flask with scikit-learn: each with one
worker, in an environment of its own (``benchmarks/reference/peers.toml``), written as its documentation advises
(``benchmarks/reference/peers/``). Every answer is compared with the estimator's before anything is timed, and holds the
right number while it is. Rounds are interleaved. The load is made by another process; an empty application
under the same server says what that load, the server and the system cost by themselves.

    .venv/bin/python benchmarks/peers.py --rounds 5 --seconds 2
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sklearn.base import clone

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.environments import OURS, environment, peers, size_mb  # noqa: E402
from benchmarks.reference.load import Load, measured  # noqa: E402
from benchmarks.reference.models import Reference, let_serve, references  # noqa: E402
from benchmarks.reference.processes import Program, Running, free_port, posted, running  # noqa: E402
from benchmarks.reference.results import write  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pandas as pd

MODELS = ("forest", "logistic")
CLIENTS = (1, 8)
SIZES = (1, 100)
LOGGED, UNLOGGED, NOTHING = "DASIER", "DASIER, log off", "an empty application"
PEERS = ROOT / "benchmarks" / "reference" / "peers"


@dataclass(frozen=True)
class Case:
    """A model, where every server finds it, and the rows that are asked for."""

    reference: Reference
    runtime: str
    work: Path
    keys: str

    def rows(self, size: int) -> pd.DataFrame:
        """Give rows of which the first is not a sure one: its number is worth looking for."""
        table = self.reference.held_out[self.reference.features]
        sure = np.abs(self.reference.estimator.predict_proba(table)[:, 0] - 0.5)
        order = np.argsort(sure, kind="stable")
        return table.iloc[order].head(size)


class Server:
    """One server: how it is started, what it is asked, and what is right.

    Parameters
    ----------
    name : str
        A peer's in ``peers.toml``, or one of our own.
    """

    def __init__(self, name: str, case: Case) -> None:
        self.name, self.case = name, case
        self.title = peers().get(name, {}).get("title", name)
        self.folder = environment(OURS if name in {LOGGED, UNLOGGED, NOTHING} else name)

    def start(self) -> AbstractContextManager[Running]:
        """Run it; it is there once it has answered rightly."""
        port = free_port()
        where = {"work": str(self.case.work), "peers": str(PEERS), "port": str(port)}
        command = [word.format(**where) for word in self._command()]
        command[0] = str(self.folder / "bin" / command[0])
        variables = os.environ | {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}
        variables |= {"PEER_WORK": where["work"], "BENTOML_DO_NOT_TRACK": "True"}
        if self.name == "mlserver":
            self._settings(port)
        if self.name in {LOGGED, UNLOGGED, NOTHING}:
            variables |= {"PYTHONPATH": str(ROOT), "DASIER_TRUSTED_KEYS": self.case.keys}
            variables |= {"DASIER_PREDICTION_LOG": "store" if self.name == LOGGED else "off"}
        log = self.case.work / f"{self.name.replace(' ', '_')}.log"
        folder = ROOT if "PYTHONPATH" in variables else self.case.work
        return running(Program(command, variables, folder, log), port, partial(self.is_right, port))

    def _command(self) -> list[str]:
        if self.name == NOTHING:
            options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error"]
            return [
                "python",
                "-m",
                "uvicorn",
                "benchmarks.reference.empty:application",
                "--port",
                "{port}",
                *options,
            ]
        if self.name in {LOGGED, UNLOGGED}:
            options = ["--port", "{port}", "--workers", "1", "--no-gate"]
            return ["python", "-m", "dasier", "serve", "--registry", "file://{work}/store", *options]
        return list(peers()[self.name]["command"])

    def _settings(self, port: int) -> None:
        """Write MLServer's two files; one inference worker is its default."""
        server = {
            "host": "127.0.0.1",
            "http_port": port,
            "grpc_port": free_port(),
            "metrics_port": free_port(),
        }
        model = {
            "name": "reference",
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": str(self.case.work / "model.joblib"), "version": "v1"},
        }
        (self.case.work / "settings.json").write_text(
            json.dumps(server | {"parallel_workers": 1, "debug": False})
        )
        (self.case.work / "model-settings.json").write_text(json.dumps(model))

    def asked(self, size: int) -> tuple[str, str]:
        """Give the path and the body for so many rows, in the form that its documentation shows."""
        table = self.case.rows(size)
        rows = table.to_numpy().tolist()
        if self.name == "mlserver":
            tensor = {"name": "predict", "shape": list(table.shape), "datatype": "FP64", "data": rows}
            document: Any = {"inputs": [tensor], "outputs": [{"name": "predict_proba"}]}
            return "/v2/models/reference/infer", json.dumps(document)
        if self.name == "mlflow":
            return "/invocations", json.dumps(
                {"dataframe_split": {"columns": list(table.columns), "data": rows}}
            )
        if self.name == "vetiver":
            return "/predict", table.to_json(orient="records", double_precision=15)
        paths = {
            LOGGED: f"/models/{self.case.reference.name}/predict",
            "fastapi-loop": "/predict-on-the-loop",
        }
        paths[UNLOGGED] = paths[LOGGED]
        return paths.get(self.name, "/predict"), json.dumps({"instances": rows})

    def is_right(self, port: int) -> bool:
        """Ask for one row: whether the answer is the estimator's."""
        path, body = self.asked(1)
        status, answer = posted(port, path, body.encode())
        return status == 200 and self._is_right(json.loads(answer), 1)

    def needle(self, port: int, size: int) -> str:
        """Check all rows of an answer; give what stands in every right answer.

        Raises
        ------
        RuntimeError
            If an answer is not right.
        """
        path, body = self.asked(size)
        status, answer = posted(port, path, body.encode())
        if status != 200 or not self._is_right(json.loads(answer), size):
            raise RuntimeError(f"{self.title} answers {status} {answer[:300]!r}")
        if self.name == NOTHING:
            return ""
        found = _answers(json.loads(answer))[0]
        text = found if isinstance(found, str) else json.dumps(found)
        if text.encode() not in answer:
            raise RuntimeError(f"{self.title}: {text} is not in {answer[:300]!r}")
        return text

    def _is_right(self, document: Any, size: int) -> bool:
        """Compare with scikit-learn: labels where it gives labels, else the first class's probabilities."""
        if self.name == NOTHING:
            return document == {}
        found = _answers(document)
        estimator, rows = self.case.reference.estimator, self.case.rows(size)
        if isinstance(found[0], str):
            return found == estimator.predict(rows).tolist()
        return len(found) == size and bool(
            np.allclose(found, estimator.predict_proba(rows)[:, 0], rtol=0, atol=1e-6)
        )


def _answers(document: Any) -> list[Any]:
    """Give each row's first probability, or its label, in whichever form a server answers."""
    if isinstance(document, list):  # BentoML
        return [row[0] for row in document]
    if "outputs" in document:  # the Open Inference Protocol, flat
        return list(document["outputs"][0]["data"][::2])
    if "predict" in document:  # vetiver
        return list(document["predict"])
    rows = document["probabilities"] if "probabilities" in document else document["predictions"]
    return [row["probabilities"]["benign"] if isinstance(row, dict) else row[0] for row in rows]


def prepared(reference: Reference, work: Path) -> Case:
    """Put a model where each server looks for it."""
    work.mkdir()
    built = reference.built()
    if built is None:
        raise RuntimeError(f"{reference.name} cannot be built")
    signer = LocalSigner(Ed25519PrivateKey.generate())
    registry = Registry(open_store(f"file://{work}/store"), TrustedKeys.parse([signer.public_key()]))
    let_serve(registry, built, signer)
    train = reference.table.iloc[len(reference.table) // 4 :]
    # Fitted without names for those who are sent bare numbers: scikit-learn would warn of each request.
    features = train[reference.features]
    unnamed = clone(reference.estimator).fit(features.to_numpy(), train[reference.target].to_numpy())
    joblib.dump(unnamed, work / "model.joblib")
    named = {"model": reference.estimator, "prototype": features.head(1)}
    joblib.dump(named, work / "named.joblib")
    python = environment("mlflow") / "bin" / "python"
    made = subprocess.run(
        [str(python), str(PEERS / "mlflow_model.py"), str(work)],
        cwd=work,
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise RuntimeError(made.stderr[-1_000:])
    return Case(reference, built.manifest.runtime.name, work, signer.public_key())


def started(servers: Sequence[Server], rounds: int) -> dict[str, list[float]]:
    """Give the seconds from spawning each server to its first right answer, in turns."""
    times: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in range(rounds + 1):
        for server in servers:
            with server.start() as one:
                if number:  # the first fills the system's caches
                    times[server.name].append(one.first_answer_s)
    return times


def loaded(
    servers: Sequence[Server], rounds: int, seconds: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Give what came of each load, and the memory of each server when it was warm."""
    found: list[dict[str, Any]] = []
    with ExitStack() as stack:
        ports = {server.name: stack.enter_context(server.start()) for server in servers}
        loads: dict[tuple[str, int], Load] = {}
        for server in servers:
            for size in SIZES:
                port = ports[server.name].port
                path, body = server.asked(size)
                load = Load(port, path, body, server.needle(port, size), 1, min(seconds, 0.5))
                measured(load)
                loads[server.name, size] = load
        # Of every server at the same moment, asked alike: one worker with one model, warm.
        memory = {server.name: ports[server.name].memory_mb() for server in servers}
        for number in range(rounds):
            for size in SIZES:
                for clients in CLIENTS:
                    for server in servers:
                        one = ports[server.name]
                        load = Load(
                            **asdict(loads[server.name, size]) | {"clients": clients, "seconds": seconds}
                        )
                        before_s = one.cpu_s()
                        came = measured(load)
                        cpu_us = 1e6 * (one.cpu_s() - before_s) / came.requests
                        told = {"server": server.name, "clients": clients, "rows": size, "round": number}
                        found.append(told | asdict(came) | {"load_cpu_us": came.cpu_us, "cpu_us": cpu_us})
    return found, memory


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="The Docker server's program beside its peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each load")
    parser.add_argument("--only", nargs="*", default=(), help="peers to ask; all by default")
    parser.add_argument("--no-write", action="store_true", help="print only: for trying things out")
    options = parser.parse_args()
    names = [
        LOGGED,
        UNLOGGED,
        *(name for name in peers() if not options.only or name in options.only),
        NOTHING,
    ]
    figures: dict[str, Any] = {
        "rounds": options.rounds,
        "seconds": options.seconds,
        "workers": 1,
        "models": {},
    }
    for name in {*names, OURS} - {LOGGED, UNLOGGED, NOTHING}:
        environment(name)
    with tempfile.TemporaryDirectory(prefix="dasier-peers-") as folder:
        for reference in references():
            if reference.name not in MODELS:
                continue
            case = prepared(reference, Path(folder) / reference.name)
            servers = [Server(name, case) for name in names]
            starts = started(servers, options.rounds)
            loads, memory = loaded(servers, options.rounds, options.seconds)
            figures["models"][reference.name] = {
                "runtime": case.runtime,
                "started": starts,
                "loads": loads,
                "memory": memory,
            }
    ours_mb = sum(file.stat().st_size for file in (ROOT / "dasier").rglob("*.py")) / 1e6
    figures["package_mb"] = {
        peers().get(name, {}).get("title", name): size_mb(environment(name))
        for name in names
        if name in peers()
    } | {LOGGED: size_mb(environment(OURS)) + ours_mb}
    tell(figures, names, keep=not options.no_write)
    return 0


def tell(figures: dict[str, Any], names: Sequence[str], *, keep: bool) -> None:
    """Print the table, and keep it."""
    header = ("model", "rows", "clients", "server", "requests/s", "median ms", "p99 ms", "CPU µs a request")
    rows = []
    for model, found in figures["models"].items():
        for size in SIZES:
            for clients in CLIENTS:
                for name in names:
                    own = [
                        one
                        for one in found["loads"]
                        if (one["server"], one["rows"], one["clients"]) == (name, size, clients)
                    ]
                    rows.append((model, str(size), str(clients), _title(name), *_told(own)))
    still = [
        (
            model,
            _title(name),
            _spread(found["started"][name], 3),
            f"{found['memory'][name]['rss']:.0f}",
            f"{found['memory'][name]['pss']:.0f}",
        )
        for model, found in figures["models"].items()
        for name in names
    ]
    second = ("model", "server", "spawn → first right answer, s", "RSS MB, warm", "PSS MB, warm")
    packages = [
        (name, f"{size:.0f}") for name, size in sorted(figures["package_mb"].items(), key=lambda one: one[1])
    ]
    title = f"The server beside its peers, one worker each, {figures['rounds']} rounds of {figures['seconds']:g} s"
    more = ((second, still), (("environment", "packages, MB"), packages))
    write("peers", title, header, rows, figures, more=more, keep=keep)


def _told(own: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    rate = _spread([one["rate"] for one in own], 0)
    return (rate, *(f"{statistics.median(one[key] for one in own):,.2f}" for key in ("median_ms", "p99_ms")),
            f"{statistics.median(one['cpu_us'] for one in own):,.0f}")  # fmt: skip


def _spread(values: Sequence[float], digits: int) -> str:
    """Give a median with the least and the most."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def _title(name: str) -> str:
    return str(peers().get(name, {}).get("title", name))


if __name__ == "__main__":
    sys.exit(main())

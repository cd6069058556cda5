"""Every estimator of scikit-learn that predicts: built, published, judged, served, and compared with itself.

Each is fitted with its defaults on data that suits it (``benchmarks/reference/estimators.py``), assembled as any
version is, published into a registry of its own, judged by the gate, and asked through the handler for every held-out row.
What it answers is compared with the fitted estimator's own answers. ``docs/estimators.md`` is written from it, without times.

    .venv/bin/python benchmarks/estimators.py                # all
    .venv/bin/python benchmarks/estimators.py SVC Ridge      # some, and the page stays as it is
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.estimators import (  # noqa: E402
    DATA,
    NO_ANSWER_FOR_NEW_ROWS,
    Estimator,
    estimators,
    given,
)
from benchmarks.reference.models import let_serve  # noqa: E402
from benchmarks.reference.results import write  # noqa: E402
from dasier import gate, runtimes  # noqa: E402
from dasier.building.assembling import assemble  # noqa: E402
from dasier.building.frames import to_rows  # noqa: E402
from dasier.building.one_answer import of_one_target  # noqa: E402
from dasier.building.parity import prove  # noqa: E402
from dasier.building.probes import Probes  # noqa: E402
from dasier.errors import DasierError  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.runtimes import Outputs  # noqa: E402
from dasier.serving.exchange import handler as lambda_handler  # noqa: E402
from dasier.serving.service import Service  # noqa: E402
from dasier.serving.settings import Settings  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402
from functions.predict import ROUTES  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dasier.building.trained import Trained
    from dasier.built import Built
    from dasier.rows import Rows

PAGE = ROOT / "docs" / "estimators.md"
PREDICT = "/models/{name}/predict"
ONE_ROW_TIMES = 30
PICKLE_FREE = ("arrays", "onnx")


@dataclass(frozen=True)
class Found:
    """What became of one estimator.

    ``outcome`` is ``served``, ``refused`` (by the build, in ``why``), ``failed`` (what a build let through did not
    serve, or answered wrongly) or ``not fitted``.
    """

    name: str
    outcome: str
    why: str = ""
    runtime: str = ""
    proved: tuple[str, ...] = ()
    deviation: float = 0.0
    gate: str = ""
    size_bytes: int = 0
    load_ms: float = 0.0
    row_us: float = 0.0
    own_row_us: float = 0.0


def main() -> int:
    """Run, print and write; fail where a version is served that should not be, or is not served that was fitted."""
    parser = argparse.ArgumentParser(description="Every estimator of scikit-learn, built and served.")
    parser.add_argument("names", nargs="*", help="only these")
    names = set(parser.parse_args().names)
    found = []
    for one in estimators():
        if not names or one.name in names:
            with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # of convergence and of what is deprecated: defaults are defaults
                found.append(tried(one, Path(folder)))
            print(f"{one.name}: {found[-1].outcome} {found[-1].runtime} {found[-1].why}", file=sys.stderr)
    header = (
        "estimator",
        "outcome",
        "runtime",
        "proved",
        "deviation",
        "gate",
        "size",
        "load",
        "one row",
        "its own",
    )
    title = f"Every estimator of scikit-learn: {summary(found)}"
    if names:
        print("\n".join(" | ".join(_figures(one)) for one in found))
    else:
        write("estimators", title, header, [_figures(one) for one in found], [asdict(one) for one in found])
        PAGE.write_text(page(found), encoding="utf-8")
    unexpected = [
        one
        for one in found
        if one.outcome == "failed" or (one.outcome == "refused" and one.name not in NO_ANSWER_FOR_NEW_ROWS)
    ]
    return int(bool(unexpected))


def tried(one: Estimator, folder: Path) -> Found:
    """Give what becomes of an estimator on its whole way."""
    try:
        trained = one.trained()
    except (DasierError, TypeError, ValueError) as error:
        return Found(one.name, "not fitted", _first_line(error))
    try:
        built = assemble(trained)
    except DasierError as error:
        return Found(one.name, "refused", _first_line(error))
    try:
        return _served(one.name, trained, built, folder)
    except (DasierError, AssertionError) as error:
        return Found(one.name, "failed", _first_line(error))


def _served(name: str, trained: Trained, built: Built, folder: Path) -> Found:
    signer = LocalSigner(Ed25519PrivateKey.generate())
    url = f"file://{folder}"
    registry = Registry(open_store(url), TrustedKeys.parse([signer.public_key()]))
    let_serve(registry, built, signer)
    verdict = gate.judge(registry, built.manifest.name, 1)
    service = Service(registry, Settings(registry=url, trusted_keys=(signer.public_key(),)))
    rows = to_rows(trained.held_out, built.manifest.schema)
    began_s = time.perf_counter()
    runtimes.load(built.manifest.runtime.name, built.blobs["model"], built.manifest.schema)
    load_s = time.perf_counter() - began_s
    through = _Served(service, built)
    own = _Own(trained)
    parity = prove(own, through, Probes({"held_out": rows}), tolerance=1e-6)
    failed = [rule["detail"] for rule in verdict["rules"] if not rule["passed"]]
    described = built.manifest.runtime
    wrong = parity.failure or "; ".join(failed)
    return Found(
        name,
        "failed" if wrong else "served",
        why=wrong or "; ".join(f"{r['runtime']}: {r['reason']}" for r in described.refused),
        runtime=described.name,
        proved=tuple(sorted(described.costs)) or (described.name,),
        deviation=max(parity.deviations.values(), default=0.0),
        gate="passed" if verdict["passed"] else "failed",
        size_bytes=len(built.blobs["model"]),
        load_ms=load_s * 1e3,
        row_us=_row_us(through.loaded, rows),
        own_row_us=_row_us(own, rows),
    )


class _Served:
    """The version, asked through the handler in JSON."""

    def __init__(self, service: Service, built: Built) -> None:
        self._name, self._schema = built.manifest.name, built.manifest.schema
        self._handle = lambda_handler(ROUTES, serve=lambda: service)
        self.loaded = service.serving(self._name).model

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row."""
        event = {
            "resource": PREDICT,
            "path": PREDICT.replace("{name}", self._name),
            "httpMethod": "POST",
            "headers": {"content-type": "application/json"},
            "queryStringParameters": None,
            "pathParameters": {"name": self._name},
            "requestContext": {"requestId": "id", "identity": {}},
            "body": json.dumps({"instances": _cells(rows)}),
            "isBase64Encoded": False,
        }
        answer = self._handle(event, None)
        if answer["statusCode"] != 200:
            raise AssertionError(answer["body"][:300])
        told = json.loads(answer["body"])["predictions"]
        output = self._schema.output
        predictions = np.array([one["prediction"] for one in told])
        probabilities = scores = None
        if output.probabilities:
            labels = [str(label) for label in output.classes]
            probabilities = np.array([[one["probabilities"][label] for label in labels] for one in told])
        if "score" in told[0]:
            scores = np.array([one["score"] for one in told])
        return Outputs(predictions, probabilities, scores)


def _cells(rows: Rows) -> list[dict[str, Any]]:
    columns = {column.name: rows.column(column.name).tolist() for column in rows.schema.columns}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


class _Own:
    """The fitted estimator on its own DataFrame."""

    def __init__(self, trained: Trained) -> None:
        self._trained = trained

    def predict(self, rows: Rows) -> Outputs:
        """Answer the held-out rows, or one."""
        frame = self._trained.held_out[self._trained.features].iloc[: len(rows)]
        estimator, task = self._trained.estimator, self._trained.task
        predictions = np.asarray(estimator.predict(frame)).ravel()
        probabilities = scores = None
        if task == "classification" and hasattr(estimator, "predict_proba"):
            probabilities = np.asarray(of_one_target(estimator).predict_proba(frame))
        if task == "anomaly_detection":
            scores = np.asarray(estimator.decision_function(frame)).ravel()
        return Outputs(predictions, probabilities, scores)


def _row_us(model: Any, rows: Rows) -> float:
    one = rows.take([0])
    times = []
    for _ in range(ONE_ROW_TIMES):
        began_s = time.perf_counter()
        model.predict(one)
        times.append(time.perf_counter() - began_s)
    return median(times) * 1e6


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


# --- told -----------------------------------------------------------------------------------------------


def summary(found: Sequence[Found]) -> str:
    """Give the counts that STANDARDS.md asks for."""
    able = [one for one in found if one.name not in NO_ANSWER_FOR_NEW_ROWS and one.outcome != "not fitted"]
    served = [one for one in able if one.outcome == "served"]
    free = [one for one in served if set(one.proved) & set(PICKLE_FREE)]
    on_arrays = [one for one in served if "arrays" in one.proved]
    return (
        f"{len(served)} of {len(able)} that can answer for new rows are served, {len(free)} without pickle, "
        f"{len(on_arrays)} of them as arrays"
    )


def _figures(one: Found) -> tuple[str, ...]:
    if one.outcome != "served":
        return (one.name, one.outcome, "", "", one.why, "", "", "", "", "")
    return (
        one.name,
        one.outcome,
        one.runtime,
        ", ".join(one.proved),
        f"{one.deviation:.1g}",
        one.gate,
        f"{one.size_bytes / 1024:,.1f} kB",
        f"{one.load_ms:.1f} ms",
        f"{one.row_us:,.0f} µs",
        f"{one.own_row_us:,.0f} µs",
    )


_PAGE = """# Every estimator of scikit-learn

Written by `benchmarks/estimators.py`, which fits, builds, publishes, judges and serves each of them and compares every answer
of the handler with the estimator's own; sizes and times are in [benchmarks/results/estimators.md](../benchmarks/results/estimators.md).
`tests/building/test_every_estimator.py` holds that it is still true.

With defaults, on data that suits it: {summary}. On `arrays` and `onnx` nothing is unpickled; where both are proved equal to
the estimator, a build takes what starts and answers in less time. "Equal" means to the bit; else the largest difference of held-out rows
is below the bound that is told (absolute for probabilities, relative for everything else).

| estimator | on | runtimes | answers | why not the others |
|---|---|---|---|---|
{rows}

## What they were fitted on

| data | what it is |
|---|---|
{data}

Three quarters of the rows are fitted on. `random_state` is 0 where there is one. What has no default, or refuses every table with it, was given:

| estimator | given |
|---|---|
{given}

Those that are made for several targets are fitted on one, as a table of one column: a version answers one question.
"""


def page(found: Sequence[Found]) -> str:
    """Give the page: nothing in it changes from run to run or with the machine."""
    by_name = {one.name: one for one in estimators()}
    return _PAGE.format(
        summary=summary(found),
        rows="\n".join(_line(one, by_name[one.name]) for one in found),
        data="\n".join(f"| {name} | {data.about} |" for name, data in DATA.items()),
        given="\n".join(f"| {name} | {text} |" for name, text in given().items()),
    )


def _line(one: Found, tried_on: Estimator) -> str:
    if one.outcome != "served":
        return f"| {one.name} | {tried_on.data} | – | {one.outcome} | {_told(one.why)} |"
    bounds = ((0.0, "equal"), (1e-12, "1e-12"), (1e-9, "1e-9"), (1e-6, "1e-6"))
    answers = next(text for bound, text in bounds if one.deviation <= bound)
    return f"| {one.name} | {tried_on.data} | {', '.join(f'`{name}`' for name in one.proved)} | {answers} | {_why_not(one)} |"


def _why_not(one: Found) -> str:
    """Give why a pickle-free runtime was refused, of those that no graph or arrays of another precision mend."""
    reasons = dict(reason.partition(": ")[::2] for reason in reversed(one.why.split("; ")) if ": " in reason)
    return _told(
        "; ".join(
            f"`{name}`: {reasons[name]}" for name in PICKLE_FREE if name in reasons and name not in one.proved
        )
    )


def _told(why: str) -> str:
    return why.replace("|", "/")[:160]


if __name__ == "__main__":
    sys.exit(main())

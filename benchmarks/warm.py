"""Warm answers: from an event to a response, in process, beside the bare runtime and beside scikit-learn.

For each reference model on each runtime, in turns: one row with and without the prediction log; 1, 100, 1,000 and
10,000 rows in each wire format; scikit-learn's bare ``predict_proba``, and ``pandas.read_csv`` with it for CSV; and what
orjson needs to decode the same JSON records and to encode them again, with nothing in between.

    .venv/bin/python benchmarks/warm.py --rounds 15

On a machine that others use, ``--cpu`` counts the processor's time instead, with one thread for everything.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.models import Reference, let_serve, references  # noqa: E402
from benchmarks.reference.results import spread, told, write  # noqa: E402
from dasier.building.frames import to_rows  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.runtimes import NAMES  # noqa: E402
from dasier.serving.exchange import handler as lambda_handler  # noqa: E402
from dasier.serving.formats import oip_binary  # noqa: E402
from dasier.serving.prediction_log import Lines  # noqa: E402
from dasier.serving.service import Service  # noqa: E402
from dasier.serving.settings import Settings  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402
from functions.predict import ROUTES  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.built import Built

RECORDS = "JSON records"
PEER, CSV_PEER = "scikit-learn, bare", "pandas.read_csv and scikit-learn"
JSON_PEER = "orjson, decoding and encoding the same records"
PREDICT, INVOCATIONS, INFER = (
    "/models/{name}/predict",
    "/models/{name}/invocations",
    "/v2/models/{name}/infer",
)
JSON = {"content-type": "application/json"}
SIZES = (1, 100, 1_000, 10_000)
ONE_ROW_TIMES = 200
"""One row takes microseconds: so many are timed together."""


@dataclass(frozen=True)
class Way:
    """One way to answer n rows."""

    model: str
    rows: int
    how: str
    ask: Callable[[], Any]


class Context:
    """What Lambda hands to a function: there are 30 s left."""

    aws_request_id = "id"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="Warm answers, beside the bare runtime and scikit-learn.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cpu", action="store_true", help="count the processor's time of one thread")
    parser.add_argument("--models", nargs="*", help="of the reference models only these")
    asked = parser.parse_args()
    rounds, clock = asked.rounds, time.process_time if asked.cpu else time.perf_counter
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1 if asked.cpu else None):
        chosen = [one for one in references() if one.name in (asked.models or [one.name])]
        ways = [way for reference in chosen for way in _ways(reference, Path(folder))]
        times: dict[Way, list[float]] = {way: [] for way in ways}
        for way in ways:
            way.ask()
        for _ in range(rounds):
            for way in ways:
                times[way].append(_timed(way, clock))
    found = {way: spread(seconds) for way, seconds in times.items()}
    rows = [_row(way, found) for way in ways]
    header = (
        "model",
        "rows",
        "how",
        "time",
        "rows a second",
        "over the bare call",
        "that over orjson's time",
        "times faster than scikit-learn",
    )
    figures = [{"model": way.model, "rows": way.rows, "how": way.how, **found[way]} for way in ways]
    measured = ", processor time of one thread" if asked.cpu else ""
    write("warm", f"Warm answers in process, {rounds} rounds{measured}", header, rows, figures)
    return 0


def _timed(way: Way, clock: Callable[[], float]) -> float:
    times = ONE_ROW_TIMES if way.rows == 1 else 1
    began_s = clock()
    for _ in range(times):
        way.ask()
    return (clock() - began_s) / times


def _row(way: Way, found: dict[Way, dict[str, float]]) -> tuple[str, ...]:
    """Give a line: what is over the bare call of the same runtime, and the peers of the same input."""
    own = found[way]["median"]
    beside = {
        one.how: found[one]["median"] for one in found if (one.model, one.rows) == (way.model, way.rows)
    }
    runtime, _, form = way.how.partition(": ")
    peer = beside[CSV_PEER if "CSV" in form else PEER]
    ratio = f"{peer / own:,.2f}" if form else ""
    beyond = own - beside[f"{runtime}: bare"] if form and form != "bare" else None
    over = "" if beyond is None else f"{beyond * 1e6:,.0f} µs"
    times = f"{beyond / beside[JSON_PEER]:,.2f}" if beyond is not None and form == RECORDS else ""
    unit = "µs" if own < 0.01 else "ms"
    rate = f"{way.rows / own:,.0f}"
    return way.model, f"{way.rows:,}", way.how, told(found[way], unit=unit), rate, over, times, ratio


def _ways(reference: Reference, folder: Path) -> list[Way]:
    """Give every way to answer rows of a reference model."""
    built = {runtime: reference.built(runtime) for runtime in NAMES}
    services = {name: _service(one, folder) for name, one in built.items() if one is not None}
    ways: list[Way] = []
    for size in SIZES:
        table = reference.table[reference.features]
        frame = pd.concat([table] * -(-size // len(table))).iloc[:size].reset_index(drop=True)
        csv, records = frame.to_csv(index=False), _records(frame).encode()
        peers = {
            PEER: partial(reference.estimator.predict_proba, frame),
            CSV_PEER: lambda csv=csv: reference.estimator.predict_proba(pd.read_csv(io.StringIO(csv))),
            JSON_PEER: lambda body=records: orjson.dumps(orjson.loads(body)),
        }
        ways += [Way(reference.name, size, how, ask) for how, ask in peers.items()]
        for runtime, service in services.items():
            model = f"{reference.name}-{runtime}"
            loaded = service.serving(model)
            bare = partial(loaded.model.predict, to_rows(frame, loaded.manifest.schema))
            asks: dict[str, Callable[[], Any]] = {"bare": bare}
            for form, resource, headers, body in _forms(frame, csv):
                asks[form] = _asking(service, _event(model, resource, headers, body))
            if size == 1:
                one = _event(model, PREDICT, JSON, _records(frame))
                logging = Service(
                    service.registry, service.settings, prediction_log=Lines((folder / "log").open("wb"))
                )
                asks["JSON records, logged"] = _asking(logging, one)
                asks["JSON records, with a deadline"] = _asking(service, one, Context())
            ways += [Way(reference.name, size, f"{runtime}: {form}", ask) for form, ask in asks.items()]
    return ways


def _service(built: Built, folder: Path) -> Service:
    signer = LocalSigner(Ed25519PrivateKey.generate())
    url = f"file://{folder / built.manifest.name}"
    registry = Registry(open_store(url), TrustedKeys.parse([signer.public_key()]))
    let_serve(registry, built, signer)
    settings = Settings(
        registry=url, trusted_keys=(signer.public_key(),), body_limit_bytes=10**9, answer_limit_bytes=10**9
    )
    return Service(registry, settings)


def _records(frame: pd.DataFrame) -> str:
    return f'{{"instances": {frame.to_json(orient="records")}}}'


def _forms(frame: pd.DataFrame, csv: str) -> list[tuple[str, str, dict[str, str], str | bytes]]:
    """Give the rows in each wire format: its name, its route, headers and body."""
    columns = {name: json.loads(frame[name].to_json(orient="values")) for name in frame.columns}
    tensors = [
        {"name": name, "shape": [len(frame)], "datatype": _datatype(frame, name), "data": cells}
        for name, cells in columns.items()
    ]
    split = f'{{"dataframe_split": {frame.to_json(orient="split", index=False)}}}'
    head, tail = _binary(frame)
    octets = {"content-type": oip_binary.MEDIA_TYPE, oip_binary.HEADER: str(len(head))}
    forms: list[tuple[str, str, dict[str, str], str | bytes]] = [
        (RECORDS, PREDICT, JSON, _records(frame)),
        ("JSON arrays", PREDICT, JSON, f'{{"instances": {frame.to_json(orient="values")}}}'),
        ("JSON columns", PREDICT, JSON, json.dumps({"inputs": columns})),
        ("CSV", PREDICT, {"content-type": "text/csv"}, csv),
        ("MLflow's split", INVOCATIONS, JSON, split),
        ("OIP tensors", INFER, JSON, json.dumps({"inputs": tensors})),
        ("OIP binary tensors", INFER, octets, head + tail),
    ]
    if "BYTES" not in [_datatype(frame, name) for name in frame.columns]:
        cells = frame.to_numpy().ravel().tolist()
        matrix = {"name": "rows", "shape": list(frame.shape), "datatype": "FP64", "data": cells}
        forms.append(("OIP matrix", INFER, JSON, json.dumps({"inputs": [matrix]})))
    return forms


def _datatype(frame: pd.DataFrame, name: str) -> str:
    return "BYTES" if frame[name].dtype == object else "FP64"


def _binary(frame: pd.DataFrame) -> tuple[bytes, bytes]:
    """Give the JSON and the octets of binary tensors; a missing text, which they cannot say, is another one."""
    inputs, tail = [], []
    for name in frame.columns:
        datatype = _datatype(frame, name)
        cells = frame[name].ffill().bfill().to_numpy() if datatype == "BYTES" else frame[name].to_numpy()
        raw = oip_binary.encoded(cells, None if datatype == "BYTES" else np.dtype("<f8"))
        tail.append(raw)
        said = {"name": name, "shape": [len(frame)], "datatype": datatype}
        inputs.append(said | {"parameters": {"binary_data_size": len(raw)}})
    return json.dumps({"inputs": inputs}).encode(), b"".join(tail)


def _asking(service: Service, event: dict[str, Any], context: Any = None) -> Callable[[], Any]:
    """Give what asks once, after seeing that it is answered."""
    handle = lambda_handler(ROUTES, serve=lambda: service)
    answer = handle(event, context)
    if answer["statusCode"] != 200:
        raise SystemExit(f"{event['resource']}: {str(answer)[:500]}")
    return partial(handle, event, context)


def _event(name: str, resource: str, headers: dict[str, str], body: str | bytes) -> dict[str, Any]:
    text = isinstance(body, str)
    return {
        "resource": resource,
        "path": resource.replace("{name}", name),
        "httpMethod": "POST",
        "headers": headers,
        "queryStringParameters": None,
        "pathParameters": {"name": name},
        "requestContext": {"requestId": "id", "identity": {}},
        "body": body if text else base64.b64encode(body).decode(),
        "isBase64Encoded": not text,
    }


if __name__ == "__main__":
    sys.exit(main())

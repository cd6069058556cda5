"""Cold start: from spawning the process to the first right answer, under Lambda's runtime interface emulator.

Each runtime against the usual Lambda (``benchmarks/reference/usual.py``), and against one that does nothing, all with
their model in the same S3 on this machine (moto); what runs on scikit-learn with imports put off and with all of them.
Rounds are interleaved. What is told as a ratio is the median of the usual Lambda over that of the runtime. Needs the
emulator, which comes out of a wheel of PyPI.

The functions run in an environment of their own that has what the image has, and boto3: where pandas is installed
scikit-learn imports it, and every start that imports scikit-learn would look the slower for it.

    .venv/bin/python benchmarks/cold_start.py --rounds 11
"""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import joblib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.models import Reference, let_serve, references  # noqa: E402
from benchmarks.reference.results import spread, told, write  # noqa: E402
from dasier.registry import Registry  # noqa: E402
from dasier.runtimes import NAMES  # noqa: E402
from dasier.signing import LocalSigner, TrustedKeys  # noqa: E402
from dasier.store import open_store  # noqa: E402
from tests.e2e.rungs.emulator import emulator  # noqa: E402
from tests.e2e.rungs.over_http import free_port  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.built import Built

BUCKET = "models"
MEASURED = ("forest", "logistic", "histograms")
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Start:
    """A function to start, what to ask it, and what it must answer."""

    name: str
    handler: str
    environment: dict[str, str]
    event: dict[str, Any]
    expected: float | None
    python: Path

    def run(self) -> float:
        """Give the seconds until the first right answer."""
        invoked, runtime = free_port(), free_port()
        command = [
            *(str(emulator()), "--runtime-interface-emulator-address", f"127.0.0.1:{invoked}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime}"),
            *(str(self.python), "-m", "awslambdaric", self.handler),
        ]
        began_s = time.perf_counter()
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            command, cwd=ROOT, env=os.environ | self.environment, stdout=quiet, stderr=quiet
        ) as process:
            try:
                answer = asked(invoked, json.dumps(self.event).encode())
                took_s = time.perf_counter() - began_s
            finally:
                process.terminate()
        self.check(answer)
        return took_s

    def check(self, answer: dict[str, Any]) -> None:
        if answer.get("statusCode") != 200:
            raise SystemExit(f"{self.name}: {answer}")
        if self.expected is None:
            return
        found = probability(json.loads(answer["body"]))
        if abs(found - self.expected) > 1e-6:
            raise SystemExit(f"{self.name} answers {found}, not {self.expected}")


def probability(document: dict[str, Any]) -> float:
    """Give the first class's probability in the usual Lambda's answer or in ours."""
    first = document["probabilities"][0] if "probabilities" in document else document["predictions"][0]
    if isinstance(first, list):
        return float(first[0])
    return float(first["probabilities"]["benign"])


def asked(port: int, body: bytes) -> dict[str, Any]:
    """Give the answer to an event, asked as soon as somebody listens."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", body)
            return dict(json.loads(connection.getresponse().read()))
        except ConnectionRefusedError:
            time.sleep(0.001)
        finally:
            connection.close()
    raise SystemExit("nothing answers")


def event(reference: Reference, name: str) -> dict[str, Any]:
    """Give API Gateway's event for one held-out row."""
    row = reference.held_out[reference.features].iloc[0].to_dict()
    return {
        "resource": "/models/{name}/predict",
        "path": f"/models/{name}/predict",
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"name": name},
        "requestContext": {"requestId": "id", "identity": {}, "stage": "prod", "httpMethod": "POST"},
        "body": json.dumps({"instances": [row]}),
        "isBase64Encoded": False,
    }


def image() -> Path:
    """Give the interpreter of an environment with what the image has, and boto3; all of it compiled."""
    folder = ROOT / ".envs" / "image"
    wanted = ("sync", "--quiet", "--locked", "--no-default-groups", "--no-install-project")
    extras = ("--extra", "serve", "--extra", "lambda", "--extra", "aws")
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder)}
    uv = (
        str(ROOT / ".tools" / "bin" / "uv"),
        *wanted,
        "--compile-bytecode",
        "--python",
        sys.executable,
        *extras,
    )
    subprocess.run(uv, cwd=ROOT, env=environment, check=True)
    return folder / "bin" / "python"


def starts(url: str, work: Path) -> list[Start]:
    """Publish everything, and give what is to be started."""
    aws = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    s3 = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106 (moto asks for any)
        region_name="us-east-1",
    )
    s3.create_bucket(Bucket=BUCKET)
    signer = LocalSigner(Ed25519PrivateKey.generate())
    key = signer.public_key()
    address = f"s3://{BUCKET}/registry"
    registry = Registry(open_store(address, environment=aws), TrustedKeys.parse([key]))
    ours = aws | {"DASIER_REGISTRY": address, "DASIER_TRUSTED_KEYS": key}
    python = image()
    found = [Start("nothing", "benchmarks.reference.empty.handler", aws, {}, None, python)]
    for reference in references():
        if reference.name not in MEASURED:
            continue
        row = reference.held_out[reference.features].iloc[:1]
        expected = float(reference.estimator.predict_proba(row)[0, 0])
        file = work / f"{reference.name}.joblib"
        joblib.dump(reference.estimator, file)
        s3.upload_file(str(file), BUCKET, file.name)
        usual = aws | {"MODEL_BUCKET": BUCKET, "MODEL_KEY": file.name, "MODEL_FILE": str(work / "fetched")}
        found.append(
            Start(
                f"{reference.name} usual",
                "benchmarks.reference.usual.handler",
                usual,
                event(reference, "m"),
                expected,
                python,
            )
        )
        for how, built in builds(reference):
            name = let_serve(registry, built, signer)
            asked_for = event(reference, name)
            found.append(
                Start(
                    f"{reference.name} {how}", "functions.predict.handler", ours, asked_for, expected, python
                )
            )
    return found


def builds(reference: Reference) -> Iterator[tuple[str, Built]]:
    """Give a model built for each runtime that can hold it; for `sklearn` as it was built, and with all imports."""
    for runtime in NAMES:
        built = reference.built(runtime)
        if built is None:
            continue
        told = built.manifest
        if not told.runtime.lazily:
            yield runtime, built
            continue
        yield f"{runtime}, imports put off", built
        eager = replace(told, name=f"{told.name}-eager", runtime=replace(told.runtime, lazily=False))
        yield f"{runtime}, all imports", replace(built, manifest=eager)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="Cold start of each runtime against the usual Lambda.")
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as work:
            host, port = server.get_host_and_port()
            everything = starts(f"http://{host}:{port}", Path(work))
            times: dict[str, list[float]] = {one.name: [] for one in everything}
            for one in everything:
                one.run()  # compiles what is not compiled yet, and fills the system's caches
            for _ in range(rounds):
                for one in everything:
                    times[one.name].append(one.run())
    finally:
        server.stop()
    figures = {name: spread(found) for name, found in times.items()}
    rows = []
    for name, found in figures.items():
        model, _, how = name.partition(" ")
        usual = figures.get(f"{model} usual")
        ratio = f"{usual['median'] / found['median']:.1f}" if usual and how != "usual" else ""
        rows.append((model, how or "an empty handler", told(found), ratio))
    header = ("model", "how", "spawned → first right answer", "times faster than the usual Lambda")
    write("cold_start", f"Cold start, {rounds} rounds", header, rows, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())

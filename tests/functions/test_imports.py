"""What the path of a prediction costs a cold start: nothing that it does not use."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.functions.events import RECORDED
from tests.published import Published

HEAVY = (
    "boto3",
    "botocore",
    "pandas",
    "sklearn",
    "scipy",
    "joblib",
    "matplotlib",
    "jinja2",
    "yaml",
    "flask",
    "joserfc",
    "authlib",
    "onnx",
)

PROGRAM = """
import json, sys
from functions.{module} import handler
answer = handler(json.load(open(sys.argv[1])), None)
heavy = sorted(set(sys.argv[2].split(",")) & set(sys.modules))
print(json.dumps([answer["statusCode"], heavy]))
"""


def _run(published, module, event):
    environment = os.environ | {
        "DASIER_REGISTRY": published.url,
        "DASIER_TRUSTED_KEYS": published.signer.public_key(),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module), RECORDED / f"{event}.json", ",".join(HEAVY)],
        capture_output=True,
        text=True,
        env=environment,
        cwd=RECORDED.parents[2],
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    published = Published(url=f"file://{tmp_path_factory.mktemp('registry')}")
    published.publish("birds")
    published.publish("pumps")
    return published


@pytest.mark.parametrize("event", ["predict", "predict_csv", "invocations", "infer_binary", "ready"])
def test_answering_from_an_onnx_model_imports_nothing_heavy(folder, event):
    assert _run(folder, "predict", event) == [200, []]


@pytest.mark.parametrize("event", ["models", "model", "card", "openapi"])
def test_the_catalogue_loads_no_model(folder, event):
    assert _run(folder, "catalog", event) == [200, []]

"""Other people's clients, as they come, get right answers from a running server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dasier.local.server import Server, address, listen
from tests.contracts.forms import tensors
from tests.e2e.environments import Unavailable, python
from tests.published import expected, frame, records, trained

CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture(scope="module")
def url(api):
    bound = listen("127.0.0.1", 0, option="--api-port")
    server = Server(api.published.gateway, bound)
    server.start()
    yield address(bound)
    server.stop()


def _rows():
    rows = frame("birds", slice(0, 30))
    return rows[rows.notna().all(axis=1)].head(8)


def _ask(environment, script, url):
    try:
        interpreter = python(environment)
    except Unavailable as reason:
        pytest.skip(f"{environment}: no environment for it can be made here: {reason}")
    columns = [{k: one[k] for k in ("name", "datatype", "data")} for one in tensors("birds", _rows())]
    asked = {"url": url, "name": "birds", "columns": columns, "records": records(_rows())}
    done = subprocess.run(
        [interpreter, CLIENTS / script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_tritonclient_gets_right_answers(url):
    told = _ask("tritonclient", "tritonclient_http.py", url)

    assert told["predict"] == expected("birds", _rows())
    assert np.allclose(told["predict_proba"], trained("birds").estimator.predict_proba(_rows()), atol=1e-6)
    assert (told["live"], told["ready"], told["not ready"]) == (True, True, False)
    assert told["inputs"] == list(_rows().columns)
    assert told["id"] == "mine"
    assert "missing" in told["error"]


def test_kserves_client_gets_right_answers(url):
    told = _ask("kserve", "kserve_rest.py", url)

    assert told["json"] == told["binary"] == expected("birds", _rows())
    assert (told["live"], told["ready"]) == (True, True)


def test_mlflows_client_gets_right_answers(url):
    told = _ask("mlflow", "mlflow_scoring.py", url)

    assert told["frame"] == told["params"] == expected("birds", _rows())


def test_vetiver_gets_right_answers(url):
    told = _ask("vetiver", "vetiver_predict.py", url)

    shares = np.array([list(one.values()) for one in told["probabilities"]])
    assert told["frame"] == expected("birds", _rows())
    assert told["series"] == expected("birds", _rows())[:1]
    assert np.allclose(shares, trained("birds").estimator.predict_proba(_rows()), atol=1e-6)
    assert "missing" in told["error"]

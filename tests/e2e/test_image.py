"""What is in the image, and how the server in it behaves: `docker run IMAGE serve`, as SageMaker starts it."""

from __future__ import annotations

import json
import time

import pytest

from dasier.local.events import scheduled
from tests.contracts.forms import TABLES
from tests.e2e.docker import container, docker, image, open_to_all, wait_for
from tests.e2e.rungs import over_http
from tests.e2e.rungs.image import STORE, environment, no_image
from tests.published import expected, frame

pytestmark = pytest.mark.xdist_group("docker")

LARGEST_BYTES = 380_000_000
ABSENT = ("pandas", "boto3", "botocore", "matplotlib", "onnx", "skl2onnx", "flask", "pytest", "rich")


@pytest.fixture(scope="module")
def name():
    """Give the image's name."""
    reason = no_image()
    if reason:
        pytest.skip(f"the image: {reason}")
    return image()


@pytest.fixture(scope="module")
def store(prepared, tmp_path_factory):
    """Give models that the container's user may read and write."""
    here = prepared.copy(tmp_path_factory.mktemp("image") / "store")
    open_to_all(here.folder)
    return here


@pytest.fixture(scope="module")
def server(name, store):
    """Give a server with a default model."""
    settings = environment(store) | {"DASIER_DEFAULT_MODEL": "birds", "SERVE_WORKERS": "2"}
    with container(name, "serve", environment=settings, volumes={store.folder: STORE}) as running:
        wait_for(running, "/ping")
        yield running


def inside(name, program, *options):
    """Give the lines that a shell program prints in the image."""
    return docker(
        "run", "--rm", *options, "--network", "none", "--entrypoint", "sh", name, "-euc", program
    ).splitlines()


def test_it_is_no_larger_than_promised(name):
    assert int(docker("image", "inspect", "--format", "{{.Size}}", name)) <= LARGEST_BYTES


def test_what_only_building_the_site_or_tests_need_is_not_in_it(name):
    packages = {line.lower() for line in inside(name, "ls /opt/venv/lib/python3*/site-packages")}

    assert "onnxruntime" in packages
    assert not packages & set(ABSENT)


def test_what_signs_in_whoever_asks_is_not_in_it(name):
    assert inside(
        name, "find /opt -path '*local/provider*'; ls /opt/dasier/dasier/local | grep -c gateway.py"
    ) == ["1"]


def test_no_tests_headers_or_certificates_of_the_build_are_in_it(name):
    found = inside(
        name,
        "find /opt -type d '(' -name tests -o -name include ')'; find /opt -name '*.h'; find / -xdev -name certificates.pem",
        *("--user", "0"),  # nothing is hidden from it
    )

    assert found == []


def test_every_module_is_compiled_and_its_bytes_are_not_compared_with_the_source(name):
    program = """python - <<'END'
import importlib.util, pathlib
for path in pathlib.Path("/opt").rglob("*.py"):
    made = pathlib.Path(importlib.util.cache_from_source(str(path)))
    if not made.exists() or made.read_bytes()[4:8] != b"\\1\\0\\0\\0":
        print(path)
END"""

    assert inside(name, program) == []


def test_it_runs_as_nobody_s_user_and_reports_nothing_to_anybody(name):
    user, telemetry = inside(name, 'id -u; echo "$ORT_DISABLE_TELEMETRY"')

    assert (user, telemetry) == ("10001", "1")


@pytest.mark.parametrize("target", ["/ping", "/healthz", "/v2/health/ready"])
def test_the_server_tells_that_it_is_ready(server, target):
    assert over_http.ask(server.url, "GET", target, {}, b"").status == 200


@pytest.mark.parametrize(("form", "kind"), [("text/csv", "text/csv"), ("instances", "application/json")])
def test_the_default_model_answers_invocations_at_the_root(server, form, kind):
    rows = frame("birds")
    body = TABLES[form](rows)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    answer = over_http.ask(server.url, "POST", "/invocations", {"content-type": kind}, content)

    assert answer.status == 200, answer.body
    assert json.loads(answer.body) == {"predictions": expected("birds", rows)}


def test_docker_finds_the_server_healthy(server):
    end_s = time.monotonic() + 60
    while (state := docker("inspect", "--format", "{{.State.Health.Status}}", server.id)) == "starting":
        assert time.monotonic() < end_s
        time.sleep(0.5)

    assert state == "healthy"


def test_a_server_that_is_told_to_stop_ends_in_time_and_cleanly(name, store):
    with container(
        name, "serve", environment=environment(store) | {"SERVE_WORKERS": "2"}, volumes={store.folder: STORE}
    ) as running:
        wait_for(running, "/healthz")

        began_s = time.monotonic()
        docker("stop", "--time", "20", running.id)

        assert time.monotonic() - began_s < 15
        assert docker("inspect", "--format", "{{.State.ExitCode}}", running.id) == "0"
        assert "Traceback" not in running.said


def test_the_gate_judges_in_a_container_that_can_write_nothing_but_tmp_and_the_store(
    name, prepared, tmp_path
):
    from dasier.local.emulated import emulated
    from tests.e2e.rungs.handlers import TEMPLATE
    from tests.published import built

    release = next(one for one in TEMPLATE.functions if one.name == "ReleaseFunction")
    store = prepared.copy(tmp_path / "store")
    store.registry().publish(built("cells"), store.signer)
    open_to_all(store.folder)
    with container(
        name, release.handler, environment=environment(store), volumes={store.folder: STORE}
    ) as running:
        wait_for(running, "/")

        told = emulated([release], f"ReleaseFunction={running.url}").call(
            release, scheduled(), request_id="1"
        )

    assert told == {"judged": 1, "passed": 1}

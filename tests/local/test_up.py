"""`dasier up` as a process, with functions and a site of the tests' own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PENGUINS = Path(__file__).parents[2] / "model_builds" / "penguins"
TEMPLATE = """
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: local}}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      ImageConfig: {Command: [functions.echo.handler]}
      Timeout: 29
      Events: {All: {Type: Api, Properties: {Path: "/{proxy+}", Method: any}}}
  Judge:
    Type: AWS::Serverless::Function
    Properties:
      ImageConfig: {Command: [functions.judge.handler]}
      Events:
        Published: {Type: S3, Properties: {Filter: {S3Key: {Rules: [{Name: suffix, Value: .manifest.json}]}}}}
        Sweep: {Type: Schedule, Properties: {Schedule: rate(5 minutes)}}
"""
ECHO = """
import os
def handler(event, context):
    return {"statusCode": 200, "body": os.environ["DASIER_REGISTRY"]}
"""
JUDGE = """
import json, pathlib
def handler(event, context):
    with pathlib.Path("events.jsonl").open("a") as file:
        file.write(json.dumps(event) + "\\n")
"""
SITE = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"site")
    def log_message(self, *_): pass
port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("127.0.0.1", port), Page).serve_forever()
"""
SLOW_RECIPE = """
import pathlib, time
pathlib.Path("building").touch()
time.sleep(60)
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "__init__.py").touch()
    (tmp_path / "functions" / "echo.py").write_text(ECHO)
    (tmp_path / "functions" / "judge.py").write_text(JUDGE)
    (tmp_path / "webapp").mkdir()
    (tmp_path / "webapp" / "__init__.py").touch()
    (tmp_path / "webapp" / "__main__.py").write_text(SITE)
    (tmp_path / "model_builds").mkdir()
    return tmp_path


@contextlib.contextmanager
def _up(project, *options):
    command = [sys.executable, "-m", "dasier", "up", "--api-port", "0", "--site-port", "0", *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DASIER_")}
    with (project / "stderr").open("w") as errors:
        process = subprocess.Popen(
            command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def _until(line_holds, process):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line_holds in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def _get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def _wait_for(path: Path):
    end_s = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end_s, f"{path} never came"
        time.sleep(0.02)


def _is_free(url):
    host, port = re.fullmatch(r"http://(.+):(\d+)", url).groups()
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def _end(process, number):
    process.send_signal(number)
    return process.wait(20)


def _errors(project):
    return (project / "stderr").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_api_and_site_answer_until_a_signal_and_nothing_is_left(project, number):
    with _up(project) as process:
        told = _until("Ctrl-C", process)
        api, site = (re.search(rf"{name} +(http://\S+)", told)[1] for name in ("API", "Site"))
        answers = _get(f"{api}/anything"), _get(site)
        status = _end(process, number)

    assert answers == (f"file://{project}/.dasier/store", "site")
    assert status == 0, _errors(project)
    assert "Traceback" not in _errors(project)
    assert _is_free(api)
    assert _is_free(site)


def test_what_is_published_while_it_runs_wakes_the_function(project):
    with _up(project, "--no-site", "--data", "data") as process:
        _until("Ctrl-C", process)
        (project / "events.jsonl").unlink()
        versions = project / "data" / "store" / "models" / "wine" / "versions"
        versions.mkdir(parents=True)
        (versions / "000001.manifest.json").write_text("{}")
        _wait_for(project / "events.jsonl")
        _end(process, signal.SIGTERM)

    assert "models/wine/versions/000001.manifest.json" in (project / "events.jsonl").read_text()


def test_a_signal_while_models_are_built_ends_the_builders_too(project):
    recipe = project / "model_builds" / "penguins"
    shutil.copytree(PENGUINS, recipe)
    (recipe / "recipe.py").write_text(SLOW_RECIPE)

    with _up(project, "--no-site") as process:
        _wait_for(project / "building")
        status = _end(process, signal.SIGTERM)

    assert status == 0, _errors(project)
    assert "Traceback" not in _errors(project)
    assert not _alive(project)


def _alive(folder):
    """Say whether a process works in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found.append((process / "cwd").resolve() == folder)
    return any(found)


@pytest.mark.parametrize("option", ["--api-port", "--site-port"])
def test_a_port_that_is_taken_is_named_with_its_option(project, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with _up(project, option, str(taken.getsockname()[1])) as process:
            status = process.wait(20)

    assert status == 1
    assert f"another with {option}" in _errors(project)
    assert "Traceback" not in _errors(project)


def test_a_site_that_does_not_start_ends_everything(project):
    (project / "webapp" / "__main__.py").write_text("raise SystemExit('no site today')")

    with _up(project) as process:
        status = process.wait(30)

    assert status == 1
    assert "no site today" in _errors(project)
    assert "Traceback" not in _errors(project)


ISSUER = """
import os
def handler(event, context):
    return {"statusCode": 200, "body": os.environ.get("DASIER_OIDC_ISSUER", "nobody")}
"""


def test_people_sign_in_at_a_provider_of_this_machine_that_api_and_site_are_told_of(project):
    (project / "functions" / "echo.py").write_text(ISSUER)
    told_site = SITE.replace('b"site"', 'os.environ["DASIER_OIDC_ISSUER"].encode()').replace(
        "import ", "import os, ", 1
    )
    (project / "webapp" / "__main__.py").write_text(told_site)

    with _up(project) as process:
        told = _until("Ctrl-C", process)
        api, site = (re.search(rf"{name} +(http://\S+)", told)[1] for name in ("API", "Site"))
        issuer = _get(f"{api}/anything")
        described = json.loads(_get(f"{issuer}/.well-known/openid-configuration"))
        of_the_site = _get(site)
        status = _end(process, signal.SIGTERM)

    assert described["issuer"] == issuer == of_the_site
    assert issuer.startswith("http://127.0.0.1:")
    assert "sign in there as Olga (operator)" in told
    assert (status, _is_free(issuer)) == (0, True)


@pytest.mark.parametrize("options", [("--no-site",), ("--no-site", "--host", "0.0.0.0")])  # noqa: S104
def test_without_a_site_nobody_signs_in(project, options):
    (project / "functions" / "echo.py").write_text(ISSUER)

    with _up(project, *options) as process:
        api = re.search(r"API +(http://\S+)", _until("Ctrl-C", process))[1]

        assert _get(f"{api}/anything") == "nobody"


def test_who_asks_over_the_network_chooses_nobody_to_be():
    from dasier.local.up import Options, _people

    assert _people(Options(root=Path(), recipes=Path(), data=Path(), host="0.0.0.0"), 8080) is None  # noqa: S104


def test_a_provider_that_is_configured_is_the_one_that_signs_in(project, monkeypatch):
    from dasier.local.up import Options, _people

    monkeypatch.setenv("DASIER_OIDC_ISSUER", "https://people.example")

    assert _people(Options(root=Path(), recipes=Path(), data=Path()), 8080) is None

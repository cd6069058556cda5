"""The site as a process: what it needs to start, what it imports, how it stops."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import urllib3

from dasier.errors import SettingsInvalid
from tests.webapp.conftest import SECRET
from webapp import Settings

if TYPE_CHECKING:
    from tests.webapp.fake_api import FakeApi

READY_S = 20.0


def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("DASIER_")}
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, **environment},
    )


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def wait_until_up(port: int) -> None:
    http = urllib3.PoolManager(retries=False)
    until = time.monotonic() + READY_S
    while True:
        try:
            http.request("GET", f"http://127.0.0.1:{port}/healthz", timeout=1)
        except urllib3.exceptions.HTTPError:
            assert time.monotonic() < until, "the site did not start"
        else:
            http.clear()
            return


def test_it_serves_until_it_is_told_to_stop_and_prints_nothing(api: FakeApi) -> None:
    port = free_port()
    site = run("-m", "webapp", "--api", api.url, "--port", str(port))

    wait_until_up(port)
    page = urllib3.request("GET", f"http://127.0.0.1:{port}/").data.decode()
    site.send_signal(signal.SIGTERM)
    printed = site.communicate(timeout=READY_S)

    assert "Penguin species" in page
    assert site.returncode == 0
    assert printed == ("", "")


def test_it_ends_with_the_process_that_started_it(api: FakeApi) -> None:
    port = free_port()
    start = (
        "import subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-m', 'webapp', '--api', '{api.url}', '--port', '{port}', '--with-parent']);"
        "time.sleep(60)"
    )
    parent = run("-c", start)

    wait_until_up(port)
    parent.kill()
    parent.communicate(timeout=READY_S)  # until the site has closed the pipes that it shares

    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("GET", f"http://127.0.0.1:{port}/healthz", retries=False)


def test_a_port_that_is_taken_is_said_in_one_line(api: FakeApi) -> None:
    port = api.url.rpartition(":")[2]

    site = run("-m", "webapp", "--api", api.url, "--port", port)
    _out, error = site.communicate(timeout=READY_S)

    assert site.returncode == 1
    assert re.fullmatch(rf"webapp: cannot listen on 127.0.0.1:{port}: .*\n", error)


def test_listening_for_others_needs_a_secret_and_host_names() -> None:
    site = run("-m", "webapp", "--api", "http://127.0.0.1:1", "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    _out, error = site.communicate(timeout=READY_S)

    assert site.returncode == 1
    assert "DASIER_SITE_SECRET" in error
    assert "DASIER_SITE_HOSTS" in error


def test_a_deployment_without_settings_lists_everything_that_is_missing() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        Settings.read({"DASIER_SITE_SECRET": "short"})

    assert [problem.split()[0] for problem in caught.value.problems] == [
        "DASIER_API_URL", "DASIER_SITE_SECRET", "DASIER_SITE_HOSTS",
    ]  # fmt: skip


def test_a_deployment_takes_its_settings_from_the_environment() -> None:
    settings = Settings.read(
        {
            "DASIER_API_URL": "https://api.example.org/prod",
            "DASIER_API_KEY": "a-key",
            "DASIER_SITE_SECRET": SECRET,
            "DASIER_SITE_HOSTS": "example.org, www.example.org",
        }
    )

    assert settings.hosts == ("example.org", "www.example.org")
    assert settings.plain_http is False


@pytest.mark.parametrize(("secret", "outcome"), [(SECRET, "200"), ("", "SettingsInvalid")])
def test_a_wsgi_server_gets_the_site_or_a_clear_no(api: FakeApi, secret: str, outcome: str) -> None:
    script = (
        "from werkzeug.test import Client; from webapp.wsgi import app;"
        "print(Client(app).get('/', base_url='https://example.org').status_code)"
    )

    printed, error = run(
        "-c", script, DASIER_API_URL=api.url, DASIER_SITE_HOSTS="example.org", DASIER_SITE_SECRET=secret
    ).communicate(timeout=READY_S)

    assert outcome in printed + error


def test_a_local_site_makes_its_own_secret_unless_it_is_given_one() -> None:
    made = [Settings.for_local("http://127.0.0.1:1", {}).secret for _ in range(2)]
    given = Settings.for_local("http://127.0.0.1:1", {"DASIER_SITE_SECRET": SECRET}).secret

    assert made[0] != made[1]
    assert given == SECRET


def test_the_site_imports_nothing_that_trains_or_serves() -> None:
    script = (
        "import sys, webapp, webapp.__main__; from webapp import create_app, Settings;"
        "create_app(Settings.for_local('http://127.0.0.1:1', {})).test_client().get('/nowhere');"
        "heavy = {'numpy', 'pandas', 'scipy', 'sklearn', 'onnxruntime', 'joblib', 'boto3', 'obstore', 'matplotlib'};"
        "ours = {m for m in sys.modules if m.startswith('dasier.')};"
        "print(sorted(heavy & set(sys.modules)), sorted(ours))"
    )

    printed, error = run("-W", "error", "-c", script).communicate(timeout=READY_S)

    assert error == ""
    assert printed.startswith("[] ")
    words = {
        "dasier.words",
        *(f"dasier.words.{name}" for name in ("releases", "reports", "rules", "verdicts")),
    }
    allowed = {"dasier.client", "dasier.errors", "dasier.schema", "dasier.spreadsheets"} | words
    ours = set(re.findall(r"'(dasier\.[\w.]+)'", printed))
    assert {name for name in ours if not name.startswith("dasier.client.")} == allowed

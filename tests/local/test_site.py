"""The site as a child of `dasier up`: how it is started, and how it ends."""

from __future__ import annotations

import json
import socket
import time

import pytest

from dasier.local.site import Site, SiteOptions

WEBAPP = """
import json, os, pathlib, sys, time
told = {name: value for name, value in os.environ.items() if name.startswith("DASIER_SITE")}
pathlib.Path("told.part").write_text(json.dumps([sys.argv[1:], told]))
pathlib.Path("told.part").rename("told")
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Give what starts a site that writes down how it was started, and gives what it wrote."""
    (tmp_path / "webapp.py").write_text(WEBAPP)
    for name in ("DASIER_SITE_HOSTS", "DASIER_SITE_PLAIN_HTTP"):
        monkeypatch.delenv(name, raising=False)
    started = []

    def start(host):
        site = Site(SiteOptions(api="http://127.0.0.1:1", host=host, port=2, secret="s" * 32), tmp_path)
        started.append(site)
        end_s = time.monotonic() + 30
        while site.alive and not (tmp_path / "told").exists() and time.monotonic() < end_s:
            time.sleep(0.02)
        return site, *json.loads((tmp_path / "told").read_text())

    yield start
    for site in started:
        site.stop()


def test_on_loopback_it_is_told_where_to_listen_and_nothing_of_other_names(start):
    site, arguments, told = start("127.0.0.1")

    assert arguments == ["--with-parent", "--api", "http://127.0.0.1:1", "--host", "127.0.0.1", "--port", "2"]
    assert told == {"DASIER_SITE_SECRET": "s" * 32}
    assert site.alive


def test_on_the_network_it_answers_to_the_names_of_this_machine_over_plain_http(start):
    _, _, told = start("0.0.0.0")  # noqa: S104

    hosts = told["DASIER_SITE_HOSTS"].split(",")
    assert {"localhost", "127.0.0.1", socket.gethostname()} <= set(hosts)
    assert "0.0.0.0" not in hosts  # noqa: S104
    assert told["DASIER_SITE_PLAIN_HTTP"] == "1"


def test_what_is_set_for_it_wins(start, monkeypatch):
    monkeypatch.setenv("DASIER_SITE_HOSTS", "models.example")

    _, _, told = start("192.0.2.7")

    assert told["DASIER_SITE_HOSTS"] == "models.example"


def test_it_ends_when_it_is_told_to(start):
    site, _, _ = start("127.0.0.1")

    site.stop()

    assert not site.alive

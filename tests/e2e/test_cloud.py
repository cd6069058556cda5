"""The offline cloud beside its API: the site in it, the limits of its containers, and that it lacks no function."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.rungs import over_http
from tests.e2e.rungs.cloud import CloudRung
from tests.e2e.rungs.handlers import TEMPLATE

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "compose.yaml").read_text())["services"]


@pytest.fixture
def cloud(reached):
    """Give the running offline cloud."""
    return reached(CloudRung())


def test_each_function_of_the_template_has_a_container_that_the_gateway_and_the_events_find():
    commands = {str(service.get("command")): name for name, service in COMPOSE.items()}
    places = dict(
        place.split("=") for place in COMPOSE["gateway"]["environment"]["DASIER_FUNCTIONS"].split(",")
    )

    for function in TEMPLATE.functions:
        assert places[function.name] == f"http://{commands[function.handler]}:8080"
    assert COMPOSE["events"]["environment"] == COMPOSE["gateway"]["environment"]


@pytest.mark.parametrize("name", sorted(set(COMPOSE) - {"localstack"}))
def test_each_container_is_held_to_little_and_open_to_this_machine_alone(name):
    service = COMPOSE[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.xdist_group("docker")
def test_the_site_shows_each_model_in_french_to_who_reads_french(cloud):
    home = over_http.ask(cloud.site, "GET", "/", {}, b"")
    page = over_http.ask(cloud.site, "GET", "/models/pumps", {"accept-language": "fr"}, b"")

    assert (home.status, page.status) == (200, 200)
    assert set(re.findall(r'href="/models/(\w+)"', home.body.decode())) == {
        "birds",
        "cells",
        "houses",
        "pumps",
    }
    assert "Pumps (fr)" in page.body.decode()


@pytest.mark.xdist_group("docker")
def test_a_function_that_fails_is_an_error_to_the_caller_and_the_next_call_is_answered(cloud):
    # Over Lambda's 6 MB, which the gateway passes on and the function refuses.
    large = over_http.ask(
        cloud.url, "POST", "/models/pumps/predict", {"content-type": "application/json"}, b" " * 7_000_000
    )
    after = over_http.ask(cloud.url, "GET", "/healthz", {}, b"")

    assert large.status >= 400
    assert json.loads(large.body)["status"] == large.status
    assert after.status == 200

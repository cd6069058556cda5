"""The offline cloud beside its API: the site in it, the limits of its containers, and that it lacks no function."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from dasier import predictions
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
def test_a_body_that_is_too_large_is_refused_and_the_next_call_is_answered(cloud):
    # Over Lambda's 6 MB, which the gateway passes on and the function refuses.
    large = over_http.ask(
        cloud.url, "POST", "/models/pumps/predict", {"content-type": "application/json"}, b" " * 7_000_000
    )
    after = over_http.ask(cloud.url, "GET", "/healthz", {}, b"")

    assert large.status >= 400
    assert json.loads(large.body)["status"] == large.status
    assert after.status == 200


@pytest.mark.xdist_group("docker")
def test_a_prediction_is_logged_in_the_bucket_where_the_gate_looks_for_it(cloud):
    row = cloud.registry.manifest("pumps", 1).schema.example()
    answer = over_http.ask(
        cloud.url,
        "POST",
        "/models/pumps/predict",
        {"content-type": "application/json"},
        json.dumps({"instances": [row]}).encode(),
    )
    wanted = json.loads(answer.body)["prediction_id"]

    end_s = time.monotonic() + 60
    found = None
    while found is None and time.monotonic() < end_s:
        since = datetime.now(UTC) - timedelta(minutes=5)
        records = predictions.read(cloud.registry.store, "pumps", since=since)
        found = next((record for record in records if record.id == wanted), None)
        time.sleep(0.5)

    assert found is not None
    assert (found.version, found.errors, found.rows) == (1, 0, 1)

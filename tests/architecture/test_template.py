from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from dasier import layout
from dasier.local.template import read_template

ROOT = Path(__file__).parents[2]
TEMPLATE = read_template(ROOT / "template.yaml")
JOB = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PUBLIC = {"/", "/healthz", "/openapi.json", "/v2/health/live", "/v2/health/ready"}
"""What answers without a key."""
NOWHERE = {"/{proxy+}", "/jobs", "/v2/health", "/v2/models", "/v2/models/{name}/versions"}
"""Declared so that API Gateway hands them to the function that says 404."""


def test_every_handler_of_the_template_exists():
    for function in TEMPLATE.functions:
        module, attribute = function.target

        assert callable(getattr(import_module(module), attribute))


def test_every_function_is_in_the_template():
    files = {path.stem for path in (ROOT / "functions").glob("[a-z]*.py")}

    assert {function.target[0] for function in TEMPLATE.functions} == {f"functions.{name}" for name in files}


def test_exactly_the_public_paths_need_no_key():
    assert {route.path for route in TEMPLATE.routes if not route.key_required} == PUBLIC


def test_no_path_is_declared_twice():
    paths = [route.path for route in TEMPLATE.routes]

    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("name", ["predict", "catalog", "feedback", "jobs", "operations"])
def test_a_function_answers_exactly_the_paths_that_lead_to_it(name):
    module = import_module(f"functions.{name}")
    declared = {r.path for r in TEMPLATE.routes if r.function.target[0] == f"functions.{name}"}
    answered = {resource for _, resource in module.ROUTES}

    assert declared - NOWHERE == answered - NOWHERE


def test_every_parent_of_a_path_has_a_method():
    paths = {route.path for route in TEMPLATE.routes}
    parents = {path.rsplit("/", 1)[0] for path in paths} - {""}

    assert parents <= paths


def test_names_of_parameters_are_the_same_everywhere():
    names = {name for route in TEMPLATE.routes for name in re.findall(r"{(\w+)\+?}", route.path)}

    assert names == {"name", "version", "id", "proxy"}


def test_a_published_manifest_wakes_the_release_function():
    woken = [
        t.function.name
        for t in TEMPLATE.store_triggers
        if t.matches("models/a/versions/000001.manifest.json")
    ]

    assert woken == ["ReleaseFunction"]
    assert [schedule.function.name for schedule in TEMPLATE.schedules] == [
        "ReleaseFunction",
        "MonitorFunction",
        "BatchFunction",
    ]


@pytest.mark.parametrize("key", ["input", "again/0000000000512.go"])
def test_what_a_job_waits_for_wakes_its_workers(key):
    woken = [t.function.name for t in TEMPLATE.store_triggers if t.matches(layout.job(JOB) + key)]

    assert woken == ["BatchFunction"]


@pytest.mark.parametrize("key", ["job.json", "parts/0-1.csv", "results.csv", "refused.csv", "end.json"])
def test_what_is_written_of_a_job_wakes_nothing(key):
    assert not any(trigger.matches(layout.job(JOB) + key) for trigger in TEMPLATE.store_triggers)


@pytest.mark.parametrize(
    "key", ["models/a/verdicts/000001.json", "models/a/releases/999998-000001.json", "blobs/sha256/aa"]
)
def test_what_the_release_function_writes_wakes_nothing(key):
    assert not any(trigger.matches(key) for trigger in TEMPLATE.store_triggers)

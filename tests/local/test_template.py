from __future__ import annotations

from pathlib import Path

import pytest

from dasier.errors import SettingsInvalid
from dasier.local.template import read_template

TEMPLATE = """
Globals: {Function: {Timeout: 29, Environment: {Variables: {URL: !Sub "s3://${Bucket}"}}}}
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: !Ref Stage, Auth: {ApiKeyRequired: true}}}
  Bucket: {Type: AWS::S3::Bucket}
  One:
    Type: AWS::Serverless::Function
    Properties:
      ImageConfig: {Command: [functions.one.handler]}
      MemorySize: !Ref Memory
      Events:
        Open: {Type: Api, Properties: {Path: /, Method: get, Auth: {ApiKeyRequired: false}}}
        Closed: {Type: Api, Properties: {Path: "/a/{b}", Method: any}}
  Two:
    Type: AWS::Serverless::Function
    Properties:
      ImageConfig: {Command: [functions.two.handler]}
      MemorySize: 512
      Timeout: 60
      Events:
        Object:
          Type: S3
          Properties:
            Bucket: !Ref Bucket
            Filter: {S3Key: {Rules: [{Name: prefix, Value: models/}, {Name: suffix, Value: .json}]}}
        Clock: {Type: Schedule, Properties: {Schedule: rate(5 minutes)}}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_a_route_has_its_method_path_and_handler(template):
    routes = read_template(template).routes

    assert [(r.method, r.path, r.function.target) for r in routes] == [
        ("GET", "/", ("functions.one", "handler")),
        ("ANY", "/a/{b}", ("functions.one", "handler")),
    ]


def test_a_route_asks_for_a_key_unless_it_says_that_it_does_not(template):
    routes = read_template(template).routes

    assert {route.path: route.key_required for route in routes} == {"/": False, "/a/{b}": True}


def test_timeout_and_memory_come_from_the_function_then_from_the_globals(template):
    one, two = read_template(template).functions

    assert (one.timeout_s, two.timeout_s, two.memory_mb) == (29, 60, 512)


def test_store_events_and_schedules_name_the_function_they_wake(template):
    read = read_template(template)

    (trigger,), (schedule,) = read.store_triggers, read.schedules
    assert trigger.matches("models/a.json")
    assert not trigger.matches("models/a.csv")
    assert (trigger.function.name, schedule.function.name) == ("Two", "Two")
    assert schedule.expression == "rate(5 minutes)"


def test_a_template_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(SettingsInvalid, match="template"):
        read_template(tmp_path / "template.yaml")


def test_a_function_without_a_handler_is_named(tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {Lost: {Type: AWS::Serverless::Function, Properties: {}}}")

    with pytest.raises(SettingsInvalid, match="Lost"):
        read_template(path)

"""Zappa's own handler runs code that stands in an event. Ours refuses such an event before anything runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.zappas import zappas_python
from webapp.lambda_handler import EventRefused, site_handler

ROOT = Path(__file__).parents[2]
REQUEST = json.loads((ROOT / "tests" / "functions" / "recorded" / "models.json").read_text())
MARKER = "tests.threats.marker.leave"
"""A function that an event may name: it leaves the marker."""
VARIABLES = {"DASIER_API_URL": "http://192.0.2.1", "PATH": "/hostile"}


def hostile(marker: Path) -> dict[str, dict]:
    """Give every event by which somebody who may invoke the function would have it run something."""
    code = f"open({str(marker)!r}, 'w').close()"
    record = {
        "s3": {"configurationId": f"id:{MARKER}", "bucket": {"arn": "arn:aws:s3:::b"}, "object": {"key": "k"}}
    }
    said = json.dumps({"command": MARKER})
    return {
        "raw_command": {"raw_command": code},
        "command": {"command": MARKER},
        "manage": {"manage": f"shell -c {code}"},
        "stage variables": {"stageVariables": VARIABLES},
        "a schedule": {
            "detail-type": "Scheduled Event",
            "resources": [f"arn:aws:events:r:1:rule/x-{MARKER}"],
        },
        "an object in S3": {"Records": [record]},
        "a message of SNS": {
            "Records": [{"EventSource": "aws:sns", "Sns": {"Message": said, "TopicArn": "arn:x"}}]
        },
        "a message of SQS": {
            "Records": [{"eventSource": "aws:sqs", "eventSourceARN": "arn:x", "body": code}]
        },
        "an item of DynamoDB": {"Records": [{"eventSourceARN": "arn:x", "dynamodb": {}}]},
        "a bot": {"bot": {}, "currentIntent": {"name": MARKER}, "invocationSource": "x"},
        "an authorizer": {"type": "TOKEN", "authorizationToken": code},
        "Cognito": {"triggerSource": MARKER},
        "logs": {"awslogs": {"data": code}},
        "a web socket": {
            "requestContext": {"eventType": "MESSAGE", "domainName": "x", "apiId": "a", "path": "/"}
        },
        "an HTTP API": {"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}},
        "a load balancer": {
            "httpMethod": "GET",
            "path": "/",
            "requestContext": {"elb": {"targetGroupArn": "x"}},
        },
        "nothing": {},
        # Dressed up as the request that they ride on:
        "raw_command in a request": {**REQUEST, "raw_command": code},
        "command in a request": {**REQUEST, "command": MARKER},
        "stage variables in a request": {**REQUEST, "stageVariables": VARIABLES},
        "records in a request": {**REQUEST, "Records": [record]},
    }


EVENTS = list(hostile(Path("marker")))
RUN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
{imports}
before = dict(os.environ)
failed = ""
try:
    handler(json.load(sys.stdin), None)
except BaseException as error:
    failed = type(error).__name__
changed = sorted(name for name in {{*before, *os.environ}} if before.get(name) != os.environ.get(name))
print(json.dumps({{"failed": failed, "changed": changed}}))
"""
OURS = "from webapp.lambda_handler import handler"
ZAPPAS = "from zappa.handler import LambdaHandler\nhandler = LambdaHandler().handler"


def _invoke(python, imports, event, marker, *paths):
    done = subprocess.run(
        [python, "-c", RUN.format(imports=imports), str(ROOT)],
        input=json.dumps(event),
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "MARKER": str(marker),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "it-ran"


@pytest.mark.parametrize("name", EVENTS)
def test_a_hostile_event_is_refused_before_the_site_is_asked(name, marker):
    asked = []
    handler = site_handler(lambda *request: asked.append(request) or [])
    before = dict(os.environ)

    with pytest.raises(EventRefused):
        handler(hostile(marker)[name], None)

    assert asked == []
    assert not marker.exists()
    assert dict(os.environ) == before


@pytest.mark.parametrize("name", ["raw_command", "command", "stage variables", "an object in S3"])
def test_the_deployed_handler_runs_nothing_of_an_event(name, marker):
    told = _invoke(sys.executable, OURS, hostile(marker)[name], marker)

    assert told == {"failed": "EventRefused", "changed": []}
    assert not marker.exists()


@pytest.mark.parametrize("body", [None, [], "raw_command", 7])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(EventRefused):
        site_handler(lambda *_: [])(body, None)


def test_a_refusal_repeats_nothing_of_the_event():
    with pytest.raises(EventRefused) as refused:
        site_handler(lambda *_: [])({"raw_command": "canary"}, None)

    assert "canary" not in str(refused.value)


@pytest.mark.xdist_group("zappa")
@pytest.mark.parametrize("name", ["raw_command", "command", "an object in S3", "a message of SNS"])
def test_zappas_own_handler_would_have_run_it(name, marker, tmp_path):
    (tmp_path / "zappa_settings.py").write_text(SETTINGS)

    _invoke(zappas_python(), ZAPPAS, hostile(marker)[name], marker, tmp_path)

    assert marker.exists()


@pytest.mark.xdist_group("zappa")
def test_zappas_own_handler_would_have_taken_the_environment_from_the_event(marker, tmp_path):
    (tmp_path / "zappa_settings.py").write_text(SETTINGS)

    told = _invoke(zappas_python(), ZAPPAS, hostile(marker)["stage variables"], marker, tmp_path)

    assert set(told["changed"]) == set(VARIABLES)


SETTINGS = """
APP_MODULE = "tests.threats.marker"
APP_FUNCTION = "leave"
LOG_LEVEL, DEBUG, DOMAIN, BASE_PATH, BINARY_SUPPORT = "INFO", False, None, None, True
EXCEPTION_HANDLER, DJANGO_SETTINGS, AUTHORIZER_FUNCTION = None, None, None
ENVIRONMENT_VARIABLES, CONTEXT_HEADER_MAPPINGS = {}, {}
AWS_EVENT_MAPPING, AWS_BOT_EVENT_MAPPING, COGNITO_TRIGGER_MAPPING = {}, {}, {}
PROJECT_NAME, API_STAGE = "dasier-site", "prod"
"""
"""What Zappa writes into the package, for an application that is of no matter here."""

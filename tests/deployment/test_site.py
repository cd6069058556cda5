"""`zappa deploy` of the site to an emulated account: its page renders through its URL, and asks the API."""

from __future__ import annotations

import json
import re
import subprocess
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from deployment.package import ROOT
from tests.deployment.zappas import zappas_python
from tests.e2e.environments import Unavailable, python
from tests.e2e.rungs import over_http
from tests.e2e.rungs.ministack import STAGE, ministack, sam
from tests.webapp import catalog
from tests.webapp.conftest import controls
from tests.webapp.fake_api import FakeApi

pytestmark = pytest.mark.xdist_group("zappa")

KEYS = ("the-key-of-the-site", "a-new-key")
"""Before and after the update, which may come first: tests run in any order."""


def _zappa(cloud, *words, **told):
    done = subprocess.run(
        [zappas_python(), "-m", "deployment.site", *words],
        cwd=ROOT,
        env={**cloud.environment, **told},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    try:
        python("ministack")
        python("aws-sam-cli")
    except Unavailable as reason:
        pytest.skip(f"rung ministack, site: {reason}")
    work = tmp_path_factory.mktemp("site")
    with ministack(work) as account:
        config = ("--config-file", str(ROOT / "samconfig.toml"), "--config-env", "default-site")
        sam(
            account,
            work,
            "deploy",
            *config,
            "--template-file",
            str(ROOT / "site.yaml"),
            "--no-confirm-changeset",
        )
        yield account


@pytest.fixture(scope="module")
def api():
    fake = FakeApi()
    for description, prediction in catalog.ALL:
        fake.add(description, prediction)
    yield fake
    fake.close()


@pytest.fixture(scope="module")
def deployed(cloud, api):
    """Give where the deployed site answers; the API that it asks stands on this machine."""
    told = {"DASIER_API_URL": api.url, "DASIER_API_KEY": KEYS[0], "DASIER_SITE_HOSTS": "127.0.0.1"}
    said = _zappa(cloud, "deploy", STAGE, **told)
    url = re.search(r"Deployment complete.*?(https://\S+)", said, re.DOTALL)[1]
    return cloud.reachable(url)


def _read(url, path, **headers):
    answer = over_http.ask(url, "GET", path, {"accept": "text/html", **headers}, b"")
    return answer, answer.body.decode()


def test_the_function_exists_with_our_handler_our_role_and_its_settings(deployed, cloud):
    found = cloud.client("lambda").get_function_configuration(FunctionName=f"dasier-site-{STAGE}")

    assert found["Handler"] == "webapp.lambda_handler.handler"
    assert found["Role"] == cloud.outputs(f"dasier-{STAGE}-site")["Role"]
    assert found["Environment"]["Variables"]["DASIER_API_KEY"] in KEYS
    assert len(found["Environment"]["Variables"]["DASIER_SITE_SECRET"]) >= 32


def test_its_page_renders_through_its_url_and_asks_the_api_with_its_key(deployed, cloud, api):
    answer, page = _read(deployed, "/")

    assert answer.status == 200, page
    assert all(f"/models/{name}" in page for name in api.models)
    assert api.seen[-1].headers["x-api-key"] == _variables(cloud)["DASIER_API_KEY"]


def test_a_form_that_is_filled_in_is_answered_by_the_model(deployed, api):
    name = next(iter(api.models))
    answer, page = _read(deployed, f"/models/{name}?example=1")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    cookies = SimpleCookie(next(v.decode() for k, v in answer.headers if k == b"set-cookie"))
    asked = {
        "content-type": "application/x-www-form-urlencoded",
        "cookie": "; ".join(f"{key}={one.value}" for key, one in cookies.items()),
        "referer": f"https://127.0.0.1:{deployed.split(':')[2].partition('/')[0]}/",
    }
    filled_in = urlencode({"csrf_token": token, **controls(page)}).encode()

    sent = over_http.ask(deployed, "POST", f"/models/{name}", asked, filled_in)

    assert sent.status == 200, sent.body.decode()
    assert 'class="headline"' in sent.body.decode()


def test_an_event_that_would_run_code_is_refused_in_the_deployed_function(deployed, cloud, tmp_path):
    marker = tmp_path / "it-ran"
    payload = f'{{"raw_command": "open({str(marker)!r}, \'w\')"}}'

    answer = cloud.client("lambda").invoke(FunctionName=f"dasier-site-{STAGE}", Payload=payload.encode())

    assert answer["FunctionError"]
    assert b"no request from a REST API" in answer["Payload"].read()
    assert not marker.exists()


def test_an_update_takes_over_a_changed_setting_and_keeps_the_secret(deployed, cloud, api):
    before = _variables(cloud)

    _zappa(
        cloud, "update", STAGE, DASIER_API_URL=api.url, DASIER_API_KEY=KEYS[1], DASIER_SITE_HOSTS="127.0.0.1"
    )
    answer, page = _read(deployed, "/")

    assert answer.status == 200, page
    assert api.seen[-1].headers["x-api-key"] == KEYS[1]
    assert _variables(cloud)["DASIER_SITE_SECRET"] == before["DASIER_SITE_SECRET"]


def test_what_is_not_set_is_found_in_the_stack(cloud):
    stack = {
        "Resources": {
            "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True, "Value": "k" * 30}}
        },
        "Outputs": {
            "ApiUrl": {"Value": "https://api.example/dev"},
            "SiteKeyId": {"Value": {"Ref": "Key"}},
            "OidcIssuer": {"Value": "https://people.example"},
            "OidcAudience": {"Value": "the-site"},
        },
    }
    formation = cloud.client("cloudformation")
    formation.create_stack(StackName=f"dasier-{STAGE}", TemplateBody=json.dumps(stack))
    formation.get_waiter("stack_create_complete").wait(StackName=f"dasier-{STAGE}")
    program = f"import json; from deployment.site import told; print(json.dumps(told({STAGE!r}, {{}})))"

    done = subprocess.run(
        [zappas_python(), "-c", program],
        cwd=ROOT,
        env=cloud.environment,
        capture_output=True,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)
    told = found["aws_environment_variables"]
    assert told["DASIER_API_URL"] == "https://api.example/dev"
    assert told["DASIER_PUBLIC_API_URL"] == "https://api.example/dev"
    assert told["DASIER_API_KEY"] == "k" * 30
    assert told["DASIER_OIDC_ISSUER"] == "https://people.example"
    assert told["DASIER_OIDC_CLIENT_ID"] == "the-site"
    assert "DASIER_OIDC_CLIENT_SECRET" not in told
    assert told["DASIER_SITE_HOSTS"] == ".execute-api.eu-west-3.amazonaws.com"
    assert found["role_arn"] == cloud.outputs(f"dasier-{STAGE}-site")["Role"]
    assert found["s3_bucket"] == f"dasier-{STAGE}-site-000000000000-eu-west-3"


def _variables(cloud):
    found = cloud.client("lambda").get_function_configuration(FunctionName=f"dasier-site-{STAGE}")
    return found["Environment"]["Variables"]

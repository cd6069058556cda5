"""What `dasier doctor` says of an account: first that all is well, then each thing that is broken.

The account is moto's (`tests.cloud.account` says what it cannot do). The API is a server of the
test's own, because moto runs none.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from botocore.exceptions import ClientError

from dasier.aws import service
from dasier.aws.account import Account
from dasier.aws.checkup import checkup
from dasier.aws.stack import Stack
from tests.cloud import account
from tests.cloud.account import NAME, client
from tests.cloud.translated import BUCKET
from tests.cloud.translated import service as template

HOUR_S = 3600


def _found(name: str = NAME, **options):
    """Give the findings by what they are about, but for those on the API, which moto does not run."""
    return {
        f.what: f
        for f in checkup(name, account.OURS, **options)
        if not f.what.startswith("API") or f.what == "API keys"
    }


def _wrong(**options):
    return {what: finding for what, finding in _found(**options).items() if not finding.well}


def test_an_account_with_all_that_the_template_declares_is_well(stage):
    found = _found()

    assert {what: finding for what, finding in found.items() if not finding.well} == {}
    assert {
        "credentials", "region", "foundation", "stack", "outputs", "bucket", "bucket: versioning", "bucket: private",
        "bucket: encrypted", "bucket: TLS only", "bucket: create only", "bucket: no deletes", "signing key",
        "trusted keys", "signing", "function predict", "function catalog", "function feedback", "function release",
        "prediction log: subscription", "prediction log: delivery", "alarms", "alarms: listeners", "API keys",
        "access logs",
    } <= set(found)  # fmt: skip


def test_what_is_well_needs_no_advice(stage):
    assert [finding for finding in _found().values() if finding.well and finding.advice] == []


def test_what_is_looked_for_is_what_the_template_declares():
    stack = template()
    prefix = "dasier-prod-"
    alarms = {a["AlarmName"].removeprefix(prefix) for a in stack.of("AWS::CloudWatch::Alarm").values()}
    functions = {f["FunctionName"].removeprefix(prefix) for f in stack.of("AWS::Lambda::Function").values()}

    assert alarms == set(service.ALARMS)
    assert functions == set(service.FUNCTIONS)


# --- one thing is wrong ------------------------------------------------------------------------------


def _forget_versions():
    client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


def _open_to_the_public():
    client("s3").delete_public_access_block(Bucket=BUCKET)


def _remove_policy():
    client("s3").delete_bucket_policy(Bucket=BUCKET)


def _without(sid: str):
    policy = json.loads(client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])
    policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != sid]
    client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def _only_for_blobs():
    policy = json.loads(client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])
    for statement in policy["Statement"]:
        if statement["Sid"] == "CreateOnly":
            statement["Resource"] = [r for r in statement["Resource"] if r.endswith("blobs/*")]
    client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def _all_but_reading():
    """Another statement of a hand: it denies more, and names what it does not deny."""
    policy = json.loads(client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])
    denied = {"Sid": "ReadOnly", "Effect": "Deny", "Principal": "*", "NotAction": "s3:Get*"}
    policy["Statement"] = [*policy["Statement"][1:], denied | {"Resource": f"arn:aws:s3:::{BUCKET}/models/*"}]
    client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def _disable_the_key():
    client("kms").disable_key(
        KeyId=client("kms").describe_key(KeyId="alias/dasier-prod")["KeyMetadata"]["KeyId"]
    )


def _another_key():
    made = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    client("kms").update_alias(AliasName="alias/dasier-prod", TargetKeyId=made)


def _callers_reach_an_old_version():
    name = "dasier-prod-predict"
    now = client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": now | {"DASIER_TRUSTED_KEYS": "withdrawn"}}
    )
    account.publish(name)


def _remove_a_function():
    client("lambda").delete_function(FunctionName="dasier-prod-release")


def _remove_the_filter():
    client("logs").delete_subscription_filter(logGroupName="/dasier/prod/predict", filterName="predictions")


def _remove_the_stream():
    client("firehose").delete_delivery_stream(DeliveryStreamName="dasier-prod-predictions")


def _remove_an_alarm():
    client("cloudwatch").delete_alarms(AlarmNames=["dasier-prod-latency"])


def _silence_an_alarm():
    client("cloudwatch").disable_alarm_actions(AlarmNames=["dasier-prod-throttles"])


def _ring():
    client("cloudwatch").set_alarm_state(
        AlarmName="dasier-prod-api-errors", StateValue="ALARM", StateReason="x"
    )


def _nobody_listens():
    for subscription in client("sns").list_subscriptions()["Subscriptions"]:
        client("sns").unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


def _remove_the_keys():
    for key in client("apigateway").get_api_keys()["items"]:
        client("apigateway").update_api_key(
            apiKey=key["id"], patchOperations=[{"op": "replace", "path": "/enabled", "value": "false"}]
        )


def _remove_foundation():
    client("cloudformation").delete_stack(StackName=f"{NAME}-foundation")


@pytest.mark.parametrize(
    ("breaking", "what", "advice"),
    [
        (_forget_versions, "bucket: versioning", "deploy"),
        (_open_to_the_public, "bucket: private", "deploy"),
        (_remove_policy, "bucket: create only", "deploy"),
        (lambda: _without("TlsOnly"), "bucket: TLS only", "deploy"),
        (lambda: _without("CreateOnly"), "bucket: create only", "deploy"),
        (lambda: _without("OnlyOperatorsDelete"), "bucket: no deletes", "deploy"),
        (_only_for_blobs, "bucket: create only", "deploy"),
        (_all_but_reading, "bucket: TLS only", "deploy"),
        (_disable_the_key, "signing key", "enable-key"),
        (_another_key, "trusted keys", "TrustedKeys="),
        (_callers_reach_an_old_version, "function predict", "other keys"),
        (_remove_a_function, "functions", "docs/aws.md"),
        (_remove_the_filter, "prediction log: subscription", "deploy"),
        (_remove_the_stream, "prediction log", "docs/aws.md"),
        (_remove_an_alarm, "alarms", "latency missing"),
        (_silence_an_alarm, "alarms: actions", "enable-alarm-actions"),
        (_ring, "alarms: state", "dashboard"),
        (_nobody_listens, "alarms: listeners", "AlarmEmail"),
        (_remove_the_keys, "API keys", "dasier keys create"),
        (_remove_foundation, "foundation", "foundation"),
    ],
    ids=lambda value: getattr(value, "__name__", "") if callable(value) else value,
)
def test_what_is_wrong_is_named_with_what_to_do(stage, breaking, what, advice):
    breaking()

    wrong = _wrong()

    assert what in wrong
    assert advice in wrong[what].advice


def test_a_bucket_whose_policy_lets_objects_be_replaced_is_the_only_thing_wrong(stage):
    _without("CreateOnly")

    assert set(_wrong()) == {"bucket: create only"}


def test_a_stack_that_is_not_there_ends_the_checkup_with_what_to_do(moto):
    found = _found("dasier-nowhere")

    assert not found["stack"].well
    assert "sam deploy" in found["stack"].advice
    assert "bucket" not in found


def test_a_stack_of_something_else_is_recognised(moto):
    account.declare("other-foundation", {}, {})
    account.declare("other", {"Address": "x"}, {})

    found = _found("other")

    assert "ApiUrl" in found["outputs"].advice


def test_alarms_that_were_left_out_are_not_missed(moto):
    account.install(Alarms="off", Dashboard="off")

    assert _wrong() == {}


def test_a_clock_that_is_wrong_is_told_before_aws_refuses_it(stage):
    def later() -> float:
        return time.time() + HOUR_S

    found = _found(now=later)

    assert not found["clock"].well
    assert "clock" in found["clock"].advice


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("ROLLBACK_COMPLETE", "sam delete"),
        ("UPDATE_ROLLBACK_COMPLETE", "taken back"),
        ("UPDATE_IN_PROGRESS", "wait"),
    ],
)
def test_a_state_that_is_not_settled_says_what_it_means(status, advice):
    from dasier.aws.checkup import _state

    finding = _state("stack", Stack(NAME, status, {}, {}))

    assert not finding.well
    assert advice in finding.advice


def test_credentials_that_aws_refuses_end_the_checkup(moto):
    class Refused(Account):
        def client(self, service):
            made = super().client(service)
            error = ClientError({"Error": {"Code": "InvalidClientTokenId", "Message": "unknown"}}, "any")
            made.meta.events.register(f"before-call.{service}", lambda **_: _raise(error))
            return made

    (region, credentials) = checkup(NAME, Refused(account.OURS.environment, account.SESSION))

    assert region.well
    assert not credentials.well
    assert "aws configure" in credentials.advice


def _raise(error):
    raise error


# --- the API -----------------------------------------------------------------------------------------


@pytest.fixture
def answering():
    """Give an address at which every path has the status that is put there."""
    statuses: dict[str, int] = {}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", statuses
    server.shutdown()
    thread.join()
    server.server_close()


def _api(url: str):
    return list(service.api(Stack(NAME, "CREATE_COMPLETE", {"ApiUrl": url}, {"Stage": "prod"})))


def test_an_api_that_answers_and_asks_for_keys_is_well(answering):
    url, statuses = answering
    statuses |= {"/healthz": 200, "/models": 401}

    assert [finding.well for finding in _api(url)] == [True, True]


def test_an_api_that_answers_without_a_key_is_not_well(answering):
    url, statuses = answering
    statuses |= {"/healthz": 200, "/models": 200}

    health, closed = _api(url)

    assert (health.well, closed.well) == (True, False)


def test_an_api_that_fails_is_not_well(answering):
    url, statuses = answering
    statuses |= {"/healthz": 502, "/models": 401}

    assert not _api(url)[0].well
    assert "/dasier/prod/catalog" in _api(url)[0].advice


def test_an_address_where_nothing_listens_is_told():
    (finding,) = _api("http://127.0.0.1:1")

    assert not finding.well
    assert "does not answer" in finding.found

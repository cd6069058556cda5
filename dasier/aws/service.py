"""Whether what a stack runs is well: its functions, API, keys, alarms, and the way of its prediction log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import urllib3

from dasier.aws.account import Account, refusals
from dasier.aws.keys import ApiKeys
from dasier.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.aws.stack import Stack

FUNCTIONS = (
    "predict",
    "catalog",
    "feedback",
    "release",
    "monitor",
    "jobs",
    "batch",
    "operations",
    "authorizer",
)
ALARMS = (
    "api-errors",
    "predict-errors",
    "release-errors",
    "throttles",
    "latency",
    "versions-refused",
    "prediction-log-late",
    "version-errors",
    "version-fallbacks",
    "drift",
)
"""What `template.yaml` declares; a test holds both to it."""

_ALIAS = "live"
_AGAIN = "sam deploy again"


def functions(stack: Stack, account: Account) -> Iterator[Check]:
    """Say whether each function runs, and believes the keys that the stack was given."""
    client = account.client("lambda")
    for name in FUNCTIONS:
        called = f"dasier-{stack.stage}-{name}"
        with refusals(f"the function {called}"):
            found = client.get_function_configuration(FunctionName=called, Qualifier=_ALIAS)
        variables = found.get("Environment", {}).get("Variables", {})
        state = found.get("State", "Active")
        problems = []
        if state not in {"Active", "Inactive"}:  # it sleeps when nobody asks, and wakes
            problems.append(f"it is {state}: {found.get('StateReason', '')}")
        if variables.get("DASIER_TRUSTED_KEYS") != stack.output("TrustedKeys"):
            problems.append(f"{_ALIAS} believes other keys than the stack")
        if variables.get("DASIER_REGISTRY") != stack.output("Registry"):
            problems.append(f"{_ALIAS} reads another registry than the stack's")
        yield Check(
            f"function {name}",
            not problems,
            f"{called}:{_ALIAS}, version {found['Version']}, {state}",
            f"{'; '.join(problems)}. {_AGAIN}" if problems else "",
        )


def prediction_log(stack: Stack, account: Account) -> Iterator[Check]:
    """Say whether records of predictions reach the bucket."""
    group, stream = f"/dasier/{stack.stage}/predict", f"dasier-{stack.stage}-predictions"
    with refusals(f"the log {group}"):
        filters = account.client("logs").describe_subscription_filters(logGroupName=group)[
            "subscriptionFilters"
        ]
    taken = [
        f
        for f in filters
        if f["destinationArn"].endswith(f"/{stream}") and "prediction" in f["filterPattern"]
    ]
    yield Check(
        "prediction log: subscription", bool(taken), f"{len(taken)} on {group}", "" if taken else _AGAIN
    )
    with refusals(f"the stream {stream}"):
        described = account.client("firehose").describe_delivery_stream(DeliveryStreamName=stream)
    state = described["DeliveryStreamDescription"]["DeliveryStreamStatus"]
    well = state == "ACTIVE"
    yield Check("prediction log: delivery", well, f"{stream}: {state}", "" if well else _AGAIN)


def alarms(stack: Stack, account: Account) -> Iterator[Check]:
    """Say which alarms are missing, switched off or ringing, and whether anybody hears them."""
    if stack.parameters.get("Alarms") == "off":
        yield Check("alarms", well=True, found="left out by the parameter Alarms")
        return
    prefix = f"dasier-{stack.stage}-"
    with refusals("the alarms"):
        pages = account.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        there = {
            alarm["AlarmName"].removeprefix(prefix): alarm for page in pages for alarm in page["MetricAlarms"]
        }
    missing = sorted(set(ALARMS) - set(there))
    yield Check(
        "alarms", not missing, f"{len(there)}", f"{', '.join(missing)} missing: {_AGAIN}" if missing else ""
    )
    silent = sorted(
        name
        for name, alarm in there.items()
        if not (alarm.get("ActionsEnabled") and alarm.get("AlarmActions"))
    )
    ringing = sorted(name for name, alarm in there.items() if alarm.get("StateValue") == "ALARM")
    if silent:
        yield Check(
            "alarms: actions",
            well=False,
            found=", ".join(silent),
            advice="aws cloudwatch enable-alarm-actions",
        )
    if ringing:
        yield Check(
            "alarms: state",
            well=False,
            found=f"ringing: {', '.join(ringing)}",
            advice="see the dashboard and the logs",
        )
    yield from _listeners(stack, account)


def _listeners(stack: Stack, account: Account) -> Iterator[Check]:
    topic = stack.outputs.get("AlarmTopic")
    if topic is None:
        return
    with refusals("who is told of alarms"):
        found = account.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [s for s in found if s["SubscriptionArn"].startswith("arn:")]
    advice = (
        "" if confirmed else "nobody is told: set AlarmEmail and confirm the mail, or subscribe to the topic"
    )
    yield Check("alarms: listeners", bool(confirmed), f"{len(confirmed)} of {len(found)} confirmed", advice)


def api_keys(stack: Stack, account: Account) -> Iterator[Check]:
    """Say whether anybody has a key."""
    keys = ApiKeys(stack, account).all()
    enabled = [key for key in keys if key.enabled]
    advice = "" if enabled else "dasier keys create NAME --stack " + stack.name
    yield Check("API keys", bool(enabled), f"{len(enabled)} of {len(keys)} enabled", advice)


def access_logs(account: Account) -> Iterator[Check]:
    """Say whether API Gateway may write access logs in this account and region."""
    with refusals("API Gateway's settings"):
        role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    advice = "" if role else "deploy foundation.yaml: without the role a stage with access logs is refused"
    yield Check("access logs", bool(role), str(role or "no role"), advice)


def api(stack: Stack, http: Any = None) -> Iterator[Check]:
    """Say whether the API answers, and refuses who has no key."""
    http = http or urllib3.PoolManager(retries=False, timeout=10)
    url = stack.output("ApiUrl")
    for what, path, wanted in (("API", "/healthz", {200}), ("API: without a key", "/models", {401, 403})):
        try:
            status = http.request("GET", url + path).status
        except urllib3.exceptions.HTTPError as error:
            yield Check(
                what,
                well=False,
                found=f"{url} does not answer: {error}",
                advice="is it this region and stage?",
            )
            return
        well = status in wanted
        advice = (
            ""
            if well
            else f"{' or '.join(map(str, sorted(wanted)))} was expected: see the log /dasier/{stack.stage}/catalog"
        )
        yield Check(what, well, f"GET {path}: {status}", advice)

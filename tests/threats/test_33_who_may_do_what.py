"""Who may do what: a matrix made from the routes and the roles. Every cell is denied unless listed.

Of the people who sign in, `test_33_who_is_signed_in.py` has a matrix of its own.

Rows are callers (somebody without a key, somebody with one) and roles (the functions', and those of
people); columns are every route of the template and everything that can be done to what is stored.
A new route, role or kind of object without a rule here fails.
"""

from __future__ import annotations

import pytest

from tests.cloud.policies import Ask, may, statements
from tests.cloud.translated import ACCOUNT, BUCKET, REGION, foundation, service

# --- callers and routes ------------------------------------------------------------------------------

WITHOUT_A_KEY = {"/", "/healthz", "/openapi.json", "/v2/health/live", "/v2/health/ready"}
WITH_A_KEY = {
    "/models",
    "/models/{name}",
    "/models/{name}/card",
    "/models/{name}/feedback",
    "/jobs",
    "/jobs/{id}",
    "/models/{name}/invocations",
    "/models/{name}/jobs",
    "/models/{name}/predict",
    "/models/{name}/releases",
    "/models/{name}/versions",
    "/models/{name}/versions/{version}",
    "/models/{name}/versions/{version}/predict",
    "/operations",
    "/operations/{name}",
    "/operations/{name}/releases",
    "/v2",
    "/v2/health",
    "/v2/models",
    "/v2/models/{name}",
    "/v2/models/{name}/infer",
    "/v2/models/{name}/ready",
    "/v2/models/{name}/versions",
    "/v2/models/{name}/versions/{version}",
    "/v2/models/{name}/versions/{version}/infer",
    "/v2/models/{name}/versions/{version}/ready",
    "/{proxy+}",
}


def _methods() -> dict[tuple[str, str], dict]:
    (api,) = service().of("AWS::ApiGateway::RestApi").values()
    return {
        (path, method): answer
        for path, methods in api["Body"]["paths"].items()
        for method, answer in methods.items()
    }


def test_every_route_has_a_rule():
    assert {path for path, _ in _methods()} == WITHOUT_A_KEY | WITH_A_KEY


def test_exactly_the_listed_routes_are_open_to_somebody_without_a_key():
    open_to_all = {
        path for (path, _), method in _methods().items() if {"api_key": []} not in method.get("security", [])
    }

    assert open_to_all == WITHOUT_A_KEY


def test_a_key_that_is_asked_for_is_one_of_the_usage_plan():
    stack = service()
    (api,) = stack.of("AWS::ApiGateway::RestApi").values()
    (plan,) = stack.of("AWS::ApiGateway::UsagePlan").values()

    assert api["Body"]["securityDefinitions"]["api_key"] == {
        "type": "apiKey",
        "name": "x-api-key",
        "in": "header",
    }
    assert plan["Quota"] == {"Limit": 1_000_000, "Period": "MONTH"}
    assert plan["Throttle"] == {"BurstLimit": 100, "RateLimit": 50}
    assert [stage["Stage"] for stage in plan["ApiStages"]] == ["ApiStage"]


def test_only_api_gateway_s3_and_the_schedule_wake_a_function():
    woken = {(p["Principal"], p["FunctionName"]) for p in service().of("AWS::Lambda::Permission").values()}

    assert woken == {
        ("apigateway.amazonaws.com", "PredictFunctionAliaslive"),
        ("apigateway.amazonaws.com", "CatalogFunctionAliaslive"),
        ("apigateway.amazonaws.com", "FeedbackFunctionAliaslive"),
        ("apigateway.amazonaws.com", "OperationsFunctionAliaslive"),
        ("apigateway.amazonaws.com", "AuthorizerFunctionAliaslive"),
        ("s3.amazonaws.com", "ReleaseFunctionAliaslive"),
        ("events.amazonaws.com", "ReleaseFunctionAliaslive"),
        ("events.amazonaws.com", "MonitorFunctionAliaslive"),
        ("apigateway.amazonaws.com", "JobsFunctionAliaslive"),
        ("s3.amazonaws.com", "BatchFunctionAliaslive"),
        ("events.amazonaws.com", "BatchFunctionAliaslive"),
    }


def test_whatever_wakes_a_function_is_of_this_account():
    for permission in service().of("AWS::Lambda::Permission").values():
        source = permission.get("SourceAccount") or permission["SourceArn"].split(":")[4]

        assert source == ACCOUNT, permission


# --- roles and what is stored ------------------------------------------------------------------------

OBJECTS = {
    "blob": "blobs/sha256/" + "0" * 64,
    "manifest": "models/penguins/versions/000007.manifest.json",
    "verdict": "models/penguins/verdicts/000007.json",
    "release": "models/penguins/releases/999987-000012.json",
    "prediction": "predictions/penguins/dt=2026-11-24/a.jsonl",
    "prediction of a job": "predictions/penguins/jobs/01J/0.jsonl",
    "unfiled": "unfiled/processing-failed/dt=2026-11-24/a",
    "feedback": "feedback/penguins/dt=2026-11-24/01J.jsonl",
    "job": "jobs/01J/job.json",
    "job's rows": "jobs/01J/input",
    "job's key": "jobs/keys/00.json",
    "job's part": "jobs/01J/parts/0.csv",
    "job's attempt": "jobs/01J/attempts/0-01J",
    "job's next worker": "jobs/01J/again/0.go",
    "job's end": "jobs/01J/end.json",
    "job's results": "jobs/01J/results.csv",
    "job's refusals": "jobs/01J/refused.csv",
    "trial": "trials/penguins/000012/999998-000001.json.gz",
    "report": "reports/penguins/2026-11-24.json",
    "else": "anything",
}
ACTIONS = {
    "read": "s3:GetObject",
    "create": "s3:PutObject",
    "overwrite": "s3:PutObject",
    "delete": "s3:DeleteObject",
    "purge": "s3:DeleteObjectVersion",
}
MODELS = {("read", kind) for kind in ("blob", "manifest", "verdict", "release")}
JOBS = {("read", kind) for kind in OBJECTS if kind.startswith("job")}
LOGGED = {("read", "prediction"), ("read", "prediction of a job")}
MADE = {(how, kind) for how in ("read", "create") for kind in ("job", "job's rows", "job's key")}
PUT_TOGETHER = {
    (how, kind) for how in ("create", "overwrite") for kind in ("job's results", "job's refusals")
}
MAY: dict[str, set[tuple[str, str]]] = {
    "PredictRole": MODELS | MADE,
    "JobsRole": (MODELS - {("read", "blob")}) | JOBS | MADE | {("create", "job's end")},
    "BatchRole": MODELS
    | JOBS
    | PUT_TOGETHER
    | {("read", "prediction of a job"), ("create", "prediction of a job")}
    | {("create", kind) for kind in ("job's part", "job's attempt", "job's next worker", "job's end")},
    "BatchMachineRole": set(),
    "BatchMachineLargeUploadRole": set(),
    "CatalogRole": MODELS,
    "FeedbackRole": (MODELS - {("read", "blob")}) | {("read", "feedback"), ("create", "feedback")},
    "ReleaseRole": MODELS
    | LOGGED
    | {("read", "feedback"), ("read", "trial")}
    | {("create", what) for what in ("verdict", "release", "trial")},
    "MonitorRole": MODELS | LOGGED | {("read", "feedback"), ("read", "report"), ("create", "report")},
    "OperationsRole": (MODELS - {("read", "blob")}) | LOGGED | {("read", "report"), ("create", "release")},
    "AuthorizerRole": set(),
    "DeliveryRole": {
        (how, what) for how in ("read", "create", "overwrite") for what in ("prediction", "unfiled")
    }
    # Firehose's prefix holds them; it files nothing there, and could replace nothing.
    | {("read", "prediction of a job"), ("create", "prediction of a job")},
    "SubscriptionRole": set(),
    "DeploymentRole": set(),
    "PublisherRole": MODELS | {("create", "blob"), ("create", "manifest")},
    "OperatorRole": MODELS
    | LOGGED
    | {("read", what) for what in ("feedback", "report", "trial")}
    | {("create", "release"), ("delete", "blob")},
    "GatewayLogsRole": set(),
}
"""Role to what it may do to which objects."""


def _roles() -> dict[str, dict]:
    return service().of("AWS::IAM::Role") | foundation().of("AWS::IAM::Role")


def test_every_role_has_a_rule():
    assert set(_roles()) == set(MAY)


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_to_objects_what_is_listed_and_nothing_else(role):
    properties = _roles()[role]
    (policy,) = service().of("AWS::S3::BucketPolicy").values()
    context = {
        "aws:SecureTransport": "true",
        "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role{properties.get('Path', '/')}{role}",
    }

    allowed = {
        (doing, kind)
        for doing, action in ACTIONS.items()
        for kind, key in OBJECTS.items()
        if may(
            statements(properties),
            Ask(
                action,
                f"arn:aws:s3:::{BUCKET}/{key}",
                context | ({"s3:if-none-match": "*"} if doing == "create" else {}),
            ),
            beside=policy["PolicyDocument"]["Statement"],
        )
    }

    assert allowed == MAY[role]


@pytest.mark.parametrize("role", MAY)
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutBucketPolicy", f"arn:aws:s3:::{BUCKET}"),
        ("s3:PutLifecycleConfiguration", f"arn:aws:s3:::{BUCKET}"),
        ("s3:PutBucketVersioning", f"arn:aws:s3:::{BUCKET}"),
        ("s3:DeleteBucket", f"arn:aws:s3:::{BUCKET}"),
        ("s3:GetObject", "arn:aws:s3:::another-bucket/blobs/sha256/aa"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:PredictFunction"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:PredictFunction"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/PredictRole"),
        ("kms:PutKeyPolicy", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SigningKey"),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SigningKey"),
        ("apigateway:GET", f"arn:aws:apigateway:{REGION}::/apikeys"),
        ("logs:GetLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/dasier/prod/predict:log-stream:x"),
    ],
)
def test_no_role_changes_the_rules_reads_keys_or_reaches_elsewhere(role, action, resource):
    assert not may(statements(_roles()[role]), Ask(action, resource))


READERS = sorted(role for role, allowed in MAY.items() if ("read", "manifest") in allowed)


@pytest.mark.parametrize("role", READERS)
def test_who_reads_is_told_that_an_object_is_not_there(role):
    """S3 answers 404 only to who may list, and no prefix is in the request for an object; else it answers 403."""
    assert may(statements(_roles()[role]), Ask("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"))


@pytest.mark.parametrize("role", ["PredictRole", "CatalogRole", "FeedbackRole", "PublisherRole"])
@pytest.mark.parametrize(
    "prefix", ["predictions/", "predictions/penguins/dt=2026-11-24/", "feedback/", "jobs/"]
)
def test_what_serves_and_publishes_lists_nothing_of_callers(role, prefix):
    ask = Ask("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": prefix})

    assert not may(statements(_roles()[role]), ask)


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("prefix", ["models/", "models/penguins/releases/"])
def test_who_reads_models_lists_them(role, prefix):
    assert may(
        statements(_roles()[role]), Ask("s3:ListBucket", f"arn:aws:s3:::{BUCKET}", {"s3:prefix": prefix})
    )


def test_only_a_publisher_signs():
    (key,) = foundation().of("AWS::KMS::Key").values()
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SigningKey"

    signing = {
        role
        for role, properties in _roles().items()
        if may(statements(properties), Ask("kms:Sign", arn))
        and may(
            key["KeyPolicy"]["Statement"],
            Ask(
                "kms:Sign",
                arn,
                {
                    "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role{properties.get('Path', '/')}{role}",
                    "kms:SigningAlgorithm": "ECDSA_SHA_256",
                },
            ),
        )
    }

    assert signing == {"PublisherRole"}


def test_an_administrator_does_not_sign_although_iam_would_let_them():
    (key,) = foundation().of("AWS::KMS::Key").values()
    ask = Ask(
        "kms:Sign",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SigningKey",
        {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/admin", "kms:SigningAlgorithm": "ECDSA_SHA_256"},
    )

    assert not may(key["KeyPolicy"]["Statement"], ask)


@pytest.mark.parametrize(
    "function",
    ["Predict", "Catalog", "Feedback", "Release", "Monitor", "Jobs", "Batch", "Operations", "Authorizer"],
)
def test_a_function_writes_into_its_own_log_alone(function):
    role = list(statements(_roles()[f"{function}Role"]))
    groups = [properties["LogGroupName"] for properties in service().of("AWS::Logs::LogGroup").values()]

    written = {
        group
        for group in groups
        if may(
            role, Ask("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:x")
        )
    }

    assert written == {f"/dasier/prod/{function.lower()}"}

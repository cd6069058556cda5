"""Too wide a permission: no `*` action or resource, and the serving role cannot write models."""

from __future__ import annotations

import re

import pytest

from tests.cloud.policies import several, statements
from tests.cloud.translated import foundation, service

MANAGED = {
    "DeploymentRole": "AWSCodeDeployRoleForLambdaLimited",  # AWS keeps the list of what a shift of aliases takes
    "GatewayLogsRole": "AmazonAPIGatewayPushToCloudWatchLogs",  # API Gateway refuses a role that may do less
}
"""Roles that AWS services assume, and AWS's own policy for each. No function has one."""
WIDE = re.compile(r"\*|arn:[^:]*:s3:::\*|arn:[^:]*:[a-z0-9-]+:[^:]*:[^:]*:\*$")
"""All resources, all buckets, or all that a service has."""


def _allowing() -> list[tuple[str, dict]]:
    found = []
    for stack in (service(), foundation()):
        for name, role in stack.of("AWS::IAM::Role").items():
            found += [(name, s) for s in statements(role)]
        for kind in ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"):
            for name, policy in stack.of(kind).items():
                found += [(name, s) for s in policy["PolicyDocument"]["Statement"]]
        for name, key in stack.of("AWS::KMS::Key").items():
            # In a key's policy `*` is the key itself, and nothing else can be written there.
            found += [(name, s | {"Resource": f"key:{name}"}) for s in key["KeyPolicy"]["Statement"]]
        for name, repository in stack.of("AWS::ECR::Repository").items():
            found += [(name, s) for s in repository["RepositoryPolicyText"]["Statement"]]
    return [(name, statement) for name, statement in found if statement["Effect"] == "Allow"]


def test_there_are_permissions_to_look_at():
    assert len(_allowing()) > 20


@pytest.mark.parametrize(
    ("who", "statement"), _allowing(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_permission_is_for_everything(who, statement):
    assert "NotAction" not in statement
    assert "NotResource" not in statement
    for action in several(statement["Action"]):
        assert "*" not in action, who
    for resource in several(statement.get("Resource", [])):
        assert not WIDE.match(resource), (who, resource)


def test_no_permission_is_for_everybody():
    for who, statement in _allowing():
        assert statement.get("Principal") not in ("*", {"AWS": "*"}), who


def test_policies_of_aws_are_those_that_are_listed():
    roles = service().of("AWS::IAM::Role") | foundation().of("AWS::IAM::Role")
    managed = {
        name: arn.rpartition("/")[2]
        for name, role in roles.items()
        for arn in role.get("ManagedPolicyArns", [])
    }

    assert managed == MANAGED


def test_every_function_has_a_role_of_its_own():
    functions = service().of("AWS::Lambda::Function")
    roles = [properties["Role"] for properties in functions.values()]

    assert len(set(roles)) == len(functions)
    assert not {role.rpartition("/")[2] for role in roles} & set(MANAGED)


def test_a_role_of_a_service_is_assumed_by_that_service_alone():
    for name, role in (service().of("AWS::IAM::Role")).items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]

        assert list(statement["Principal"]) == ["Service"], name
        assert isinstance(statement["Principal"]["Service"], str | list), name


def test_what_predicts_writes_nothing_but_its_log_and_what_a_caller_wants_answered_later():
    role = service().of("AWS::IAM::Role")["PredictRole"]

    actions = {action for statement in statements(role) for action in several(statement["Action"])}
    written = {
        resource.partition("/")[2]
        for statement in statements(role)
        if "s3:PutObject" in several(statement["Action"])
        for resource in several(statement["Resource"])
    }

    assert actions == {
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert written == {"jobs/*/job.json", "jobs/*/input", "jobs/keys/*"}

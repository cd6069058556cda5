"""An account in moto, with what `template.yaml` declares in it.

moto has no SAM transform, and its CloudFormation knows neither aliases nor subscription filters nor
delivery streams. So the resources are made one by one through the services themselves, with the very
properties that the translated template has, and a stack that holds the outputs is put beside them.
What moto does not do: it lets anybody do anything (roles and key policies count for nothing), no image
function runs, and no API answers.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from dasier.aws.account import Account
from tests.cloud.translated import ACCOUNT, BUCKET, REGION, Stack, service

NAME = "dasier-prod"


SESSION = boto3.Session("nobody", "nothing", region_name=REGION)
"""One for all tests: it reads the description of each service once."""
OURS = Account({"AWS_REGION": REGION}, SESSION)


def client(name: str) -> Any:
    return _client(name, os.environ.get("AWS_ENDPOINT_URL"))


@cache
def _client(name: str, _where: str | None) -> Any:
    return OURS.client(name)


def install(**parameters: str) -> str:
    """Make the foundation, then the stack, and give the public key that its functions believe."""
    key = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName="alias/dasier-prod", TargetKeyId=key)
    public = _public(key)
    client("apigateway").update_account(
        patchOperations=[
            {"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/logs"}
        ]
    )
    declare(f"{NAME}-foundation", {"SigningKey": "kms:alias/dasier-prod"}, {"Stage": "prod"})
    stack = service(TrustedKeys=public, **parameters)
    _bucket(stack)
    _functions(stack)
    _logs(stack)
    topic = _alarms(stack)
    plan, site = _api()
    outputs = stack.outputs | {"UsagePlanId": plan, "SiteKeyId": site}
    if topic:
        outputs["AlarmTopic"] = topic
    declare(NAME, outputs, {"Stage": "prod", "Alarms": parameters.get("Alarms", "on")})
    return public


def declare(name: str, outputs: dict[str, str], parameters: dict[str, str]) -> None:
    """Make a stack that has these outputs and parameters, and nothing else of note."""
    document = {
        "Parameters": {key: {"Type": "String", "Default": value} for key, value in parameters.items()},
        "Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(document))


def _public(key: str) -> str:
    import base64

    return base64.b64encode(client("kms").get_public_key(KeyId=key)["PublicKey"]).decode()


def _bucket(stack: Stack) -> None:
    (properties,) = stack.of("AWS::S3::Bucket").values()
    (policy,) = stack.of("AWS::S3::BucketPolicy").values()
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=properties["VersioningConfiguration"])
    s3.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"]
    )
    rules = [
        {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
        for rule in properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    ]
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": rules})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy["PolicyDocument"]))


def _functions(stack: Stack) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    role = client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    for properties in stack.of("AWS::Lambda::Function").values():
        client("lambda").create_function(
            FunctionName=properties["FunctionName"],
            PackageType="Image",
            Code=properties["Code"],
            Role=role,
            MemorySize=int(properties["MemorySize"]),
            Timeout=properties["Timeout"],
            Environment={"Variables": {n: str(v) for n, v in properties["Environment"]["Variables"].items()}},
        )
        publish(properties["FunctionName"])


def publish(function: str) -> None:
    """Let the alias `live` be what a function is now."""
    aws = client("lambda")
    version = aws.publish_version(FunctionName=function)["Version"]
    try:
        aws.create_alias(FunctionName=function, Name="live", FunctionVersion=version)
    except ClientError:  # it is there already
        aws.update_alias(FunctionName=function, Name="live", FunctionVersion=version)


def _logs(stack: Stack) -> None:
    logs = client("logs")
    for properties in stack.of("AWS::Logs::LogGroup").values():
        logs.create_log_group(logGroupName=properties["LogGroupName"])
    for properties in stack.of("AWS::KinesisFirehose::DeliveryStream").values():
        target = properties["ExtendedS3DestinationConfiguration"]
        arn = client("firehose").create_delivery_stream(
            DeliveryStreamName=properties["DeliveryStreamName"],
            ExtendedS3DestinationConfiguration={
                key: target[key] for key in ("BucketARN", "RoleARN", "Prefix")
            },
        )["DeliveryStreamARN"]
    for properties in stack.of("AWS::Logs::SubscriptionFilter").values():
        logs.put_subscription_filter(
            logGroupName=properties["LogGroupName"],
            filterName="predictions",
            filterPattern=properties["FilterPattern"],
            destinationArn=arn,
            roleArn=properties["RoleArn"],
        )


def _alarms(stack: Stack) -> str | None:
    if not stack.of("AWS::SNS::Topic"):
        return None
    topic = client("sns").create_topic(Name="dasier-prod-alarms")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")
    for properties in stack.of("AWS::CloudWatch::Alarm").values():
        kept = {key: value for key, value in properties.items() if key not in {"AlarmActions", "Threshold"}}
        client("cloudwatch").put_metric_alarm(
            **kept, AlarmActions=[topic], Threshold=float(properties["Threshold"])
        )
    return topic


def _api() -> tuple[str, str]:
    gateway = client("apigateway")
    plan = gateway.create_usage_plan(name="dasier-prod")["id"]
    site = gateway.create_api_key(name="site", enabled=True)["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=site, keyType="API_KEY")
    return plan, site

"""What `template.yaml` becomes when AWS SAM has translated it, and what stands beside it."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from samtranslator.yaml_helper import yaml_parse

from dasier import layout
from dasier.cost.estimate import Usage, busy
from dasier.cost.prices import read_prices
from tests.cloud.translated import ACCOUNT, BUCKET, REGION, ROOT, body, foundation, samconfig, service

METRICS = {"latency_ms", "errors", "refusals", "fallbacks"}
"""What versions count; `test_the_metrics_are_those_that_are_sent` holds it to what they send."""
FUNCTIONS = service().of("AWS::Lambda::Function")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_the_image_with_a_command_of_its_own(name):
    properties = FUNCTIONS[name]

    assert properties["PackageType"] == "Image"
    assert properties["Code"]["ImageUri"].startswith(f"{ACCOUNT}.dkr.ecr.")
    (command,) = properties["ImageConfig"]["Command"]
    assert command.startswith("functions.")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_writes_json_into_a_log_group_that_forgets(name):
    groups = {p["LogGroupName"]: p for p in service().of("AWS::Logs::LogGroup").values()}
    logging = FUNCTIONS[name]["LoggingConfig"]

    assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", "INFO")
    assert 0 < groups[logging["LogGroup"]]["RetentionInDays"] <= 30


def test_the_log_that_carries_predictions_forgets_first():
    groups = {p["LogGroupName"]: p["RetentionInDays"] for p in service().of("AWS::Logs::LogGroup").values()}

    assert groups["/dasier/prod/predict"] == 3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_code_takes_over_gradually_and_an_alarm_takes_it_back(name):
    stack = service()
    group = stack.of("AWS::CodeDeploy::DeploymentGroup")[f"{name}DeploymentGroup"]
    alias = stack.resources[f"{name}Aliaslive"]

    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    watched = {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]}
    assert watched <= {alarm["AlarmName"] for alarm in stack.of("AWS::CloudWatch::Alarm").values()}
    assert {"dasier-prod-api-errors", "dasier-prod-predict-errors"} <= watched
    assert (
        alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]
        == f"{name}DeploymentGroup"
    )


@pytest.mark.parametrize("name", ["dasier-prod-predict", "dasier-prod-release"])
def test_an_alarm_watches_the_alias_that_is_reached(name):
    errors = [
        {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        for alarm in service().of("AWS::CloudWatch::Alarm").values()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    ]

    assert {"FunctionName": name, "Resource": f"{name}:live"} in errors


NAMED_KEY = "a/long/name/of/a/secret:SecretString:::0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
WHO = {
    "OidcIssuer": "https://a.example",
    "OidcAudience": "a",
    "OidcGroupsClaim": "a",
    "OidcOperators": "a",
    "OidcViewers": "a",
}
"""What the authorizer is told, and no other function."""


@pytest.mark.parametrize(
    "parameters",
    [
        {"MemoryMb": "2048"},
        {"TrustedKeys": "BBBB"},
        {"BodyLimitBytes": "1"},
        {"FanOutBytes": "1"},
        {"Architecture": "arm64"},
        {"PersonalKeySecret": NAMED_KEY},
        *({name: value} for name, value in WHO.items()),
    ],
)
def test_a_change_of_settings_publishes_a_new_version_too(parameters):
    """A version is replaced when its description changes; its logical id does not tell parameters apart."""
    described, changed = (
        {name: version["Description"] for name, version in service(**told).of("AWS::Lambda::Version").items()}
        for told in ({}, parameters)
    )

    told_who = bool(WHO.keys() & parameters.keys())
    for name, function in FUNCTIONS.items():
        same = {d for n, d in described.items() if n.startswith(name)} == {
            d for n, d in changed.items() if n.startswith(name)
        }
        told = told_who == (name == "AuthorizerFunction") or "Architecture" in parameters
        assert same != told, function["FunctionName"]


def test_the_longest_settings_of_the_authorizer_fit_into_a_versions_description():
    known = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    longest = {name: "a" * known[name]["MaxLength"] for name in WHO}
    longest["OidcIssuer"] = "https://".ljust(known["OidcIssuer"]["MaxLength"], "a")

    descriptions = service(**longest).of("AWS::Lambda::Version").values()

    assert 240 < max(len(version["Description"]) for version in descriptions) <= 256


def test_the_authorizer_is_told_whom_to_believe_and_nobody_else_is():
    told = {
        name
        for name, function in FUNCTIONS.items()
        if any(key.startswith("DASIER_OIDC") for key in function["Environment"]["Variables"])
    }

    assert told == {"AuthorizerFunction"}
    assert FUNCTIONS["AuthorizerFunction"]["Environment"]["Variables"]["DASIER_OIDC_ISSUER"] == ""


def test_the_key_of_personal_columns_comes_from_where_secrets_are_kept_and_goes_to_those_that_log_and_watch():
    with_key = service(PersonalKeySecret=NAMED_KEY).of("AWS::Lambda::Function")
    given = {
        name: function["Environment"]["Variables"].get("DASIER_PERSONAL_KEY")
        for name, function in with_key.items()
    }

    assert {name for name, value in given.items() if value} == {
        "PredictFunction",
        "BatchFunction",
        "MonitorFunction",
    }
    assert set(given.values()) == {None, f"{{{{resolve:secretsmanager:{NAMED_KEY}}}}}"}
    assert "DASIER_PERSONAL_KEY" not in str(FUNCTIONS)


def test_a_secret_is_named_with_its_version_where_cloudformation_reads_a_version():
    """A reference is ID:SecretString:JSON-KEY:VERSION-STAGE:VERSION-ID: an id in the stage's place is found nowhere."""
    allowed = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]["PersonalKeySecret"][
        "AllowedPattern"
    ]
    name, kind, json_key, stage, version = NAMED_KEY.split(":")

    assert re.fullmatch(allowed, NAMED_KEY)
    assert re.fullmatch(allowed, "")
    assert (kind, json_key, stage) == ("SecretString", "", "")
    assert not re.fullmatch(allowed, f"{name}:SecretString::{version}")
    assert not re.fullmatch(allowed, name)


def test_two_keys_of_kms_fit_into_a_versions_description_beside_the_largest_settings():
    der = (
        generate_private_key(SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    key = base64.b64encode(der).decode()

    largest = {"MemoryMb": "10240", "BodyLimitBytes": "6000000", "FanOutBytes": "5368709120"}
    descriptions = (
        service(TrustedKeys=f"{key},{key}", PersonalKeySecret=NAMED_KEY, **largest)
        .of("AWS::Lambda::Version")
        .values()
    )
    (description,) = {one["Description"] for one in descriptions if "MB" in one["Description"]}

    assert 128 < len(description) <= 256
    assert key[36:] in description


def test_the_architecture_is_a_parameter_of_all_functions():
    arm = service(Architecture="arm64").of("AWS::Lambda::Function").values()

    assert {tuple(function["Architectures"]) for function in arm} == {("arm64",)}


def test_two_rehearsals_fit_into_the_gates_memory():
    from dasier.rehearsal import Limits

    libraries_mb, gate_mb = 200, 250
    each_mb = Limits().memory_bytes / 1024**2 + libraries_mb

    assert 2 * each_mb + gate_mb <= FUNCTIONS["ReleaseFunction"]["MemorySize"] <= 3008


# --- the bucket --------------------------------------------------------------------------------------


def test_the_bucket_is_private_encrypted_versioned_and_outlives_the_stack():
    bucket = service().resources["Bucket"]
    properties = bucket["Properties"]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_nothing_that_a_version_needs_expires():
    rules = service().resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    expiring = {rule.get("Prefix", "") for rule in rules if "ExpirationInDays" in rule}

    assert expiring == {"predictions/", "unfiled/", "jobs/", "trials/"}
    assert any(rule.get("AbortIncompleteMultipartUpload") for rule in rules)
    assert any(rule.get("NoncurrentVersionExpiration") for rule in rules)


def test_the_bucket_is_named_as_the_functions_and_roles_compose_it():
    registries = {f["Environment"]["Variables"]["DASIER_REGISTRY"] for f in FUNCTIONS.values()}

    assert (
        registries
        == {f"s3://{service().resources['Bucket']['Properties']['BucketName']}"}
        == {f"s3://{BUCKET}"}
    )


# --- the log of predictions --------------------------------------------------------------------------


def test_predictions_go_from_the_functions_log_to_a_folder_for_each_model_and_day():
    stack = service()
    (subscription,) = stack.of("AWS::Logs::SubscriptionFilter").values()
    (stream,) = stack.of("AWS::KinesisFirehose::DeliveryStream").values()
    target = stream["ExtendedS3DestinationConfiguration"]

    assert subscription["LogGroupName"] == FUNCTIONS["PredictFunction"]["LoggingConfig"]["LogGroup"]
    assert subscription["FilterPattern"] == '{ $.kind = "prediction" }'
    assert subscription["DestinationArn"].endswith("deliverystream/dasier-prod-predictions")
    assert target["BucketARN"] == f"arn:aws:s3:::{BUCKET}"
    assert target["Prefix"] == "predictions/!{partitionKeyFromQuery:model}/dt=!{partitionKeyFromQuery:day}/"
    assert (target["CompressionFormat"], target["FileExtension"]) == ("UNCOMPRESSED", ".jsonl")
    assert target["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 64}
    assert target["DynamicPartitioningConfiguration"]["Enabled"] is True


def test_an_envelope_is_opened_before_it_is_read_and_every_line_ends():
    (stream,) = service().of("AWS::KinesisFirehose::DeliveryStream").values()
    processors = stream["ExtendedS3DestinationConfiguration"]["ProcessingConfiguration"]["Processors"]
    parameters = {
        (p["Type"], q["ParameterName"]): q["ParameterValue"] for p in processors for q in p["Parameters"]
    }

    assert [processor["Type"] for processor in processors] == [
        "Decompression",
        "CloudWatchLogProcessing",
        "RecordDeAggregation",
        "MetadataExtraction",
        "AppendDelimiterToRecord",
    ]
    assert parameters["MetadataExtraction", "MetadataExtractionQuery"] == "{model: .model, day: .time[0:10]}"
    assert parameters["AppendDelimiterToRecord", "Delimiter"] == "\\n"


def test_every_key_of_the_prefix_is_taken_from_the_line():
    (stream,) = service().of("AWS::KinesisFirehose::DeliveryStream").values()
    target = stream["ExtendedS3DestinationConfiguration"]
    (query,) = [
        q["ParameterValue"]
        for p in target["ProcessingConfiguration"]["Processors"]
        for q in p["Parameters"]
        if q["ParameterName"] == "MetadataExtractionQuery"
    ]

    asked = set(re.findall(r"partitionKeyFromQuery:(\w+)", target["Prefix"]))

    assert asked == set(re.findall(r"(\w+): \.", query))


# --- the API -----------------------------------------------------------------------------------------


def test_access_logs_are_json_and_hold_neither_addresses_nor_keys():
    (stage,) = service().of("AWS::ApiGateway::Stage").values()
    line = stage["AccessLogSetting"]["Format"]

    assert {"request_id", "key_id", "resource", "status", "latency_ms"} <= set(json.loads(line))
    assert "sourceIp" not in line
    assert 'apiKey"' not in line
    assert '$context.path"' not in line  # holds what the client wrote
    assert stage["AccessLogSetting"]["DestinationArn"].startswith(
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/dasier"
    )


def test_all_callers_together_are_throttled_and_bodies_are_not_logged():
    (stage,) = service().of("AWS::ApiGateway::Stage").values()
    (setting,) = stage["MethodSettings"]

    assert (setting["ResourcePath"], setting["HttpMethod"]) == ("/*", "*")
    assert setting["ThrottlingRateLimit"] > 0
    assert (setting["LoggingLevel"], setting["DataTraceEnabled"]) == ("OFF", False)


def test_what_api_gateway_refuses_is_a_problem_document():
    (api,) = service().of("AWS::ApiGateway::RestApi").values()
    answers = api["Body"]["x-amazon-apigateway-gateway-responses"]

    assert {"DEFAULT_4XX", "DEFAULT_5XX", "INVALID_API_KEY", "THROTTLED", "REQUEST_TOO_LARGE"} <= set(answers)
    for answer in answers.values():
        parameters = answer["responseParameters"]
        assert parameters["gatewayresponse.header.content-type"] == "'application/problem+json'"
        written = answer["responseTemplates"]["application/json"]
        said = json.loads(
            re.sub(
                r"(?<!\")\$context[\w.]+(?!\")", "0", written.replace("$context.error.messageString", '""')
            )
        )
        assert {"type", "title", "status", "instance"} <= set(said)


# --- alarms, dashboard, parameters -------------------------------------------------------------------


def test_every_alarm_tells_the_topic_and_is_quiet_without_data():
    for name, alarm in service().of("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == ["AlarmTopic"], name
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert alarm["AlarmDescription"], name


def test_what_is_free_is_enough_for_the_alarms_of_one_stage():
    assert len(service().of("AWS::CloudWatch::Alarm")) <= 10


def test_alarms_and_dashboard_can_be_left_out():
    stack = service(Alarms="off", Dashboard="off")

    for kind in (
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::Logs::MetricFilter",
        "AWS::SNS::Topic",
    ):
        assert not stack.of(kind)
    for group in stack.of("AWS::CodeDeploy::DeploymentGroup").values():
        assert not group["AlarmConfiguration"].get("Alarms")


def test_an_address_subscribes_to_alarms_only_where_there_are_any():
    assert service(AlarmEmail="a@example.org").of("AWS::SNS::Subscription")
    assert not service(AlarmEmail="a@example.org", Alarms="off").of("AWS::SNS::Subscription")


def test_the_dashboard_shows_every_metric_of_the_model_that_is_chosen():
    (dashboard,) = service().of("AWS::CloudWatch::Dashboard").values()
    drawn = body(dashboard["DashboardBody"])
    (variable,) = drawn["variables"]
    searches = re.findall(
        r"SEARCH\('\{(\S+)\} MetricName=\"(\w+)\" model=\"(\w+)\"",
        dashboard["DashboardBody"].replace('\\"', '"'),
    )

    assert {metric for _, metric, _ in searches} == METRICS
    assert {where for where, _, _ in searches} == {"DASIER/prod,model,version"}
    assert {model for _, _, model in searches} == {variable["pattern"]}
    assert variable["populateFrom"] == "model"


@pytest.fixture(scope="module")
def lines():
    """Give what the function prints of a cold start: of the version that it loads, and of the prediction."""
    from dasier.serving.exchange import handler
    from dasier.serving.prediction_log import Lines
    from functions import predict
    from tests import models

    shop, stream = models.Shop(), io.BytesIO()
    shop.publish(models.constant())
    serving = shop.service()
    serving.prediction_log = Lines(stream)
    event = {
        "resource": "/models/{name}/predict",
        "httpMethod": "POST",
        "pathParameters": {"name": "constant"},
        "headers": {"content-type": "application/json"},
        "body": '{"instances": [{"x": 0.5}]}',
    }
    assert handler(predict.ROUTES, serve=lambda: serving)(event, None)["statusCode"] == 200
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture(scope="module")
def record(lines):
    """Give the record of a prediction as the function writes it."""
    return next(line for line in lines if line["kind"] == "prediction")


def test_the_metrics_that_are_drawn_are_those_that_are_sent(record):
    of_versions, of_all = record["_aws"]["CloudWatchMetrics"]

    assert set(record) >= METRICS
    assert of_versions["Dimensions"] == [["model", "version"], []]
    assert {metric["Name"] for metric in of_versions["Metrics"]} <= METRICS
    assert (of_all["Dimensions"], [metric["Name"] for metric in of_all["Metrics"]]) == ([[]], ["rows"])


def test_what_is_drawn_for_all_models_is_sent_for_all_together(lines):
    (dashboard,) = service().of("AWS::CloudWatch::Dashboard").values()
    drawn = [
        widget["properties"]["metrics"]
        for widget in body(dashboard["DashboardBody"])["widgets"]
        if widget["type"] == "metric" and widget["properties"]["metrics"][0][0] == "DASIER/prod"
    ]
    sent = {
        metric["Name"]
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        if [] in directive["Dimensions"]
        for metric in directive["Metrics"]
    }

    assert len(drawn) == 3
    # What nothing went wrong for is not sent, so that it costs nothing.
    unsent = {"errors", "refusals", "fallbacks", "load_refusals"}
    assert {metric[1] for metrics in drawn for metric in metrics} == sent | unsent


def test_busy_hours_cost_as_many_metrics_as_are_sent(lines):
    """`dasier.cost` counts them: nothing but latency has a metric for each version as long as all is well."""
    sent = [
        (len(dimensions), metric["Name"])
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    ]
    one, ten = (busy(Usage(busy_models=models), read_prices("us-east-1"))[0].quantity for models in (1, 10))

    assert sorted(name for depth, name in sent if depth) == ["latency_ms"]
    assert (one, ten) == (len(sent), len(sent) + 9)


def test_alarms_on_versions_are_on_metrics_that_are_sent_for_all_together():
    namespace = FUNCTIONS["PredictFunction"]["Environment"]["Variables"]["DASIER_METRICS_NAMESPACE"]
    own = [a for a in service().of("AWS::CloudWatch::Alarm").values() if a["Namespace"] == namespace]

    assert {alarm["MetricName"] for alarm in own} == {
        "errors",
        "fallbacks",
        "versions_refused",
        "drift_alarms",
    }
    assert not any("Dimensions" in alarm for alarm in own)


def test_a_record_passes_the_filter_and_is_filed_where_it_is_looked_for(record):
    (stream,) = service().of("AWS::KinesisFirehose::DeliveryStream").values()
    keys = {"model": record["model"], "day": record["time"][0:10]}

    prefix = stream["ExtendedS3DestinationConfiguration"]["Prefix"]
    for name, value in keys.items():
        prefix = prefix.replace(f"!{{partitionKeyFromQuery:{name}}}", value)

    assert record["kind"] == "prediction"
    assert prefix == layout.predictions(record["model"], record["time"][:10])


def test_every_parameter_says_what_it_is():
    for name in ("template.yaml", "foundation.yaml", "people.yaml"):
        parameters = yaml_parse((ROOT / name).read_text())["Parameters"]

        assert all(parameter["Description"] for parameter in parameters.values())


@pytest.mark.parametrize("stage", ["default", "staging", "prod"])
def test_a_stage_is_configured_with_parameters_that_there_are(stage):
    config = samconfig()
    known = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    given = dict(
        entry.split("=", 1) for entry in config[stage]["deploy"]["parameters"]["parameter_overrides"]
    )

    assert set(given) <= set(known)
    for name, value in given.items():
        allowed = known[name].get("AllowedValues")
        assert allowed is None or value in map(str, allowed), name
    # CloudFormation refuses a stack whose keys were never filled in.
    assert not re.fullmatch(known["TrustedKeys"]["AllowedPattern"], "FILL-IN")
    assert config[f"{stage}-foundation"]["deploy"]["parameters"]["parameter_overrides"] == [
        f"Stage={given['Stage']}"
    ]
    assert config[stage]["global"]["parameters"]["stack_name"] == f"dasier-{given['Stage']}"


# --- the foundation ----------------------------------------------------------------------------------


def test_the_signing_key_is_of_the_kind_that_functions_verify_and_survives_the_stack():
    key = foundation().resources["SigningKey"]

    assert (key["Properties"]["KeySpec"], key["Properties"]["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert key["DeletionPolicy"] == "Retain"
    assert foundation().outputs["SigningKey"] == "kms:alias/dasier-prod"


def test_images_that_are_no_longer_deployed_are_forgotten():
    (repository,) = foundation().of("AWS::ECR::Repository").values()
    rules = body(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]

    assert {rule["selection"]["countType"] for rule in rules} == {"sinceImagePushed", "imageCountMoreThan"}
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_what_the_command_and_the_site_read_is_an_output():
    assert {"ApiUrl", "Registry", "TrustedKeys", "UsagePlanId", "SiteKeyId"} <= set(service().outputs)
    assert {"ImageRepository", "SigningKey", "PublisherRole", "OperatorRole"} <= set(foundation().outputs)

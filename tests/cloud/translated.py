"""The templates as CloudFormation would get them: `template.yaml` translated as AWS SAM does it, and read.

`stack()` gives the resources with every reference resolved, for made-up parameters and account, so
that tests can ask what a role may do, or what wakes a function, without knowing CloudFormation.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION, PARTITION = "123456789012", "eu-west-3", "aws"
BUCKET = f"dasier-prod-{ACCOUNT}-{REGION}"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/dasier-prod:predictfunction-0123456789ab-dasier"

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": PARTITION,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "dasier-prod",
    "AWS::NoValue": None,
}
_NAMES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
}
"""What names a resource of a type; others are called by their logical id here."""


@dataclass(frozen=True)
class Stack:
    """A template with nothing left to resolve."""

    parameters: dict[str, Any]
    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give the properties of the resources of a type, by logical id."""
        return {n: r.get("Properties", {}) for n, r in self.resources.items() if r["Type"] == kind}


@cache
def service(**parameters: str) -> Stack:
    """Give the stack of `template.yaml`."""
    document = yaml_parse((ROOT / "template.yaml").read_text())
    # What `sam package` writes there.
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["ImageUri"] = IMAGE
    values = {"TrustedKeys": "AAAA"} | parameters
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    plain = translator.translate(copy.deepcopy(document), values)
    return _resolved(plain, values)


@cache
def foundation(**parameters: str) -> Stack:
    """Give the stack of `foundation.yaml`."""
    return _resolved(yaml_parse((ROOT / "foundation.yaml").read_text()), dict(parameters))


def samconfig() -> dict[str, Any]:
    """Give what `sam` is told for each stage."""
    import tomllib

    return tomllib.loads((ROOT / "samconfig.toml").read_text())


def _resolved(document: dict[str, Any], given: dict[str, str]) -> Stack:
    defaults = {n: p.get("Default") for n, p in document.get("Parameters", {}).items()}
    parameters = defaults | given
    resolver = _Resolver(parameters, document.get("Resources", {}), document.get("Conditions", {}))
    resources = {
        name: resolver.value(resource)
        for name, resource in document["Resources"].items()
        if resolver.holds(resource.get("Condition"))
    }
    outputs = {
        name: resolver.value(output["Value"])
        for name, output in document.get("Outputs", {}).items()
        if resolver.holds(output.get("Condition"))
    }
    return Stack(parameters, resources, outputs)


@dataclass(frozen=True)
class _Resolver:
    parameters: dict[str, Any]
    resources: dict[str, Any]
    conditions: dict[str, Any]

    def value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [found for item in node if (found := self.value(item)) is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, argument), *_ = node.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._call(key.removeprefix("Fn::"), argument)
        return {k: v for k, item in node.items() if (v := self.value(item)) is not None}

    def holds(self, condition: Any) -> bool:
        """Say whether a condition holds; what has none always does."""
        if condition is None or isinstance(condition, str):
            return condition is None or self.holds(self.conditions[condition])
        ((key, argument),) = condition.items()
        judged: dict[str, Callable[[], bool]] = {
            "Condition": lambda: self.holds(argument),
            "Fn::Not": lambda: not self.holds(argument[0]),
            "Fn::And": lambda: all(self.holds(part) for part in argument),
            "Fn::Or": lambda: any(self.holds(part) for part in argument),
            "Fn::Equals": lambda: self.value(argument[0]) == self.value(argument[1]),
        }
        return judged[key]()

    def _call(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(argument)
            case "Sub":
                text, own = (argument, {}) if isinstance(argument, str) else argument
                return re.sub(r"\$\{([^!}]+)\}", lambda found: str(self._part(found[1], own)), text)
            case "GetAtt":
                return self._attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
            case "Join":
                return argument[0].join(str(self.value(part)) for part in self.value(argument[1]))
            case "Split" | "Select":
                first, of = argument[0], self.value(argument[1])
                return str(of).split(first) if name == "Split" else of[int(first)]
            case "If":
                return self.value(argument[1 if self.holds(argument[0]) else 2])
        raise NotImplementedError(name)

    def _part(self, name: str, own: dict[str, Any]) -> Any:
        if name in own:
            return self.value(own[name])
        return self._attribute(*name.split(".", 1)) if "." in name else self._ref(name)

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return self._named(name)

    def _named(self, name: str) -> str:
        """Give what CloudFormation gives for a reference to a resource: its name, here often its logical id."""
        resource = self.resources[name]
        key = _NAMES.get(resource["Type"])
        return str(self.value(resource["Properties"][key])) if key else name

    def _attribute(self, name: str, attribute: str) -> str:
        if attribute != "Arn":
            return f"{self._named(name)}.{attribute}"
        path = self.value(self.resources[name].get("Properties", {}).get("Path", "/"))
        here = f"{REGION}:{ACCOUNT}"
        arns = {
            "AWS::S3::Bucket": f"arn:aws:s3:::{self._named(name)}",
            "AWS::Logs::LogGroup": f"arn:aws:logs:{here}:log-group:{self._named(name)}:*",
            "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role{path}{name}",
            "AWS::KinesisFirehose::DeliveryStream": f"arn:aws:firehose:{here}:deliverystream/{self._named(name)}",
            "AWS::KMS::Key": f"arn:aws:kms:{here}:key/{name}",
            "AWS::Lambda::Function": f"arn:aws:lambda:{here}:function:{self._named(name)}",
            "AWS::Events::Rule": f"arn:aws:events:{here}:rule/{name}",
        }
        return arns[self.resources[name]["Type"]]


def body(text: str) -> Any:
    """Read a JSON document that stands in a template as text."""
    return json.loads(text)

"""What a stage has that is paid for whether or not anybody asks, as the templates declare it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.errors import SettingsInvalid
from dasier.local.template import read_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MINUTES_A_MONTH = 730 * 60
_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is declared.

    Attributes
    ----------
    architecture : str
    memory_mb : mapping of handler's module to memory
        ``predict`` to 1769.
    wakings : mapping of handler's module to how often a month the clock wakes it
    alarms, dashboards, keys, repositories, streams : int
    """

    architecture: str
    memory_mb: Mapping[str, int]
    wakings: Mapping[str, float]
    alarms: int
    dashboards: int
    keys: int
    repositories: int
    streams: int


def take(root: Path, parameters: Mapping[str, str] | None = None) -> Inventory:
    """Give what `template.yaml` and `foundation.yaml` declare, for these parameters.

    Raises
    ------
    SettingsInvalid
        If a parameter is not one of the template's, or a schedule is of another form.
    """
    service, foundation = read_document(root / "template.yaml"), read_document(root / "foundation.yaml")
    given = dict(parameters or {})
    unknown = sorted(set(given) - set(service["Parameters"]))
    if unknown:
        raise SettingsInvalid([f"template.yaml has no parameter {name}" for name in unknown])
    values = {name: p.get("Default") for name, p in service["Parameters"].items()} | given
    conditions = service.get("Conditions", {})
    there = [
        resource
        for resource in service["Resources"].values()
        if _holds(resource.get("Condition"), conditions, values)
    ] + list(foundation["Resources"].values())
    counted = [resource["Type"] for resource in there]
    functions = {
        _module(resource): resource["Properties"]
        for resource in there
        if resource["Type"] == "AWS::Serverless::Function"
    }
    return Inventory(
        architecture=str(values["Architecture"]),
        memory_mb={name: int(_value(p.get("MemorySize", 128), values)) for name, p in functions.items()},
        wakings={
            name: sum(
                _wakings(str(event["Properties"]["Schedule"]))
                for event in p.get("Events", {}).values()
                if event["Type"] in {"Schedule", "ScheduleV2"}
            )
            for name, p in functions.items()
        },
        alarms=counted.count("AWS::CloudWatch::Alarm"),
        dashboards=counted.count("AWS::CloudWatch::Dashboard"),
        keys=counted.count("AWS::KMS::Key"),
        repositories=counted.count("AWS::ECR::Repository"),
        streams=counted.count("AWS::KinesisFirehose::DeliveryStream"),
    )


def _module(function: Mapping[str, Any]) -> str:
    return str(function["Properties"]["ImageConfig"]["Command"][0].split(".")[1])


def _value(node: Any, values: Mapping[str, Any]) -> Any:
    return values[node["Ref"]] if isinstance(node, dict) and "Ref" in node else node


def _holds(condition: Any, conditions: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    if condition is None:
        return True
    if isinstance(condition, str):
        return _holds(conditions[condition], conditions, values)
    ((kind, parts),) = condition.items()
    if kind == "Condition":
        return _holds(parts, conditions, values)
    if kind == "Fn::Equals":
        return str(_value(parts[0], values)) == str(_value(parts[1], values))
    held = [_holds(part, conditions, values) for part in parts]
    return {"Fn::And": all(held), "Fn::Or": any(held), "Fn::Not": not held[0]}[kind]


def _wakings(schedule: str) -> float:
    """Give how often a month a schedule wakes a function.

    >>> _wakings("rate(5 minutes)")
    8760.0
    """
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    if not found:
        raise SettingsInvalid(
            [f"how often {schedule!r} is in a month is not known here: only rate(…) is read"]
        )
    return MINUTES_A_MONTH / (int(found[1]) * _MINUTES[found[2]])

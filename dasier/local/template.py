"""Read `template.yaml`: the routes, events and handlers that AWS SAM deploys.

Only what the local gateway needs is read; what CloudFormation's functions (``!Ref``, ``!Sub`` …)
would give is left as they were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from dasier.errors import SettingsInvalid

if TYPE_CHECKING or not hasattr(yaml, "CSafeLoader"):
    from yaml import SafeLoader as _Safe
else:  # libyaml reads the template in a twelfth of the time, which every start of a server pays
    from yaml import CSafeLoader as _Safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FUNCTION = "AWS::Serverless::Function"
_API = "AWS::Serverless::Api"
_TIMEOUT_S, _MEMORY_MB = 3, 128
"""What Lambda gives a function that asks for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the template.

    Attributes
    ----------
    name : str
        Its logical id.
    handler : str
        ``package.module.attribute``, as `ImageConfig.Command` names it.
    timeout_s, memory_mb : int
    """

    name: str
    handler: str
    timeout_s: int = _TIMEOUT_S
    memory_mb: int = _MEMORY_MB

    @property
    def target(self) -> tuple[str, str]:
        """The module and the attribute in it."""
        module, _, attribute = self.handler.rpartition(".")
        return module, attribute


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path of the API, and the function that answers it.

    Attributes
    ----------
    method : str
        In upper case; ``ANY`` for all.
    path : str
        As API Gateway writes it: ``/models/{name}``, ``/{proxy+}``.
    function : Function
    key_required : bool
        Whether AWS asks for an API key.
    authorizer : Function or None
        What says who is signed in before the function is woken.
    """

    method: str
    path: str
    function: Function
    key_required: bool
    authorizer: Function | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTrigger:
    """A function that an object of the bucket wakes."""

    function: Function
    prefix: str = ""
    suffix: str = ""

    def matches(self, key: str) -> bool:
        """Say whether an object under this key wakes it."""
        return key.startswith(self.prefix) and key.endswith(self.suffix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A function that the clock wakes."""

    function: Function
    expression: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What the gateway takes from the template."""

    functions: tuple[Function, ...]
    routes: tuple[Route, ...]
    store_triggers: tuple[StoreTrigger, ...]
    schedules: tuple[Schedule, ...]


class _Loader(_Safe):
    """Safe YAML, with CloudFormation's tags."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the only kind left
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


def read_template(path: Path) -> Template:
    """Give the routes and events of a template.

    Raises
    ------
    SettingsInvalid
        If it is not there, is not YAML, or a function in it has no handler.
    """
    document = read_document(path)
    resources: Mapping[str, Any] = document.get("Resources", {})
    defaults = document.get("Globals", {}).get("Function", {})
    functions = {
        name: _function(name, defaults | resource["Properties"], path)
        for name, resource in resources.items()
        if resource["Type"] == _FUNCTION
    }
    apis = [resource.get("Properties", {}) for resource in resources.values() if resource["Type"] == _API]
    authorizers = {name: functions[by] for api in apis for name, by in _authorizers(api)}
    events = [
        (functions[name], event["Type"], event.get("Properties", {}))
        for name in functions
        for event in resources[name]["Properties"].get("Events", {}).values()
    ]
    return Template(
        functions=tuple(functions.values()),
        routes=tuple(_routes(events, authorizers, key_by_default=any(map(_requires_key, apis)))),
        store_triggers=tuple(
            StoreTrigger(function=function, **_filter(event))
            for function, kind, event in events
            if kind == "S3"
        ),
        schedules=tuple(
            Schedule(function=function, expression=str(event["Schedule"]))
            for function, kind, event in events
            if kind in {"Schedule", "ScheduleV2"}
        ),
    )


def read_document(path: Path) -> dict[str, Any]:
    """Give a template as it is written; ``!Ref X`` as ``{"Ref": "X"}``, as CloudFormation has it.

    Raises
    ------
    SettingsInvalid
        If it is not there, or is not YAML.
    """
    try:
        document: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except (OSError, yaml.YAMLError) as error:
        raise SettingsInvalid([f"{path} cannot be read as a SAM template"]) from error
    return document


def _function(name: str, properties: Mapping[str, Any], path: Path) -> Function:
    command = properties.get("ImageConfig", {}).get("Command") or [properties.get("Handler")]
    handler = command[0]
    if not isinstance(handler, str) or "." not in handler:
        raise SettingsInvalid([f"{path}: {name} names no handler in ImageConfig.Command"])
    timeout, memory = properties.get("Timeout"), properties.get("MemorySize")
    return Function(
        name=name,
        handler=handler,
        timeout_s=timeout if isinstance(timeout, int) else _TIMEOUT_S,
        memory_mb=memory if isinstance(memory, int) else _MEMORY_MB,
    )


def _routes(
    events: list[tuple[Function, str, Any]], authorizers: Mapping[str, Function], *, key_by_default: bool
) -> Iterator[Route]:
    for function, kind, event in events:
        if kind == "Api":
            asked = event.get("Auth", {})
            own, by = asked.get("ApiKeyRequired"), asked.get("Authorizer")
            yield Route(
                method=str(event["Method"]).upper(),
                path=str(event["Path"]),
                function=function,
                key_required=key_by_default if own is None else bool(own),
                # One that there is not is an error here, and no open route.
                authorizer=None if by is None else authorizers[by],
            )


def _requires_key(api: Mapping[str, Any]) -> bool:
    return bool(api.get("Auth", {}).get("ApiKeyRequired", False))


def _authorizers(api: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give each authorizer's name, and the function that it is."""
    for name, told in api.get("Auth", {}).get("Authorizers", {}).items():
        yield name, str(told["FunctionArn"]["Ref"]).removesuffix(".Alias")


def _filter(event: Mapping[str, Any]) -> dict[str, str]:
    rules = event.get("Filter", {}).get("S3Key", {}).get("Rules", [])
    return {str(rule["Name"]).lower(): str(rule["Value"]) for rule in rules}

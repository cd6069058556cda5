"""A stack that `sam deploy` made: where its registry and API are, and which keys go with it.

Commands take it wherever they take a registry or an address: ``--registry stack:dasier-prod``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.aws.account import Account, refusals
from dasier.errors import AwsRefused, SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME = "stack:"


@dataclass(frozen=True, slots=True)
class Stack:
    """What CloudFormation says of a stack.

    Attributes
    ----------
    name, status : str
    outputs, parameters : mapping of name to value
    """

    name: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def stage(self) -> str:
        """Its stage."""
        return self.parameters.get("Stage", "prod")

    def output(self, name: str) -> str:
        """Give one of its outputs.

        Raises
        ------
        SettingsInvalid
            If it has none of that name.
        """
        if name not in self.outputs:
            raise SettingsInvalid(
                [f"the stack {self.name} has no output {name}: is it DASIER's template.yaml?"]
            )
        return self.outputs[name]

    def settings(self) -> dict[str, str]:
        """Give what the command reads from its environment, as it is for this stack."""
        return {
            "DASIER_REGISTRY": self.output("Registry"),
            "DASIER_TRUSTED_KEYS": self.output("TrustedKeys"),
            "DASIER_SIGNING_KEY": f"kms:alias/dasier-{self.stage}",
        }


def read_stack(name: str, account: Account | None = None) -> Stack:
    """Give a stack by its name.

    Raises
    ------
    AwsRefused
        If there is none, or it may not be read.
    """
    client = (account or Account()).client("cloudformation")
    with refusals(f"the stack {name}"):
        found = client.describe_stacks(StackName=name)["Stacks"]
    if not found:
        raise AwsRefused(f"the stack {name}", "there is none", code="ValidationError")
    described = found[0]
    return Stack(
        name,
        described["StackStatus"],
        _pairs(described.get("Outputs", []), "OutputKey", "OutputValue"),
        _pairs(described.get("Parameters", []), "ParameterKey", "ParameterValue"),
    )


def stack_named(text: str | None) -> str | None:
    """Give the stack that ``stack:NAME`` names; None if the text is something else.

    >>> stack_named("stack:dasier-prod"), stack_named("s3://bucket")
    ('dasier-prod', None)
    """
    return text.removeprefix(SCHEME) if text and text.startswith(SCHEME) else None


def _pairs(entries: list[dict[str, Any]], key: str, value: str) -> dict[str, str]:
    return {str(entry[key]): str(entry.get(value, "")) for entry in entries}

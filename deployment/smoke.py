"""``python -m deployment.smoke dasier-prod``: see that what was deployed is there, and that every model answers.

It asks as a caller does: by the address and the key of the stack, each model with the example of its own schema.
``DASIER_API_URL`` and ``DASIER_API_KEY`` take the place of what the stack says.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import boto3

from dasier.client import Client
from dasier.errors import DasierError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Ask every model; give 1 if one does not answer, or if there is none to ask."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m deployment.smoke STACK\n")
        return 2
    url, key = environment.get("DASIER_API_URL"), environment.get("DASIER_API_KEY")
    if not url or not key:
        url, key = _address(arguments[0])
    return smoke(Client(url, key))


def smoke(client: Client) -> int:
    """Ask every model that serves for one prediction, and print what came."""
    try:
        names = [model.name for model in client.models()]
    except DasierError as error:
        sys.stderr.write(f"the API does not answer: {error}\n")
        return 1
    failed = 0
    for name in names:
        try:
            row = {column.name: column.example for column in client.describe(name).schema.columns}
            answer = client.predict(name, [row])
            sys.stdout.write(f"{name} {answer.version}: {answer.predictions[0].value}\n")
        except DasierError as error:
            failed += 1
            sys.stderr.write(f"{name}: {error}\n")
    sys.stdout.write(f"{len(names) - failed} of {len(names)} models answer\n")
    return 1 if failed or not names else 0


def _address(stack: str) -> tuple[str, str]:
    """Give the address and a key, as the stack has made them."""
    described: Any = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {it["OutputKey"]: it["OutputValue"] for it in described["Outputs"]}
    found = boto3.client("apigateway").get_api_key(apiKey=outputs["SiteKeyId"], includeValue=True)
    return str(outputs["ApiUrl"]), str(found["value"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

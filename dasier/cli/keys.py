"""`dasier keys`: give callers keys to the API in AWS, and take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dasier.aws.keys import ApiKeys
from dasier.aws.stack import read_stack
from dasier.cli.options import json_option, stack_option, yes_option
from dasier.cli.show import json_out, say, table

if TYPE_CHECKING:
    from dasier.aws.keys import ApiKey


@click.group()
def keys() -> None:
    """Give each caller a key of their own to the API in AWS, list them, take them back.

    \b
    Example:
      dasier keys create analytics --stack dasier-prod
      dasier keys list --stack dasier-prod
      dasier keys revoke analytics --stack dasier-prod
    """  # noqa: D301


@keys.command("list")
@stack_option
@json_option
def show(stack: str | None, *, as_json: bool) -> None:
    """List the callers that have a key.

    \b
    Example:
      dasier keys list --stack dasier-prod
    """  # noqa: D301
    found = [_shown(key) for key in _keys(stack).all()]
    if as_json:
        json_out({"keys": found})
    else:
        table(
            ["name", "id", "enabled", "since"],
            [[k["name"], k["id"], k["enabled"], k["created"]] for k in found],
        )


@keys.command()
@click.argument("name")
@stack_option
@json_option
def create(name: str, stack: str | None, *, as_json: bool) -> None:
    """Make a key for the caller NAME, and write it to standard output. It is not shown again.

    \b
    Example:
      dasier keys create analytics --stack dasier-prod > analytics.key
    """  # noqa: D301
    key, value = _keys(stack).create(name)
    if as_json:
        json_out(_shown(key) | {"value": value})
        return
    say(f"The key of {name}, to be sent as x-api-key. It is taken within a minute:")
    click.echo(value)


@keys.command()
@click.argument("name")
@stack_option
@json_option
@yes_option
def revoke(name: str, stack: str | None, *, as_json: bool, yes: bool) -> None:
    """Take the key of the caller NAME back.

    \b
    Example:
      dasier keys revoke analytics --stack dasier-prod
    """  # noqa: D301
    found = _keys(stack)
    if not yes:
        click.confirm(f"Will {name} be refused from now on?", abort=True, err=True)
    key = found.revoke(name)
    if as_json:
        json_out(_shown(key))
    else:
        click.echo(f"{name} is refused from now on.")


def _keys(stack: str | None) -> ApiKeys:
    if stack is None:
        raise click.UsageError("say which stack: --stack dasier-prod, or DASIER_STACK")
    return ApiKeys(read_stack(stack))


def _shown(key: ApiKey) -> dict[str, Any]:
    created = key.created.isoformat(timespec="seconds")
    return {"name": key.name, "id": key.id, "enabled": key.enabled, "created": created}

"""Options that several commands share."""

from __future__ import annotations

import click

registry_option = click.option(
    "--registry",
    envvar="DASIER_REGISTRY",
    metavar="URL",
    show_envvar=True,
    help="file:///folder, s3://bucket/prefix or stack:NAME (one in AWS); by default the folder that `dasier up` uses here.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
stack_option = click.option(
    "--stack",
    envvar="DASIER_STACK",
    metavar="NAME",
    show_envvar=True,
    help="The stack in AWS, as `sam deploy` called it: dasier-prod.",
)

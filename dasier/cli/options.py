"""Options that several commands share."""

from __future__ import annotations

import click

registry_option = click.option(
    "--registry",
    envvar="DASIER_REGISTRY",
    metavar="URL",
    show_envvar=True,
    help="file:///folder or s3://bucket/prefix; by default the folder that `dasier up` uses here.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")

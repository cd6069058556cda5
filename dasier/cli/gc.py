"""`dasier gc`: remove blobs that no version names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from dasier.cli.options import json_option, registry_option, yes_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, progress


@click.command()
@click.option("--dry-run", is_flag=True, help="List them, remove nothing.")
@click.option(
    "--older-than-hours",
    default=24.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Leave alone what was written since: it may be on its way to a version.",
)
@registry_option
@json_option
@yes_option
def gc(registry: str | None, older_than_hours: float, *, dry_run: bool, as_json: bool, yes: bool) -> None:
    """Remove blobs that no version names: what a publisher that was killed left behind.

    Blobs are written before the version that names them, so those of the last day are left alone:
    somebody may be publishing them.

    \b
    Example:
      dasier gc --dry-run
    """  # noqa: D301
    opened = Session.of(registry).registry()
    written_before = datetime.now(UTC) - timedelta(hours=older_than_hours)
    keys = opened.unreferenced(written_before=written_before)
    remove = bool(keys) and not dry_run
    if remove and not yes:
        remove = click.confirm(f"Remove {len(keys)} blobs that no version names?", err=True)
    if remove:
        with progress(quiet=as_json) as bars:
            task = bars.add_task("removing", total=len(keys), name="blobs")
            for key in keys:
                opened.store.delete(key)
                bars.advance(task)
    if as_json:
        json_out({"unreferenced": keys, "removed": remove})
        return
    for key in keys:
        click.echo(key)
    click.echo(f"{len(keys)} blobs, {'removed' if remove else 'none removed'}.")

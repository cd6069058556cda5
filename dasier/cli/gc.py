"""`dasier gc`: remove blobs that no version names, and what old jobs and canaries left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from dasier import layout
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
@click.option(
    "--jobs-older-than-days",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Remove of batch jobs, and of what was counted of canaries, what was written before; a bucket in AWS does so itself.",
)
@registry_option
@json_option
@yes_option
def gc(
    registry: str | None,
    older_than_hours: float,
    jobs_older_than_days: float,
    *,
    dry_run: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Remove blobs that no version names (what a publisher that was killed left behind), and what old jobs and canaries left.

    Blobs are written before the version that names them, so those of the last day are left alone:
    somebody may be publishing them.

    \b
    Example:
      dasier gc --dry-run
    """  # noqa: D301
    opened = Session.of(registry).registry()
    now = datetime.now(UTC)
    blobs = opened.unreferenced(written_before=now - timedelta(hours=older_than_hours))
    before = now - timedelta(days=jobs_older_than_days)
    jobs, trials = (
        sorted(opened.store.keys(prefix, written_before=before)) for prefix in (layout.JOBS, layout.TRIALS)
    )
    keys = [*blobs, *jobs, *trials]
    what = f"{len(blobs)} blobs that no version names, {len(jobs)} files of old jobs, {len(trials)} of old canaries"
    remove = bool(keys) and not dry_run
    if remove and not yes:
        remove = click.confirm(f"Remove {what}?", err=True)
        if remove:  # a version may have been published of one of them while somebody thought about it
            blobs = sorted(set(blobs).intersection(opened.unreferenced()))
            keys = [*blobs, *jobs, *trials]
    if remove:
        with progress(quiet=as_json) as bars:
            task = bars.add_task("removing", total=len(keys), name="files")
            for key in keys:
                opened.store.delete(key)
                bars.advance(task)
    if as_json:
        json_out({"unreferenced": blobs, "jobs": jobs, "trials": trials, "removed": remove})
        return
    for key in keys:
        click.echo(key)
    click.echo(f"{what}: {'removed' if remove else 'none removed'}.")

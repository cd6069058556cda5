"""`dasier promote`, `rollback`, `canary` and `pause`: say which version serves."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from dasier import releasing
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, table
from dasier.errors import ReleaseRefused, VersionNotFound

if TYPE_CHECKING:
    from dasier.registry import Registry
    from dasier.releases import Release

reason_option = click.option("--reason", default="", help="Why; it is kept in the release log.")


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@reason_option
@click.option("--force", is_flag=True, help="Without a passing verdict; needs --reason, and stays visible.")
@registry_option
@json_option
def promote(
    name: str, version: int, reason: str, registry: str | None, *, force: bool, as_json: bool
) -> None:
    """Let VERSION of NAME serve from now on.

    \b
    Example:
      dasier promote penguins 3 --reason "recall of Chinstrap is better"
    """  # noqa: D301
    if force and not reason.strip():
        raise click.UsageError("--force needs --reason")
    opened = Session.of(registry).registry()
    if version not in opened.versions(name):
        raise VersionNotFound(version)
    release = releasing.promote(opened, name, version, who=_who(), why=reason, force=force)
    _tell(name, release, as_json=as_json)


@click.command()
@click.argument("name")
@click.option(
    "--to", "version", type=click.IntRange(1), help="A version that has served; by default the one before."
)
@reason_option
@registry_option
@json_option
def rollback(name: str, version: int | None, reason: str, registry: str | None, *, as_json: bool) -> None:
    """Let the version of NAME serve that served before.

    \b
    Example:
      dasier rollback penguins --reason "errors on Torgersen"
    """  # noqa: D301
    opened = Session.of(registry).registry()
    opened.versions(name)
    release = releasing.rollback(opened, name, who=_who(), why=reason, to=version)
    _tell(name, release, as_json=as_json)


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1), required=False)
@click.option(
    "--share",
    type=click.IntRange(1, 99),
    default=10,
    show_default=True,
    help="Per cent of the callers that it answers.",
)
@click.option(
    "--automatic",
    is_flag=True,
    help="Let the gate promote it or take it back, by the table [gate.canary] of its recipe.",
)
@reason_option
@click.option("--force", is_flag=True, help="Without a passing verdict; needs --reason, and stays visible.")
@registry_option
@json_option
def canary(
    name: str,
    version: int | None,
    share: int,
    reason: str,
    registry: str | None,
    *,
    automatic: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Let VERSION of NAME answer a share of the callers, beside the version that serves.

    Without VERSION: how the canary that there is stands. `dasier promote` lets it serve all callers,
    `dasier rollback` takes it back; one that is --automatic, or whose recipe has the policy "canary",
    the gate ends by itself.

    \b
    Example:
      dasier canary penguins 4 --share 10 --reason "new islands; see how it does"
      dasier canary penguins
    """  # noqa: D301
    if force and not reason.strip():
        raise click.UsageError("--force needs --reason")
    opened = Session.of(registry).registry()
    versions = opened.versions(name)
    if version is None:
        _stands(opened, name, as_json=as_json)
        return
    if version not in versions:
        raise VersionNotFound(version)
    release = releasing.canary(
        opened, name, version, share=share, who=_who(), why=reason, automatic=automatic, force=force
    )
    _tell(name, release, as_json=as_json)


def _stands(opened: Registry, name: str, *, as_json: bool) -> None:
    """Show how the canary that there is stands."""
    from dasier import gate  # noqa: PLC0415 (numpy)

    head = opened.head(name)
    if head is None or head.canary is None:
        raise ReleaseRefused(f"{name} has no canary: `dasier canary {name} VERSION` starts one.")
    found = gate.trial(opened, name, head, now=datetime.now(UTC))
    if as_json:
        json_out({"name": name, "release": head.to_document(), **found.to_document()})
        return
    rows = [
        [f"{side.version}{mark}", side.requests, side.errors, told["median_ms"], len(side.told)]
        for side, mark in ((found.canary, " (canary)"), (found.serving, " (serves)"))
        for told in [side.to_document()]
    ]
    title = f"{name}: version {head.canary.version} answers {head.canary.share} % of the callers"
    table(["version", "requests", "failed", "median ms", "truth known of"], rows, title=title)
    for finding in found.findings:
        click.echo(f"{'  ' if finding.passed else '! '}{finding.detail}")
    if head.canary.automatic:
        next_ = {"promote": "promotes it", "revert": "takes it back", "wait": "waits"}[found.decision]
        click.echo(f"The gate {next_} when it looks next.")
    else:
        click.echo(
            f"A person ends it: dasier promote {name} {head.canary.version}, or dasier rollback {name}."
        )


@click.command()
@click.argument("name")
@reason_option
@registry_option
@json_option
def pause(name: str, reason: str, registry: str | None, *, as_json: bool) -> None:
    """Let no version of NAME serve, until one is promoted; callers are told to come back later.

    \b
    Example:
      dasier pause penguins --reason "the scales were off by 10 g"
    """  # noqa: D301
    opened = Session.of(registry).registry()
    opened.versions(name)
    release = releasing.pause(opened, name, who=_who(), why=reason)
    _tell(name, release, as_json=as_json)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, a user without a name
        return "unknown"


def _tell(name: str, release: Release, *, as_json: bool) -> None:
    if as_json:
        json_out(release.to_document())
        return
    before = "nothing" if release.previous is None else f"version {release.previous}"
    if release.serving is None:
        click.echo(f"{name}: no version serves from now on (until now {before}).")
    elif release.canary is not None:
        second = release.canary
        click.echo(
            f"{name}: version {second.version} answers {second.share} % of the callers from now on, "
            f"version {release.serving} the others."
        )
    else:
        click.echo(f"{name}: version {release.serving} serves from now on (until now {before}).")

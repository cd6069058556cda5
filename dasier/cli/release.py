"""`dasier promote` and `rollback`: say which version serves."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out
from dasier.errors import Conflict, VersionNotFound
from dasier.releases import Release

if TYPE_CHECKING:
    from dasier.registry import Registry
    from dasier.releases import Action


class NotPassed(Conflict):
    """The gate has not let this version through."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"Version {version} of {name} has no passing verdict: `dasier verify {name} {version}` judges it. "
            "To let it serve all the same, give --force and --reason."
        )


class NothingBefore(Conflict):
    """No other version has served."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No other version of {name} has served: there is nothing to go back to.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What somebody wants to serve, and why."""

    action: Action
    version: int
    why: str
    forced: bool = False


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@click.option("--reason", default="", help="Why; it is kept in the release log.")
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
    passed = bool((opened.verdict(name, version) or {}).get("passed"))
    if not passed and not force:
        raise NotPassed(name, version)
    move = Move(action="promote", version=version, why=reason, forced=not passed)
    _told(name, _append(opened, name, move), as_json=as_json)


@click.command()
@click.argument("name")
@click.option(
    "--to", "version", type=click.IntRange(1), help="A version that has served; by default the one before."
)
@click.option("--reason", default="", help="Why; it is kept in the release log.")
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
    log = opened.releases(name)
    serving = log[0].serving if log else None
    served = [release.serving for release in log if release.serving not in {None, serving}]
    target = next((before for before in served if version in {None, before}), None)
    if target is None:
        raise NothingBefore(name) if version is None else VersionNotFound(version)
    move = Move(action="rollback", version=target, why=reason)
    _told(name, _append(opened, name, move), as_json=as_json)


def _append(registry: Registry, name: str, move: Move) -> Release:
    head = registry.head(name)
    release = Release(
        number=head.number + 1 if head else 1,
        id=uuid4().hex,
        action=move.action,
        serving=move.version,
        previous=head.serving if head else None,
        who=getpass.getuser(),
        why=move.why,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        forced=move.forced,
    )
    registry.append(name, release)
    return release


def _told(name: str, release: Release, *, as_json: bool) -> None:
    if as_json:
        json_out(release.to_document())
    else:
        before = "nothing" if release.previous is None else f"version {release.previous}"
        click.echo(f"{name}: version {release.serving} serves from now on (until now {before}).")

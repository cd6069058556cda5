"""`dasier publish`: make a build the next version of its model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dasier.built import Built
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, progress, say
from dasier.errors import Conflict, DataInvalid, Unavailable

if TYPE_CHECKING:
    from dasier.manifest import Manifest
    from dasier.registry import Registry

_LOOK_AGAIN_S = 0.25


class GateRefused(Conflict):
    """The gate judged the version, and does not let it serve."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(
            f"The gate refused version {version} of {name}: `dasier verify {name} {version}` says why. "
            "What served goes on serving."
        )


@click.command()
@click.argument("build", metavar="NAME|FOLDER")
@click.option("--wait", is_flag=True, help="Until the gate has judged it; status 1 if it is refused.")
@click.option("--timeout", "timeout_s", default=120.0, show_default=True, help="Seconds to wait at most.")
@registry_option
@json_option
def publish(build: str, timeout_s: float, registry: str | None, *, wait: bool, as_json: bool) -> None:
    """Make a build the next version of its model. It serves once the gate has let it through.

    \b
    Example:
      dasier publish penguins --wait
    """  # noqa: D301
    session = Session.of(registry)
    made = Built.read(_folder(build))
    manifest = publish_built(session, made, quiet=as_json)
    told: dict[str, Any] = {"name": manifest.name, "version": manifest.version}
    if wait:
        verdict = _awaited(session.registry(), manifest, timeout_s)
        told["passed"] = bool(verdict.get("passed"))
    if as_json:
        json_out(told)
    if wait and not told["passed"]:
        raise GateRefused(manifest.name, manifest.version)
    if wait and not as_json:
        click.echo(f"Version {manifest.version} of {manifest.name} has passed.")


def publish_built(session: Session, made: Built, *, quiet: bool) -> Manifest:
    """Publish, with a bar for the bytes."""
    name = made.manifest.name
    signer = session.signer()
    registry = session.registry(make=True)
    with progress(quiet=quiet) as bars:
        total = sum(blob.size_bytes for blob in made.manifest.blobs.values())
        task = bars.add_task("publishing", total=total, name=name)
        manifest = registry.publish(made, signer, done=lambda size: bars.advance(task, size))
    if not quiet:
        click.echo(f"Published {name} as version {manifest.version}.")
        say(f"Where nothing serves this registry now, `dasier verify {name}` judges it.")
    return manifest


def _folder(build: str) -> Path:
    for folder in (Path(build), Path("build") / build):
        if (folder / "manifest.json").is_file():
            return folder
    raise DataInvalid(f"There is no build of {build} here: `dasier build {build}` makes one.")


def _awaited(registry: Registry, manifest: Manifest, timeout_s: float) -> dict[str, Any]:
    end_s = time.monotonic() + timeout_s
    while (verdict := registry.verdict(manifest.name, manifest.version)) is None:
        if time.monotonic() > end_s:
            raise Unavailable(
                f"Nobody has judged version {manifest.version} of {manifest.name} in {timeout_s:g} s: is anything "
                f"serving this registry? `dasier verify {manifest.name}` judges it here."
            )
        time.sleep(_LOOK_AGAIN_S)
    return verdict

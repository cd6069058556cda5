"""`dasier up`: everything on this machine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dasier.cli.show import BUILD_STEPS, progress, say
from dasier.errors import NotFound, Untrusted

if TYPE_CHECKING:
    from rich.progress import TaskID

    from dasier.local.up import Ready
    from dasier.manifest import Manifest
    from dasier.registry import Registry


@click.command()
@click.option(
    "--api-port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--site-port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--data",
    default=".dasier",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps the registry and the keys between runs.",
)
@click.option(
    "--recipes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of recipes; by default the project's model_builds.",
)
@click.option("--no-site", is_flag=True, help="The API alone.")
def up(api_port: int, site_port: int, host: str, data: Path, recipes: Path | None, *, no_site: bool) -> None:
    """Build and publish the recipes that have no version yet, then serve API and site until Ctrl-C.

    What is published later is noticed by itself.

    \b
    Example:
      dasier up --api-port 9001 --no-site
    """  # noqa: D301
    from dasier.local.logs import log_to_terminal  # noqa: PLC0415 (`dasier up --help` is quick)
    from dasier.local.memory import few_heaps  # noqa: PLC0415
    from dasier.local.project import find_project  # noqa: PLC0415
    from dasier.local.up import Options  # noqa: PLC0415
    from dasier.local.up import up as run  # noqa: PLC0415

    few_heaps()
    log_to_terminal()
    root = find_project()
    options = Options(
        root=root,
        recipes=recipes or root / "model_builds",
        data=data,
        host=host,
        api_port=api_port,
        site_port=site_port,
        site=not no_site,
    )
    reporter = Terminal()
    try:
        run(options, reporter)
    finally:
        reporter.close()
    say("Stopped.")


class Terminal:
    """Tells the person at the terminal how far it is: bars where there is one, lines where there is not."""

    def __init__(self) -> None:
        self._bars = progress()
        self._tasks: dict[str, TaskID] = {}

    def building(self, names: list[str]) -> None:
        """Show a bar for each model."""
        say(f"Building {len(names)} models that the registry lacks: {', '.join(names)}.")
        self._bars.start()
        for name in names:
            self._tasks[name] = self._bars.add_task("wait", total=BUILD_STEPS, name=name)

    def step(self, name: str, step: str) -> None:
        """Move a bar."""
        self._bars.update(self._tasks[name], advance=1, description=step)

    def published(self, name: str, manifest: Manifest) -> None:
        """Fill a bar."""
        done = f"version {manifest.version}, {manifest.runtime.name}: {manifest.runtime.reason.get('en', '')}"
        self._bars.update(self._tasks[name], completed=BUILD_STEPS, description=done)
        if self._bars.disable:
            say(f"{name}: {done}")

    def failed(self, name: str, why: str) -> None:
        """Say why there is no model."""
        self._bars.update(self._tasks[name], description="not built")
        self._bars.console.print(f"{name} is not built: {why}", style="red", markup=False, soft_wrap=True)

    def judging(self) -> None:
        """Say what takes a moment."""
        self.close()
        if self._tasks:
            say("Judging them, as the gate does in AWS.")

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bars.stop()

    def ready(self, ready: Ready) -> None:
        """Say the addresses, and what to try next."""
        names = [name for name in ready.registry.names() if _is_released(ready.registry, name)]
        lines = ["", f"  API   {ready.api}   {len(names)} models at {ready.api}/models"]
        if ready.site:
            lines.append(f"  Site  {ready.site}")
        if ready.site and ready.accounts:
            lines.append(
                f"        sign in there as {', '.join(ready.accounts)}; no password, on this machine alone"
            )
        lines += [f"  Data  {ready.home.folder} (kept between runs)", ""]
        if ready.open_to_network:
            lines += [
                "Whoever reaches this machine over the network can ask the models: there are no keys here.",
                "",
            ]
        for name in sorted(names, key=lambda one: one != "penguins"):
            with suppress(NotFound, Untrusted):  # another can be asked
                lines += ["Ask a model:", f"  {example(ready.registry, name, ready.api)}", ""]
                lines += ["Publish another version while this runs:", f"  {_again(name, ready)}", ""]
                break
        click.echo("\n".join([*lines, "Ctrl-C stops it."]))
        sys.stdout.flush()


def _is_released(registry: Registry, name: str) -> bool:
    """Say whether a model has been released; of one whose log cannot be read `dasier doctor` tells."""
    try:
        return registry.head(name) is not None
    except Untrusted:
        return False


def example(registry: Registry, name: str, api: str) -> str:
    """Give a `curl` line that asks a model for a prediction of its own example."""
    head = registry.head(name)
    manifest = registry.manifest(name, (head and head.serving) or registry.versions(name)[-1])
    row = {column.name: column.example for column in manifest.schema.columns}
    body = json.dumps({"instances": [row]}, ensure_ascii=False)
    url = shlex.quote(f"{api}/models/{name}/predict")
    return f"curl -s {url} -H 'content-type: application/json' -d {shlex.quote(body)}"


def _again(name: str, ready: Ready) -> str:
    """Give the commands that publish a model again, as they work from this folder."""
    found = shutil.which("dasier")
    command = "dasier" if found else os.path.relpath(Path(sys.executable).with_name("dasier"))
    usual = ready.home.folder == (Path.cwd() / ".dasier").absolute()
    registry = "" if usual else f" --registry {shlex.quote(ready.home.registry)}"
    return f"{command} build {name} && {command} publish {name}{registry}"

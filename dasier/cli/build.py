"""`dasier build`: from a recipe, or from a table, to a built model."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.publish import publish_built
from dasier.cli.session import Session
from dasier.cli.show import BUILD_STEPS, json_out, progress, say
from dasier.errors import DataInvalid, RecipeInvalid
from dasier.personal import SETTING, hashed_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dasier.building.card import Missing
    from dasier.built import Built
    from dasier.manifest import Manifest

OUT = Path("build")

out_option = click.option(
    "--out",
    default=OUT,
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that gets a folder for each model.",
)
publish_option = click.option("--publish", "then_publish", is_flag=True, help="Publish what was built.")


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option(
    "--csv",
    "table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A table to learn from.",
)
@click.option("--target", help="The column of --csv that is to be predicted.")
@click.option("--name", help="What the model made of --csv is called.")
@click.option(
    "--without", multiple=True, metavar="COLUMN", help="A column of --csv to leave out; may be given again."
)
@out_option
@publish_option
@registry_option
@json_option
def build(
    recipes: tuple[str, ...],
    table: Path | None,
    target: str | None,
    name: str | None,
    without: tuple[str, ...],
    out: Path,
    registry: str | None,
    *,
    then_publish: bool,
    as_json: bool,
) -> None:
    """Train recipes (names in model_builds/, or folders; all of them by default), or a model from a table.

    What is built is evaluated on rows that it has not seen, exported, proved to answer as the
    fitted estimator does, and written to build/NAME.

    \b
    Example:
      dasier build penguins wine
      dasier build --csv houses.csv --target price --name houses --publish
    """  # noqa: D301
    if table is not None:
        if recipes or not (target and name):
            raise click.UsageError("--csv goes with --target and --name, and without recipes")
    elif target or name or without:
        raise click.UsageError("--target, --name and --without go with --csv")
    session = Session.of(registry)
    told = []
    if table is not None and target and name:
        with bar(name, quiet=as_json) as step:
            from dasier.building import build_table  # noqa: PLC0415 (seconds of imports)

            made = build_table(table, target=target, name=name, without=without, progress=step)
        told.append(finish(made, out, session if then_publish else None, as_json=as_json))
    else:
        for recipe in _folders(recipes):
            with bar(recipe.name, quiet=as_json) as step:
                from dasier.building import build_recipe  # noqa: PLC0415 (as above)

                made = build_recipe(recipe, progress=step)
            told.append(finish(made, out, session if then_publish else None, as_json=as_json))
    if as_json:
        json_out({"built": told})


@contextmanager
def bar(name: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a bar, and give what moves it."""
    with progress(quiet=quiet) as bars:
        task = bars.add_task("start", total=BUILD_STEPS, name=name)

        def step(what: str) -> None:
            bars.update(task, advance=1, description=what)

        yield step
        bars.update(task, completed=BUILD_STEPS, description="done")


def finish(made: Built, out: Path, session: Session | None, *, as_json: bool) -> dict[str, Any]:
    """Write a build, publish it if a session is given, and say what it is."""
    from dasier.building.card import missing  # noqa: PLC0415 (what builds is installed where something was built)

    manifest = made.manifest
    folder, lacking = out / manifest.name, missing(manifest)
    made.write(folder)
    if not as_json:
        _describe(manifest, folder, lacking)
        _warn_of_no_key(manifest)
    told: dict[str, Any] = {
        "name": manifest.name,
        "folder": str(folder),
        "runtime": manifest.runtime.name,
        "reason": manifest.runtime.reason,
        "metrics": manifest.metrics,
        "missing": [{"key": one.key, "what": one.what["en"]} for one in lacking],
    }
    if session is not None:
        told["version"] = publish_built(session, made, quiet=as_json).version
    elif not as_json:
        click.echo(f"  next      dasier publish {manifest.name if out == OUT else folder}")
    return told


def _describe(manifest: Manifest, folder: Path, lacking: list[Missing]) -> None:
    output = manifest.schema.output
    click.echo(f"{manifest.name}, in {folder}")
    click.echo(f"  predicts  {output.name} ({output.task.replace('_', ' ')})")
    click.echo(f"  runtime   {manifest.runtime.name}: {manifest.runtime.reason.get('en', '')}")
    values = [
        f"{name} {metric['value']:.4g} ({metric['low']:.4g} to {metric['high']:.4g})"
        for name, metric in (manifest.metrics.get("values") or {}).items()
    ]
    if values:
        # An estimator that was brought in may have been trained on the rows that measure it.
        brought = manifest.metrics.get("split", {}).get("kind") == "sample"
        click.echo(f"  {'sample  ' if brought else 'held out'}  {', '.join(values)}")
    for note in manifest.notes:
        click.echo(f"  note      {note.get('en', '')}")
    if lacking:
        told = "; ".join(f"{one.what['en']} ({one.key})" for one in lacking)
        click.echo(f"  missing   {told}: the card says so. A recipe states it in params.toml.")


def _warn_of_no_key(manifest: Manifest) -> None:
    """Say where the key is missing that the recipe counts on; functions that run elsewhere may have it."""
    hashed = hashed_names(manifest.schema)
    if hashed and not os.environ.get(SETTING):
        say(
            f"WARNING {', '.join(hashed)}: to be hashed in the log of predictions, and {SETTING} is not set here. "
            "Where it is not set they are left out of the log."
        )


def _folders(recipes: tuple[str, ...]) -> list[Path]:
    from dasier.local import provision  # noqa: PLC0415
    from dasier.local.project import find_project  # noqa: PLC0415

    named = {name: Path(name) for name in recipes if (Path(name) / "params.toml").is_file()}
    if recipes and len(named) == len(recipes):
        return list(named.values())
    known = {recipe.name: recipe.folder for recipe in provision.recipes(find_project() / "model_builds")}
    if not recipes:
        if not known:
            raise DataInvalid("model_builds/ holds no recipe.")
        return list(known.values())
    unknown = [name for name in recipes if name not in named | known]
    if unknown:
        raise RecipeInvalid(", ".join(unknown), [f"no such recipe; there are {', '.join(known)}"])
    return [named.get(name) or known[name] for name in recipes]

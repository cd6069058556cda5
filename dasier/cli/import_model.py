"""`dasier import`: an estimator that was fitted elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from dasier.cli.build import bar, finish, out_option, publish_option
from dasier.cli.options import json_option, registry_option, yes_option
from dasier.cli.session import Session
from dasier.cli.show import json_out

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_WARNING = (
    "{model} is a pickle. Opening it runs whatever code its author put into it, on this machine and with "
    "your rights. It is opened in a process of its own, which does not make it safe. "
    "Go on only if you know where it comes from."
)


@click.command("import")
@click.argument("model", type=_FILE)
@click.option("--name", required=True, help="What the model is called.")
@click.option(
    "--data", required=True, type=_FILE, help="CSV with a header: rows as the estimator was fitted on."
)
@click.option("--target", help="The column of --data that is predicted; with it the model is evaluated.")
@out_option
@publish_option
@yes_option
@registry_option
@json_option
def import_model(
    model: Path,
    name: str,
    data: Path,
    target: str | None,
    out: Path,
    registry: str | None,
    *,
    then_publish: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Bring MODEL, a fitted estimator in a joblib or pickle file, and make a build of it.

    \b
    Example:
      dasier import churn.joblib --name churn --data sample.csv --target left --publish
    """  # noqa: D301
    click.echo(_WARNING.format(model=model), err=True)
    if not yes:
        click.confirm("Open it?", abort=True, err=True)
    with bar(name, quiet=as_json) as step:
        from dasier.building import import_estimator  # noqa: PLC0415 (seconds of imports)

        made = import_estimator(model, name=name, sample=data, target=target, progress=step)
    told = finish(made, out, Session.of(registry) if then_publish else None, as_json=as_json)
    if as_json:
        json_out(told)

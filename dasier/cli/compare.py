"""`dasier compare`: what would change for callers if another version served."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, say

if TYPE_CHECKING:
    from dasier.comparing import Source
    from dasier.manifest import Manifest
    from dasier.registry import Registry


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@click.option("--against", type=click.IntRange(1), help="By default the version that serves.")
@click.option("--rows", "file", metavar="FILE|-", help="Rows to answer: CSV or JSON; - reads stdin.")
@click.option("--held-out", is_flag=True, help="The rows that the newer version held out.")
@click.option("--by", metavar="COLUMN", help="Tell the changes by the values of this column alone.")
@click.option("--examples", type=click.IntRange(0), default=5, show_default=True, help="Rows that are shown.")
@registry_option
@json_option
def compare(
    name: str,
    version: int,
    against: int | None,
    file: str | None,
    by: str | None,
    examples: int,
    registry: str | None,
    *,
    held_out: bool,
    as_json: bool,
) -> None:
    """Say what would change for callers if VERSION of NAME served instead of another.

    Both answer the same rows, each in a process of its own: those of a file, or else those that the newer version held
    out, whose truth is known. A column of the file that has the target's name is the truth. Nothing is promoted or changed.

    \b
    Example:
      dasier compare penguins 8
      dasier compare penguins 8 --against 7 --rows birds.csv --by island
    """  # noqa: D301
    if file and held_out:
        raise click.UsageError("--rows and --held-out are two ways to say the same thing")
    from dasier import comparing  # noqa: PLC0415 (numpy and the runtimes)
    from dasier.cli.comparison import show  # noqa: PLC0415

    opened = Session.of(registry).registry()
    old, new = comparing.manifests(opened, name, version, against)
    source = _source(opened, old, new, file)
    say(f"{name}: versions {old.version} and {new.version} answer {source.told}.")
    found = comparing.compare(opened, old, new, source, by=by, examples=examples)
    if as_json:
        json_out(found.document)
    else:
        show(found.document)


def _source(registry: Registry, old: Manifest, new: Manifest, file: str | None) -> Source:
    from dasier import comparing  # noqa: PLC0415 (as above)
    from dasier.cli.predict import media_type, read_source  # noqa: PLC0415

    if file:
        body = read_source(file)
        title = "stdin" if file == "-" else Path(file).name
        features = {*old.schema.names, *new.schema.names}
        return comparing.from_file(
            body, media_type(file, body), output=new.schema.output, features=features, title=title
        )
    newer, older = (new, old) if new.version > old.version else (old, new)
    return comparing.from_held_out(registry, newer, older)

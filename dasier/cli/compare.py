"""`dasier compare`: what would change for callers if another version served."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dasier.cli.drawing import plots_of, write
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, say
from dasier.errors import ComparisonRefused

if TYPE_CHECKING:
    from dasier.comparing import Source
    from dasier.manifest import Manifest
    from dasier.registry import Registry

_USUAL = timedelta(days=7)
_AGO = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@click.option("--against", type=click.IntRange(1), help="By default the version that serves.")
@click.option("--rows", "file", metavar="FILE|-", help="Rows to answer: CSV or JSON; - reads stdin.")
@click.option(
    "--since",
    metavar="7d|DATE",
    callback=lambda _, __, value: None if value is None else moment_of(value, datetime.now(UTC)),
    help="Rows that callers sent since: a time ago in m, h, d or w, or a date in UTC.  [default: 7d, if there are any]",
)
@click.option("--held-out", is_flag=True, help="The rows that the newer version held out.")
@click.option("--by", metavar="COLUMN", help="Tell the changes by the values of this column alone.")
@click.option("--examples", type=click.IntRange(0), default=5, show_default=True, help="Rows that are shown.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw it as well."
)
@registry_option
@json_option
def compare(
    name: str,
    version: int,
    against: int | None,
    file: str | None,
    since: datetime | None,
    by: str | None,
    examples: int,
    plot: Path | None,
    registry: str | None,
    *,
    held_out: bool,
    as_json: bool,
) -> None:
    """Say what would change for callers if VERSION of NAME served instead of another.

    Both answer the same rows, each in a process of its own: those of a file, or those that callers sent (as far as the
    prediction log holds them), or else those that the newer version held out. Where the truth is known, by a column of
    the file that is called as the target, by feedback, or of held-out rows, it says which version is right. Nothing is
    promoted or changed.

    \b
    Example:
      dasier compare penguins 8
      dasier compare penguins 8 --against 7 --since 2w --plot changes.png
      dasier compare penguins 8 --rows birds.csv --by island --json
    """  # noqa: D301
    if sum(map(bool, (file, since, held_out))) > 1:
        raise click.UsageError("--rows, --since and --held-out each say where the rows come from: give one")
    from dasier import comparing  # noqa: PLC0415 (numpy and the runtimes)
    from dasier.cli.comparison import show  # noqa: PLC0415

    plots = None if plot is None else plots_of("dasier.comparing")
    opened = Session.of(registry).registry()
    old, new = comparing.manifests(opened, name, version, against)
    if file:
        source = _of_file(file, old, new)
    elif held_out:
        source = _held_out(opened, old, new)
    else:
        source = _logged(opened, old, new, since)
    say(f"Versions {old.version} and {new.version} answer {len(source)} rows, each in a process of its own.")
    found = comparing.compare(opened, old, new, source, by=by, examples=examples)
    if plot is not None and plots is not None:
        write(plot, plots.draw(found))
    if as_json:
        json_out(found.document)
    else:
        show(found.document)


def moment_of(text: str, now: datetime) -> datetime:
    """Give the time that is so long ago, or that a date names, in UTC.

    >>> moment_of("36h", datetime(2026, 11, 24, tzinfo=UTC)).isoformat()
    '2026-11-22T12:00:00+00:00'
    >>> moment_of("2026-11-01", datetime(2026, 11, 24, tzinfo=UTC)).isoformat()
    '2026-11-01T00:00:00+00:00'
    """
    ago = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip())
    if ago:
        return now - int(ago[1]) * _AGO[ago[2]]
    try:
        named = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is neither a time ago (90m, 12h, 7d, 2w) nor a date.") from error
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def _of_file(file: str, old: Manifest, new: Manifest) -> Source:
    from dasier import comparing  # noqa: PLC0415 (numpy and the runtimes)
    from dasier.cli.predict import media_type, read_source  # noqa: PLC0415

    body = read_source(file)
    return comparing.from_file(
        body,
        media_type(file, body),
        output=new.schema.output,
        features={*old.schema.names, *new.schema.names},
        title="stdin" if file == "-" else Path(file).name,
    )


def _held_out(registry: Registry, old: Manifest, new: Manifest) -> Source:
    from dasier import comparing  # noqa: PLC0415 (as above)

    newer, older = (new, old) if new.version > old.version else (old, new)
    return comparing.from_held_out(registry, newer, older)


def _logged(registry: Registry, old: Manifest, new: Manifest, since: datetime | None) -> Source:
    """Give rows of the log; if none were asked for and there are none, the held-out ones."""
    from dasier import comparing  # noqa: PLC0415 (as above)

    now = datetime.now(UTC)
    try:
        source = comparing.from_log(registry, old, new, since=since or now - _USUAL, now=now)
    except ComparisonRefused as refused:
        if since:
            raise
        say(str(refused))
        source = None
    if source is None and since:
        raise ComparisonRefused(
            f"The prediction log of {new.name} holds no rows since {since:%Y-%m-%d %H:%M} UTC."
        )
    return source or _held_out(registry, old, new)

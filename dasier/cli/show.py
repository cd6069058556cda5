"""Show results: a table for people, JSON for machines, progress on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.progress import Progress

BUILD_STEPS = 8
"""How many steps a bar shows a build in: those that `dasier.building` tells, a start and an end."""

_PIPE_WIDTH = 240


def json_out(document: Any) -> None:
    """Write a document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Write a table; an absent value is a dash."""
    from rich import box  # noqa: PLC0415 (only who shows a table pays for it)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text("-" if cell is None or cell == "" else str(cell)) for cell in row))
    # A pipe has no width: what reads it should find a row in a line.
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(shown)


def moment(when: str | None) -> str | None:
    """Give a time as people read it.

    >>> moment("2026-11-23T13:38:56.470Z")
    '2026-11-23 13:38 UTC'
    """
    return f"{when[:10]} {when[11:16]} UTC" if when else None


def progress(*, quiet: bool = False) -> Progress:
    """Give progress bars on standard error; none where nobody watches."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(file=sys.stderr)
    return Progress(
        TextColumn("{task.fields[name]:<18}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        disable=quiet or not console.is_terminal,
    )


def say(line: str) -> None:
    """Write a line for people on standard error, beside what machines read."""
    click.echo(line, err=True)

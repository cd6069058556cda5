"""Show results: a table for people, JSON for machines, progress on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from dasier.words.markdown import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.progress import Progress

BUILD_STEPS = 8
"""How many steps a bar shows a build in: those that `dasier.building` tells, a start and an end."""

_LEAST_PROSE = 0.4
"""The part of a line that sentences get at least; the other cells are folded between words for it."""

_DISGUISES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])
"""Marks that turn the direction of a line, in which a word could be made to read as another."""


def json_out(document: Any) -> None:
    """Write a document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, prose: bool = False
) -> None:
    """Write a table; an absent value is a dash.

    In a pipe each row is a line, however long: what reads it should find a row in a line.

    Parameters
    ----------
    prose : bool
        Whether the last column holds sentences, which are to be read at 80 columns too.
    """
    cells = [[shown(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _framed(columns, cells, title, prose=prose)
    else:
        _aligned(columns, cells, title)


def shown(cell: object) -> str:
    r"""Give a value in a line that does nothing to a terminal but stand there.

    >>> shown("a\x1b[31m\nb"), shown(None)
    ('a [31m b', '-')
    """
    return one_line("" if cell is None else str(cell)).translate(_DISGUISES).strip() or "-"


def _framed(columns: Sequence[str], cells: list[list[str]], title: str | None, *, prose: bool) -> None:
    from rich import box  # noqa: PLC0415 (only who shows a table pays for it)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=sys.stdout)
    by_column = [[column, *(row[n] for row in cells)] for n, column in enumerate(columns)]
    whole = [max(map(len, column)) for column in by_column]
    words = [max(len(word) for cell in column for word in cell.split(" ")) for column in by_column]
    tight = prose and sum(whole[:-1]) + 2 * len(columns) > console.width * (1 - _LEAST_PROSE)
    framed = Table(
        box=box.SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left", pad_edge=False,
        leading=1 if prose else 0,
    )  # fmt: skip
    for n, column in enumerate(columns):
        framed.add_column(
            column, overflow="fold", max_width=words[n] if tight and n < len(columns) - 1 else None
        )
    for row in cells:
        framed.add_row(*map(Text, row))
    console.print(framed)


def _aligned(columns: Sequence[str], cells: list[list[str]], title: str | None) -> None:
    lines = [list(columns), *cells]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    if title:
        click.echo(title)
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


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

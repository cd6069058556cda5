"""`dasier feedback`: tell what turned out to be true of predictions, from a CSV, through the API or into the registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from dasier.aws.stack import read_stack, stack_named
from dasier.cli.feedback_table import Columns, Refused, Table, read_table
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, progress, say, shown
from dasier.errors import DasierError, InvalidRequest, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dasier.feedback import Truth
    from dasier.registry import Registry
    from dasier.schema import Output

BATCH = 1_000
"""Predictions that are told together: as many as the API lists problems of, and far below what it takes at once."""

_SHOWN = 20


class Interrupted(DasierError):
    """It ended before everything was told."""


class Teller(Protocol):
    """Who tells."""

    def output(self) -> Output:
        """Give what the model gives."""

    def tell(self, truths: Sequence[Truth]) -> None:
        """Tell all of it, or raise `InvalidRequest` with a pointer to each that was refused, and tell nothing."""


@dataclass
class Outcome:
    """How it went.

    Attributes
    ----------
    told : int
        Predictions of which the truth is now known.
    refused : list of Refused
    """

    told: int = 0
    refused: list[Refused] = field(default_factory=list)


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE.csv")
@click.option(
    "--id-column", default="prediction_id", show_default=True, help="The column with the prediction's id."
)
@click.option(
    "--actual-column", default="actual", show_default=True, help="The column with what turned out to be true."
)
@click.option(
    "--row-column", help="For predictions of several rows: the column that says which, counted from 0."
)
@click.option(
    "--url",
    metavar="URL",
    help="Tell this API, or stack:NAME; by default it is written into the registry itself.",
)
@click.option("--api-key", envvar="DASIER_API_KEY", show_envvar=True, help="For --url.")
@registry_option
@json_option
def feedback(
    name: str,
    file: Path,
    id_column: str,
    actual_column: str,
    row_column: str | None,
    url: str | None,
    api_key: str | None,
    registry: str | None,
    *,
    as_json: bool,
) -> None:
    """Tell what turned out to be true of predictions of NAME.

    Rows that tell nothing are listed by number, and the others are told: status 1 if there are any. The same file again
    counts once; a later file corrects an earlier one. How late it is told, and in which order, does not matter.

    \b
    Example:
      dasier feedback churn left.csv --id-column prediction_id --actual-column left
      dasier feedback churn left.csv --url stack:dasier-prod
    """  # noqa: D301
    teller: Teller
    stack = stack_named(url)
    if url:
        teller = _Api(name, read_stack(stack).output("ApiUrl") if stack else url, api_key)
    else:
        teller = _Store(name, Session.of(registry).registry())
    table = read_table(file, Columns(id=id_column, actual=actual_column, row=row_column), teller.output())
    with progress(quiet=as_json) as bars:
        task = bars.add_task("telling", total=len(table.truths), name=name)
        outcome = tell_all(table, teller, step=lambda told: bars.update(task, completed=told))
    _show(outcome, as_json=as_json)
    if outcome.refused:
        raise SystemExit(1)


def tell_all(table: Table, teller: Teller, *, step: Callable[[int], None] = lambda _: None) -> Outcome:
    """Tell what a table says, a batch after the other, and give how it went.

    Raises
    ------
    Interrupted
        If whoever is told does not answer; to tell everything again is safe.
    """
    outcome = Outcome(refused=list(table.refused))
    for start in range(0, len(table.truths), BATCH):
        batch = list(zip(table.truths, table.rows, strict=True))[start : start + BATCH]
        try:
            outcome.told += _tell(batch, teller, outcome.refused)
        except Unavailable as error:
            raise Interrupted(
                f"{error} {outcome.told} of {len(table.truths)} predictions were told before: run it again."
            ) from error
        step(start + len(batch))
    outcome.refused.sort(key=lambda one: one.row)
    return outcome


def _tell(batch: list[tuple[Truth, tuple[int, ...]]], teller: Teller, refused: list[Refused]) -> int:
    """Tell a batch; if some of it is refused, note why and tell the rest. Give how many were told."""
    while batch:
        try:
            teller.tell([truth for truth, _ in batch])
        except InvalidRequest as error:
            wrong = dict(_wrong(error, len(batch)))
            if not wrong:
                raise
            refused += [Refused(row, wrong[at]) for at in wrong for row in batch[at][1]]
            batch = [one for at, one in enumerate(batch) if at not in wrong]
        else:
            break
    return len(batch)


def _wrong(error: InvalidRequest, n: int) -> Iterator[tuple[int, str]]:
    """Give the place of each that was refused, and why."""
    for violation in error.violations:
        place = violation.pointer.removeprefix("#").strip("/").partition("/")[0]
        at = int(place) if place.isdecimal() else 0
        if at < n and (n == 1 or place.isdecimal()):
            yield at, violation.detail


class _Api:
    def __init__(self, name: str, url: str, api_key: str | None) -> None:
        from dasier.client import Client  # noqa: PLC0415 (urllib3)

        self._name, self._client = name, Client(url, api_key)

    def output(self) -> Output:
        return self._client.describe(self._name).schema.output

    def tell(self, truths: Sequence[Truth]) -> None:
        self._client.feedback(self._name, {truth.prediction_id: truth.actual for truth in truths})


class _Store:
    def __init__(self, name: str, registry: Registry) -> None:
        from dasier.serving import truths  # noqa: PLC0415 (orjson)

        self._name, self._registry = name, registry
        self._output = truths.output_of(registry, name)

    def output(self) -> Output:
        return self._output

    def tell(self, truths: Sequence[Truth]) -> None:
        from dasier import feedback as kept  # noqa: PLC0415 (called as this command is)
        from dasier.serving.truths import checked  # noqa: PLC0415 (orjson)

        now = datetime.now(UTC)
        told = [{"prediction_id": truth.prediction_id, "actual": truth.actual} for truth in truths]
        kept.record(self._registry.store, self._name, checked(told, self._output, now=now), now=now)


def _show(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        refused = [{"row": one.row, "reason": one.reason} for one in outcome.refused]
        json_out({"told": outcome.told, "refused": refused})
        return
    for one in outcome.refused[:_SHOWN]:
        say(f"row {one.row}: {shown(one.reason)}")
    if len(outcome.refused) > _SHOWN:
        say(f"… and {len(outcome.refused) - _SHOWN} more rows; --json lists them all.")
    click.echo(f"Told of {outcome.told} predictions; {len(outcome.refused)} rows of the file tell nothing.")

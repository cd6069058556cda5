"""`dasier drift`: whether what callers send is still what a version was trained on, and how good it turned out."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dasier.cli.compare import moment_of
from dasier.cli.comparison import counted, figure
from dasier.cli.drawing import plots_of, write
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, table
from dasier.personal import PersonalKey, key_of
from dasier.words.drift import NOT_ESTIMATED, TESTS

if TYPE_CHECKING:
    from dasier.words import Language

_DAYS = 31


@click.command()
@click.argument("name")
@click.option(
    "--since",
    metavar="7d|DATE",
    default="7d",
    show_default=True,
    callback=lambda _, __, value: moment_of(value, datetime.now(UTC)),
    help="A time ago in m, h, d or w, or a date in UTC.",
)
@click.option("--version", type=click.IntRange(1), help="By default the version that serves.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw it as well."
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Write a page as well.",
)
@click.option("--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of the page.")
@registry_option
@json_option
def drift(
    name: str,
    since: datetime,
    version: int | None,
    plot: Path | None,
    html: Path | None,
    lang: Language,
    registry: str | None,
    *,
    as_json: bool,
) -> None:
    """Say whether what callers of NAME send, and get, is still what its version was trained on.

    It reads the prediction log, and feedback for how good the answers turned out to be. What has drifted stands first.

    \b
    Example:
      dasier drift penguins
      dasier drift penguins --since 30d --plot drift.png --html drift.html
    """  # noqa: D301
    from dasier import drift as drifting  # noqa: PLC0415 (numpy)
    from dasier.errors import ComparisonRefused  # noqa: PLC0415

    plots = None if plot is None else plots_of("dasier.drift")
    opened = Session.of(registry).registry()
    opened.versions(name)
    head = opened.head(name)
    wanted = version or (head.serving if head else None)
    report = drifting.survey(opened, name, since=since, until=datetime.now(UTC), version=wanted, key=_key())
    if report is None or (version and report.document["version"] != version):
        raise ComparisonRefused(
            f"The prediction log holds nothing that {f'version {version} of ' if version else ''}{name} answered "
            f"since {since:%Y-%m-%d %H:%M} UTC."
        )
    if plot is not None and plots is not None:
        write(plot, plots.draw(report))
    if html is not None:
        write(html, drifting.page(report, lang))
    if as_json:
        json_out(report.document)
    else:
        show(report.document)


def _key() -> PersonalKey | None:
    from dasier.errors import SettingsInvalid  # noqa: PLC0415

    try:
        return key_of(os.environ)
    except ValueError as error:
        raise SettingsInvalid([str(error)]) from error


def show(document: dict[str, Any]) -> None:
    """Write a report."""
    from dasier.drift.report import first_days  # noqa: PLC0415 (numpy)

    _head(document)
    first = first_days(document)
    table(
        ("column", "psi", "by chance", "nulls", "never seen", "alarmed by", "since"),
        [_line(finding, first.get(finding["key"])) for finding in document["findings"]],
    )
    _unwatched(document)
    _quality(document["quality"])
    _estimated(document["estimated"])


def _head(document: dict[str, Any]) -> None:
    told = document["counts"]
    span = f"{document['since'][:10]} to {document['until'][:10]}"
    of = [counted(told["requests"], "request")] if told["requests"] or not told["blocks"] else []
    of += [f"{counted(told['blocks'], 'block')} of batch jobs"] if told["blocks"] else []
    click.echo(
        f"{document['name']}, version {document['version']}, {span}: {counted(told['rows'], 'row')} of "
        f"{' and '.join(of)} against training."
    )
    parts = []
    if told["asked"] > told["rows"]:
        parts.append(f"the log holds {told['rows']} of {told['asked']} rows that were answered")
    if told["refused"] or told["failed"]:
        parts.append(f"{told['refused']} refused, {told['failed']} failed")
    parts += [f"version {one} answered {counted(n, 'request')}" for one, n in document["others"].items()]
    if document["unread"]:
        parts.append(f"{counted(document['unread'], 'record')} could not be read")
    if parts:
        click.echo(f"Not looked at: {'; '.join(parts)}.".replace("Not looked at: the log", "The log"))
    if told["rows"] < document["rules"]["least_rows"]:
        click.echo(f"That is fewer than {document['rules']['least_rows']} rows: nothing is alarmed.")
    alarmed = [one for one in document["findings"] if one["alarmed"]]
    names = ", ".join("the output" if one["key"] == "output" else one["name"] for one in alarmed)
    click.echo(f"Drifted: {names}.\n" if alarmed else "Nothing has drifted.\n")


def _line(finding: dict[str, Any], first: str | None) -> tuple[object, ...]:
    by_name = {test["name"]: test for test in finding["tests"]}
    name = f"{finding['name']} (output)" if finding["key"] == "output" else finding["name"]
    alarmed = ", ".join(TESTS[test]["en"] for test in finding["alarmed"])
    return (
        name,
        f"{finding['psi']:.3f} {finding['level']}",
        f"{finding['psi_by_chance']:.3f}",
        _share(by_name["nulls"]),
        _share(by_name["outside"]),
        alarmed or None,
        first if alarmed else None,
    )


def _share(test: dict[str, Any]) -> str:
    return f"{100 * test['value']:.1f} % (was {100 * test['trained']:.1f})"


def _unwatched(document: dict[str, Any]) -> None:
    left = document["not_watched"]
    if left["personal"]:
        click.echo(f"\nNot watched, since the log never holds them: {', '.join(left['personal'])}.")
    if left["no_baseline"]:
        click.echo(
            f"\nNot watched, since the version brings no baseline of them: {', '.join(left['no_baseline'])}."
        )


def _quality(told: dict[str, Any]) -> None:
    held = f", {_interval(told['held_out'])} on held-out rows" if told["held_out"] else ""
    if told["why"]:
        click.echo(f"\nQuality: {told['why']}")
        return
    verdict = "worse than the margin allows" if told["worse"] else "within what may be expected"
    click.echo(
        f"\nQuality: {told['metric']} {_interval(told['value'])} on {told['rows']} rows whose truth is known{held}: {verdict}."
    )
    days = told["days"][-_DAYS:]
    if len(days) > 1:
        table(
            ("day", "rows", told["metric"]),
            [(day["day"], day["rows"], _interval(day["value"]) if day["value"] else None) for day in days],
        )


def _estimated(told: dict[str, Any]) -> None:
    if told["why"]:
        click.echo(f"Estimated without feedback: nothing. {NOT_ESTIMATED[told['why']]['en']}")
        return
    held = told["held_out"]
    click.echo(
        f"Estimated without feedback: {told['measure']} {_interval(told['value'])} by the probabilities of "
        f"{counted(told['rows'], 'row')}; on held-out rows they were off by {figure(held['error'])}, of which chance explains "
        f"{figure(held['by_chance'])}."
    )


def _interval(told: dict[str, float]) -> str:
    return f"{figure(told['value'])} ({figure(told['low'])} to {figure(told['high'])})"

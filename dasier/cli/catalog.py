"""`dasier models`, `versions` and `releases`: what the registry holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import click

from dasier import layout
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, moment, say, table
from dasier.client.answers import metrics_of, primary_of
from dasier.errors import NotFound, Untrusted
from dasier.serving.listed import listed
from dasier.words.verdicts import summary

if TYPE_CHECKING:
    from dasier.registry import Registry
    from dasier.releases import Release

_AT_ONCE = 16

limit_option = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="Show so many, the newest."
)


@click.command()
@registry_option
@json_option
def models(registry: str | None, *, as_json: bool) -> None:
    """List the models, and the version of each that serves.

    \b
    Example:
      dasier models
      dasier models --registry s3://my-bucket --json
    """  # noqa: D301
    opened = Session.of(registry).registry()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda name: _model(opened, name), opened.names()))
    if as_json:
        json_out({"models": found})
    else:
        rows = [
            [m["name"], m["version"], m["newest"], m["task"], m["runtime"], moment(m["updated"]), m["title"]]
            for m in found
        ]
        table(["model", "serves", "newest", "task", "runtime", "since", "title"], rows)


@click.command()
@click.argument("name")
@limit_option
@registry_option
@json_option
def versions(name: str, limit: int, registry: str | None, *, as_json: bool) -> None:
    """List the versions of a model, newest first, with their verdicts.

    `dasier verify NAME VERSION` shows a verdict in full.

    \b
    Example:
      dasier versions penguins
    """  # noqa: D301
    opened = Session.of(registry).registry()
    numbers = opened.versions(name)
    head = opened.head(name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda number: listed(opened, name, number, head), numbers[: -limit - 1 : -1]))
    if as_json:
        json_out({"name": name, "versions": found})
        return
    columns = ["version", "now", "built (UTC)", "by", "runtime", "measured", "verdict"]
    table(columns, [_version_row(v) for v in found], prose=True)
    _say_rest(len(numbers) - len(found))


@click.command()
@click.argument("name")
@limit_option
@registry_option
@json_option
def releases(name: str, limit: int, registry: str | None, *, as_json: bool) -> None:
    """Show what served when, and why: the release log of a model, newest first.

    \b
    Example:
      dasier releases penguins
      dasier releases penguins --limit 1000 --json
    """  # noqa: D301
    opened = Session.of(registry).registry()
    head = opened.head(name)
    if head is None:
        opened.versions(name)  # says that there is no such model, if there is none
    # Releases are numbered from 1 without gaps: the newest says which there are.
    newest = head.number if head else 0
    numbers = range(newest, max(0, newest - limit), -1)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        log = dict(zip(numbers, pool.map(lambda number: opened.readable(name, number), numbers), strict=True))
    if as_json:
        json_out({"name": name, "releases": [one.to_document() for one in log.values() if one is not None]})
        return
    columns = ["no.", "when (UTC)", "action", "from → to", "canary", "who", "why"]
    rows = [_release_row(one) if one else _unreadable_row(name, number) for number, one in log.items()]
    table(columns, rows, prose=True)
    _say_rest(newest - len(numbers))


def _release_row(release: Release) -> list[object]:
    canary = release.canary
    return [
        release.number,
        _minute(release.when),
        f"{release.action} FORCED" if release.forced else release.action,
        f"{release.previous or '-'}→{release.serving or '-'}",
        f"{canary.version} ({canary.share}%)" if canary else None,
        release.who,
        release.why,
    ]


def _unreadable_row(name: str, number: int) -> list[object]:
    what = f"no release: {layout.release(name, number)} cannot be read, or is gone"
    return [number, None, None, None, None, None, what]


def _version_row(version: dict[str, Any]) -> list[object]:
    share = version["canary"]
    runtime, measured = version["runtime"], _headline(version["metrics"] or {})
    if not version["trusted"]:
        measured = "not to be believed"
    return [
        version["version"],
        "serves" if version["serving"] else f"canary {share}%" if share else None,
        _minute(version["created"]),
        version["created_by"],
        runtime,
        measured,
        summary(version["verdict"])["en"],
    ]


def _minute(when: str | None) -> str:
    return (moment(when) or "-").removesuffix(" UTC")


def _say_rest(rest: int) -> None:
    if rest > 0:
        say(f"{rest} older: --limit shows more.")


def _model(registry: Registry, name: str) -> dict[str, Any]:
    """Give a model as the list shows it; one of which something cannot be read stands beside the others, which are well."""
    shown: dict[str, Any] = {"name": name}
    shown |= dict.fromkeys(("newest", "version", "task", "runtime", "updated"))
    try:
        shown["newest"] = newest = registry.versions(name)[-1]
        release = registry.head(name)
        shown |= {"version": release and release.serving, "updated": release and release.when}
        described = registry.manifest(name, shown["version"] or newest)
    except (Untrusted, NotFound) as error:
        return shown | {"title": str(error)}
    return shown | {
        "task": described.schema.output.task,
        "runtime": described.runtime.name,
        "title": described.title.get("en", name),
    }


def _headline(metrics: Any) -> str:
    """Give the metric that matters most, with its interval; as far as it can be read."""
    found = metrics_of(metrics)
    name = primary_of(metrics, found)
    if name is None:
        return ""
    one = found[name]
    interval = "" if one.low is None or one.high is None else f" ({one.low:.4g} to {one.high:.4g})"
    return f"{name} {one.value:.4g}{interval}"

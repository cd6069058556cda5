"""`dasier models`, `versions` and `releases`: what the registry holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, moment, table
from dasier.errors import DasierError, ModelNotFound

if TYPE_CHECKING:
    from dasier.registry import Registry


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
    found = [_model(opened, name) for name in opened.names()]
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
@registry_option
@json_option
def versions(name: str, registry: str | None, *, as_json: bool) -> None:
    """List the versions of a model, newest first, with their verdicts.

    \b
    Example:
      dasier versions penguins
    """  # noqa: D301
    opened = Session.of(registry).registry()
    release = opened.head(name)
    serving = release.serving if release else None
    found = [
        _version(opened, name, number) | {"serves": number == serving}
        for number in reversed(opened.versions(name))
    ]
    if as_json:
        json_out({"name": name, "versions": found})
    else:
        rows = [
            [
                v["version"],
                "yes" if v["serves"] else "",
                v["verdict"],
                v["runtime"],
                v["metrics"],
                moment(v["created"]),
                v["created_by"],
            ]
            for v in found
        ]
        table(["version", "serves", "verdict", "runtime", "measured", "built", "by"], rows)


@click.command()
@click.argument("name")
@registry_option
@json_option
def releases(name: str, registry: str | None, *, as_json: bool) -> None:
    """Show the release log of a model, newest first.

    \b
    Example:
      dasier releases penguins
    """  # noqa: D301
    opened = Session.of(registry).registry()
    log = opened.releases(name)
    if not log and name not in opened.names():
        raise ModelNotFound
    if as_json:
        json_out({"name": name, "releases": [release.to_document() for release in log]})
        return
    rows = [
        [
            r.number,
            r.action + (" (forced)" if r.forced else ""),
            r.previous,
            r.serving,
            f"{r.canary.version} ({r.canary.share} %)" if r.canary else None,
            r.who,
            moment(r.when),
            r.why,
        ]
        for r in log
    ]
    table(["release", "action", "from", "to", "canary", "who", "when", "why"], rows)


def verdict_word(verdict: dict[str, Any] | None) -> str:
    """Say in a word what the gate said."""
    if verdict is None:
        return "not judged"
    return "passed" if verdict.get("passed") else "refused"


def _model(registry: Registry, name: str) -> dict[str, Any]:
    release = registry.head(name)
    numbers = registry.versions(name)
    shown: dict[str, Any] = {
        "name": name,
        "newest": numbers[-1],
        "version": release.serving if release else None,
    }
    described = registry.manifest(name, shown["version"] or numbers[-1])
    return shown | {
        "task": described.schema.output.task,
        "runtime": described.runtime.name,
        "updated": release.when if release else None,
        "title": described.title.get("en", name),
    }


def _version(registry: Registry, name: str, number: int) -> dict[str, Any]:
    verdict = registry.verdict(name, number)
    shown: dict[str, Any] = {"version": number, "verdict": verdict_word(verdict)}
    try:
        manifest = registry.manifest(name, number)
    except DasierError as error:  # shown beside the others, which are well
        return shown | dict.fromkeys(("runtime", "created", "created_by")) | {"metrics": str(error)}
    return shown | {
        "runtime": manifest.runtime.name,
        "metrics": _headline(manifest.metrics),
        "created": manifest.created,
        "created_by": manifest.created_by,
    }


def _headline(metrics: Any) -> str:
    """Give the first metric with its interval."""
    for name, metric in (metrics.get("values") or {}).items():
        return f"{name} {metric['value']:.4g} ({metric['low']:.4g} to {metric['high']:.4g})"
    return ""

"""`dasier verify`: judge versions by hand, as the gate does, and show what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, moment, say, table
from dasier.errors import VersionNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.registry import Registry


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1), required=False)
@click.option(
    "--again", is_flag=True, help="Judge now what has a verdict too; the one that was written stays."
)
@registry_option
@json_option
def verify(name: str, version: int | None, registry: str | None, *, again: bool, as_json: bool) -> None:
    """Show verdicts in full, and judge what has none: every rule, what it found, and its figures.

    Every version of NAME that has no verdict is judged, and what passes serves, as with the gate.
    Shown is VERSION; without it what was judged now, or else the newest. A verdict is written once;
    --again shows what the gate would find today. Status 1 if a version that is shown does not pass.

    \b
    Example:
      dasier verify penguins
      dasier verify penguins 3
      dasier verify penguins 3 --again --json
    """  # noqa: D301
    opened = Session.of(registry).registry()
    numbers = opened.versions(name)
    if version is not None and version not in numbers:
        raise VersionNotFound(version)
    verdicts = _verdicts(opened, name, version, newest=numbers[-1], again=again)
    if as_json:
        json_out({"name": name, "verdicts": verdicts})
    else:
        for verdict in verdicts:
            _show(verdict, again=again)
    if not all(verdict["passed"] for verdict in verdicts):
        raise SystemExit(1)


def _verdicts(
    registry: Registry, name: str, version: int | None, *, newest: int, again: bool
) -> list[dict[str, Any]]:
    if version is not None and not again and (written := registry.verdict(name, version)) is not None:
        return [written]
    from dasier import gate  # noqa: PLC0415 (only who judges pays for what models run on)

    there = registry.contents(name)[name]
    if there.versions - there.verdicts:
        say(f"Judging {name}, in a process of its own.")
    # Also where all have a verdict: what passed and was not released yet is released now.
    new = gate.sweep(registry, [name])
    if version is None and new:
        return new
    wanted = version or newest
    judged = next((verdict for verdict in new if verdict["version"] == wanted), None)
    if judged is None and not again:
        judged = registry.verdict(name, wanted)
    if judged is not None:
        return [judged]
    say(f"Judging version {wanted} of {name} again; the verdict that was written stays.")
    return [gate.judge(registry, name, wanted)]


def _show(verdict: dict[str, Any], *, again: bool) -> None:
    word = "passes" if verdict["passed"] else "does not pass"
    against = f", held against version {verdict['against']}" if verdict.get("against") else ""
    title = (
        f"{verdict['name']}, version {verdict['version']}: {word} "
        f"({'judged again' if again else 'judged'} {moment(verdict.get('when'))} by {verdict.get('who')}{against})"
    )
    rules = verdict.get("rules") or []
    rows = [["pass" if r["passed"] else "FAIL", r["rule"], _found(r)] for r in rules]
    table(["", "rule", "found"], rows, title=title, prose=True)


def _found(rule: dict[str, Any]) -> str:
    figures = "; ".join(f"{name} {value}" for name, value in _flat(rule.get("figures") or {}))
    return f"{rule.get('detail', '')} [{figures}]" if figures else str(rule.get("detail", ""))


def _flat(figures: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give figures one by one, those of a table inside by the path to them."""
    if isinstance(figures, dict):
        for key, value in figures.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(figures, list) and any(isinstance(one, dict) for one in figures):
        for position, one in enumerate(figures, 1):
            yield from _flat(one, f"{path}[{position}]")
    elif isinstance(figures, float):
        yield path, f"{figures:.6g}"
    elif isinstance(figures, list):
        yield path, ", ".join(map(str, figures)) or "none"
    else:
        yield path, {True: "yes", False: "no", None: "none"}.get(figures, str(figures))

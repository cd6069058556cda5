"""`dasier verify`: judge versions by hand, as the gate does."""

from __future__ import annotations

from typing import Any

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, say, table
from dasier.errors import VersionNotFound


@click.command()
@click.argument("name")
@click.argument("version", type=click.IntRange(1), required=False)
@registry_option
@json_option
def verify(name: str, version: int | None, registry: str | None, *, as_json: bool) -> None:
    """Judge every version of NAME that has no verdict; what passes serves, as with the gate.

    With VERSION, or when all have a verdict, that version (else the newest) is judged again. The
    verdict that was written first stays. Status 1 if a version does not pass.

    \b
    Example:
      dasier verify penguins
      dasier verify penguins 3 --json
    """  # noqa: D301
    from dasier import gate  # noqa: PLC0415 (numpy and the runtimes)

    opened = Session.of(registry).registry()
    numbers = opened.versions(name)
    if version is not None and version not in numbers:
        raise VersionNotFound(version)
    say(f"Judging {name}, in a process of its own.")
    verdicts = gate.sweep(opened, [name])
    wanted = version or (None if verdicts else numbers[-1])
    if wanted is not None:
        new = [verdict for verdict in verdicts if verdict["version"] == wanted]
        verdicts = new or [gate.judge(opened, name, wanted)]
    if as_json:
        json_out({"name": name, "verdicts": verdicts})
    else:
        for verdict in verdicts:
            _show(verdict)
    if not all(verdict["passed"] for verdict in verdicts):
        raise SystemExit(1)


def _show(verdict: dict[str, Any]) -> None:
    word = "passes" if verdict["passed"] else "does not pass"
    rows = [["pass" if r["passed"] else "FAIL", r["rule"], r["detail"]] for r in verdict["rules"]]
    table(["", "rule", "found"], rows, title=f"{verdict['name']}, version {verdict['version']}: {word}")

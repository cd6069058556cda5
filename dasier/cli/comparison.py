"""Show a comparison of two versions to people: its document as sentences and tables."""

from __future__ import annotations

from typing import Any

import click

from dasier.cli.show import table

_CELLS = 6
_SLICES = 12


def show(document: dict[str, Any]) -> None:
    """Write a comparison."""
    old, new = document["against"], document["version"]
    _rows(document, old, new)
    if document["difference"] is None:
        click.echo("No row is answered by both: nothing can be compared.")
        return
    if document["task"] == "regression":
        _numbers(document, old, new)
    else:
        _labels(document, old, new)
    if document["truth"] is not None:
        _truth(document, old, new)
    _slices(document)
    _examples(document, old, new)


def share(told: dict[str, Any] | None) -> str:
    """Give a share with its interval.

    >>> share({"value": 0.125, "low": 0.0221, "high": 0.1})
    '12.5 % (2.2 to 10 %)'
    """
    if told is None:
        return "-"
    value, low, high = (f"{100 * told[key]:.1f}".removesuffix(".0") for key in ("value", "low", "high"))
    return f"{value} % ({low} to {high} %)"


def figure(value: float, *, signed: bool = False) -> str:
    """Give a number with four digits.

    >>> figure(0.123456), figure(-12.0, signed=True), figure(2, signed=True)
    ('0.1235', '-12', '+2')
    """
    return f"{value:+.4g}" if signed else f"{value:.4g}"


def _rows(document: dict[str, Any], old: int, new: int) -> None:
    rows, schema = document["rows"], document["schema"]
    click.echo(f"{document['name']}: version {new} against version {old}, on {document['source']['told']}")
    click.echo(f"{rows['compared']} of {rows['given']} rows are answered by both.")
    for key, who in (
        ("refused_by_old_only", f"version {old} alone"),
        ("refused_by_new_only", f"version {new} alone"),
        ("refused_by_both", "both versions"),
    ):
        if rows[key]:
            click.echo(f"{rows[key]} are refused by {who}.")
    for side, number in (("old", old), ("new", new)):
        for why in rows["why"][side]:
            click.echo(f"  version {number}, {why['rows']} rows: {why['detail']}")
    for broken in schema["breaks"]:
        click.echo(f"Callers of version {old} must change: {broken}.")
    for key, number in (("not_in_old", old), ("not_in_new", new)):
        if schema[key]:
            click.echo(f"Left out for version {number}, which has no such columns: {', '.join(schema[key])}.")
    if schema["in_neither"]:
        click.echo(f"Left out, since neither version has them: {', '.join(schema['in_neither'])}.")


def _labels(document: dict[str, Any], old: int, new: int) -> None:
    found = document["difference"]
    what = {"clustering": "cluster", "anomaly_detection": "verdict"}.get(document["task"], "label")
    changed = found["changed"]
    click.echo(f"\n{changed['rows']} rows get another {what}: {share(changed)}, 95 % interval (Wilson).")
    if "matching" in found:
        pairs = ", ".join(f"{one['old']} = {one['new']} ({one['rows']} rows)" for one in found["matching"])
        click.echo(
            f"Clusters are matched by the rows that they share, old = new: {pairs}. "
            f"Adjusted Rand index {figure(found['adjusted_rand'])}."
        )
    if found.get("score_rank_correlation") is not None:
        click.echo(
            f"The scores rank the rows with a correlation of {figure(found['score_rank_correlation'])}."
        )
    if len(found["classes"]) <= 12:
        table(
            [f"version {old} \\ {new}", *found["classes"]],
            [
                [name, *(count or "." for count in counts)]
                for name, counts in zip(found["classes"], found["table"], strict=True)
            ],
            title=f"From {what} (lines) to {what} (columns), in rows",
        )
    moved = any(one["probability"] for one in found["per_class"])
    headings = [what, "rows before", "now", "left", "came", "changed"]
    headings += ["probability: mean change", "largest"] if moved else []
    lines = []
    for one in found["per_class"]:
        line = [one["class"], one["old"], one["new"], one["left"], one["came"], share(one["changed"])]
        if moved:
            told = one["probability"] or {}
            line += [figure(told[key], signed=True) if told else None for key in ("mean", "largest")]
        lines.append(line)
    table(headings, lines, title=f"By {what}")


def _numbers(document: dict[str, Any], old: int, new: int) -> None:
    found, unit = document["difference"], _unit(document)
    relative = found["relative"] or {}
    lines: list[list[object]] = [
        ["bias: mean of new - old", figure(found["bias"]["value"], signed=True), _between(found["bias"]), None],
        ["difference, median", figure(found["median_absolute"]["value"]), _between(found["median_absolute"]),
         _per_cent(relative.get("median"))],
        ["difference, mean", figure(found["mean_absolute"]["value"]), _between(found["mean_absolute"]), None],
        ["difference, 95 % are below", figure(found["quantile_95"]), None,
         _per_cent(relative.get("quantile_95"))],
        ["difference, largest", figure(found["largest"]), None, _per_cent(relative.get("largest"))],
    ]  # fmt: skip
    same = document["rows"]["compared"] - found["same"]
    click.echo(f"\n{same} rows get another number.")
    headings = [f"version {new} - version {old}", f"value{unit}", "95 % interval", "of the old answer"]
    table(headings if relative else headings[:3], [line if relative else line[:3] for line in lines])


def _truth(document: dict[str, Any], old: int, new: int) -> None:
    truth, unit = document["truth"], _unit(document).strip(" ()")
    apart = truth["disagreements"]
    if "old_mae" in truth:
        better = truth["better_by"]
        said = f"Mean error {figure(truth['old_mae'])} {unit} before, {figure(truth['new_mae'])} {unit} now".replace(
            "  ", " "
        )
        if better:
            word = "better" if better["value"] >= 0 else "worse"
            said += f": {word} by {figure(abs(better['value']))}, 95 % interval of the improvement {_between(better)}"
        first, second, right = apart["new_closer"], apart["old_closer"], "closer"
    else:
        said = f"Right: {share(truth['old_right'])} before, {share(truth['new_right'])} now"
        first, second, right = apart["new_right"], apart["old_right"], "right"
    click.echo(f"The truth is known of {truth['rows']} rows. {said}.")
    if apart["rows"]:
        click.echo(
            f"Where they differ ({apart['rows']} rows), version {new} is {right} in {first}, version {old} in {second}, "
            f"neither in {apart['neither']}."
            + (
                f" Of those decided, version {new}: {share(apart['share_new'])}."
                if apart["share_new"]
                else ""
            )
        )


def _slices(document: dict[str, Any]) -> None:
    slices = document["slices"]
    told = slices["told"]
    numbers = slices["measure"] == "mean_absolute"
    if not told or not slices["all_rows"]:
        return
    headings = [
        "part of the rows",
        "rows",
        *(
            ["mean difference" + _unit(document), "95 % interval", "bias"]
            if numbers
            else ["changed", "share"]
        ),
    ]
    lines = []
    for one in told[: None if slices["by"] else _SLICES]:
        line = [one["slice"] + (" [gate]" if one["of_gate"] else ""), one["rows"]]
        if one["rows"] and numbers:
            line += [figure(one["value"]), _between(one), figure(one["bias"], signed=True)]
        elif one["rows"]:
            line += [one["changed"], share(one)]
        else:
            line += [None] * (len(headings) - 2)
        lines.append([*line, _chance(one)])
    table([*headings, "by chance"], lines, title="By part of the rows, worst first")
    few = (
        f"; {slices['too_few']} more have fewer than {slices['least_rows']} rows" if slices["too_few"] else ""
    )
    standing = sum(one["stands_out"] for one in told)
    click.echo(
        f"{slices['looked_at']} parts were looked at{few}. "
        + (
            f"{standing} stand out: chance alone would rarely show any such part among so many."
            if standing
            else "None stands out: with so many parts, chance alone shows some like the first."
        )
    )


def _chance(one: dict[str, Any]) -> str:
    if one["chance"] is None:
        return "too few rows"
    said = "under 0.1 %" if one["chance"] < 0.001 else f"{100 * one['chance']:.2g} %"
    return f"{said}, stands out" if one["stands_out"] else said


def _examples(document: dict[str, Any], old: int, new: int) -> None:
    examples = document["examples"]
    if not examples:
        return
    truth = any(one.get("truth") is not None for one in examples)
    lines = []
    for one in examples:
        line = [one["row"], *(_answer(one, side) for side in ("old", "new"))]
        cells = list(one["cells"].items())
        shown = ", ".join(f"{name} {_cell(cell)}" for name, cell in cells[:_CELLS])
        lines.append(
            [*line, *([one.get("truth")] if truth else []), shown + (", …" if len(cells) > _CELLS else "")]
        )
    headings = ["", f"version {old}", f"version {new}", *(["truth"] if truth else []), "row"]
    table(headings, lines, title="The rows that changed most")


def _answer(one: dict[str, Any], side: str) -> str:
    answer = one[side]
    said = figure(answer) if isinstance(answer, float) else str(answer)
    likely = one.get(f"{side}_probability")
    return said if likely is None else f"{said} ({100 * likely:.0f} %)"


def _cell(cell: Any) -> str:
    return "null" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def _between(told: dict[str, Any]) -> str:
    return f"{figure(told['low'])} to {figure(told['high'])}"


def _per_cent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.3g} %"


def _unit(document: dict[str, Any]) -> str:
    return f" ({document['unit']})" if document["unit"] else ""

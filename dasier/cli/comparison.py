"""Show a comparison of two versions to people: its document as sentences and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dasier.cli.show import table

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELLS = 6
_SLICES = 12
_CLASSES = 12
"""A wider table of classes cannot be read at a terminal; the JSON has it."""


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
        click.echo(_truth(document))
        click.echo(_disagreements(document, old, new))
    _slices(document)
    _examples(document, old, new)


# --- numbers as sentences hold them --------------------------------------------------------------


def counted(number: int, what: str) -> str:
    """Give a number of things.

    >>> counted(1, "row"), counted(0, "row")
    ('1 row', '0 rows')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")


def share(told: dict[str, Any] | None) -> str:
    """Give a share with its interval.

    >>> share({"value": 0.125, "low": 0.0221, "high": 0.2})
    '12.5 % (2.2 to 20 %)'
    """
    if told is None:
        return "-"
    value, low, high = (f"{100 * told[key]:.1f}".removesuffix(".0") for key in ("value", "low", "high"))
    return f"{value} % ({low} to {high} %)"


def figure(value: float, *, signed: bool = False) -> str:
    """Give a number with four digits.

    >>> figure(0.123456), figure(-12.0, signed=True), figure(2, signed=True), figure(-0.0)
    ('0.1235', '-12', '+2', '0')
    """
    if not value:
        return "0"
    return f"{value:+.4g}" if signed else f"{value:.4g}"


def _between(told: dict[str, Any]) -> str:
    return f"{figure(told['low'])} to {figure(told['high'])}"


def _per_cent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.3g} %"


def _unit(document: dict[str, Any]) -> str:
    return f" ({document['unit']})" if document["unit"] else ""


# --- each part -----------------------------------------------------------------------------------


def _rows(document: dict[str, Any], old: int, new: int) -> None:
    rows, schema = document["rows"], document["schema"]
    click.echo(f"{document['name']}: version {new} against version {old}, on {document['source']['told']}.")
    by = {"old_only": f"version {old} alone", "new_only": f"version {new} alone", "both": "both"}
    parts = [f"{rows['compared']} of {counted(rows['given'], 'row')} answered by both"]
    parts += [
        f"{rows[f'refused_by_{key}']} refused by {who}"
        for key, who in by.items()
        if rows[f"refused_by_{key}"]
    ]
    click.echo("; ".join(parts) + ".")
    if rows.get("distinct", rows["compared"]) < rows["compared"]:
        click.echo(
            f"Only {rows['distinct']} of them differ from each other; the intervals take each as one of its own."
        )
    for side, number in (("old", old), ("new", new)):
        for why in rows["why"][side]:
            click.echo(f"  Version {number} refuses {counted(why['rows'], 'row')}. {why['detail']}")
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
    click.echo(
        f"\nAnother {what}: {counted(changed['rows'], 'row')}, {share(changed)}, 95 % interval (Wilson)."
    )
    if document["callers"]:
        told = document["callers"]
        click.echo(
            f"{told['changed']} of {counted(told['known'], 'caller')} would get another {what} at least once."
        )
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
    if len(found["classes"]) <= _CLASSES:
        lines = [
            [name, *(count or "." for count in counts)]
            for name, counts in zip(found["classes"], found["table"], strict=True)
        ]
        title = f"Rows by the {what} of version {old} (lines) and of version {new} (columns)"
        _table(["", *found["classes"]], lines, title=title)
    _classes(found["per_class"], what)


def _classes(classes: list[dict[str, Any]], what: str) -> None:
    moved = any(one["probability"] for one in classes)
    headings = [what, "rows before", "now", "left", "came", "share that left"]
    headings += ["probability: mean change", "largest"] if moved else []
    lines = []
    for one in classes:
        line = [one["class"], one["old"], one["new"], one["left"], one["came"], share(one["changed"])]
        if moved:
            told = one["probability"] or {}
            line += [figure(told[key], signed=True) if told else None for key in ("mean", "largest")]
        lines.append(line)
    _table(headings, lines, title=f"By {what}")


def _numbers(document: dict[str, Any], old: int, new: int) -> None:
    found = document["difference"]
    relative = found["relative"] or {}
    bias = figure(found["bias"]["value"], signed=True)
    lines: list[list[object]] = [["bias, the mean with its sign", bias, _between(found["bias"]), None]]
    for said, key, interval in (
        ("median", "median_absolute", True),
        ("mean", "mean_absolute", True),
        ("95 % are below", "quantile_95", False),
        ("largest", "largest", False),
    ):
        value = found[key]["value"] if interval else found[key]
        part = _per_cent(relative.get(key.removesuffix("_absolute")))
        lines.append([said, figure(value), _between(found[key]) if interval else None, part])
    width = 4 if relative else 3
    headings = [f"version {new} - version {old}", f"value{_unit(document)}", "95 % interval", "of the answer"]
    moved = document["rows"]["compared"] - found["same"]
    title = f"Another number: {counted(moved, 'row')} of {document['rows']['compared']}"
    _table(headings[:width], [line[:width] for line in lines], title=title)


def _truth(document: dict[str, Any]) -> str:
    truth, unit = document["truth"], f" {document['unit']}" if document["unit"] else ""
    start = f"The truth is known of {counted(truth['rows'], 'row')}."
    if "old_mae" not in truth:
        return f"{start} Right: {share(truth['old_right'])} before, {share(truth['new_right'])} now."
    errors = f"Mean error: {figure(truth['old_mae'])}{unit} before, {figure(truth['new_mae'])}{unit} now"
    better = truth["better_by"]
    if not better or not better["value"]:
        return f"{start} {errors}."
    word = "better" if better["value"] > 0 else "worse"
    low, high = sorted(abs(better["value"]) / better["value"] * better[end] for end in ("low", "high"))
    return (
        f"{start} {errors}: {word} by {figure(abs(better['value']))} "
        f"(95 % interval {figure(low)} to {figure(high)})."
    )


def _disagreements(document: dict[str, Any], old: int, new: int) -> str:
    apart = document["truth"]["disagreements"]
    if not apart["rows"]:
        return "They differ on none of these."
    word, numbers = ("closer", True) if "new_closer" in apart else ("right", False)
    ours, theirs = (apart[f"{side}_{word}"] for side in ("new", "old"))
    said = (
        f"Where they differ ({counted(apart['rows'], 'row')}), version {new} is {word} in {ours}, "
        f"version {old} in {theirs}, neither in {apart['neither']}."
    )
    if apart["share_new"]:
        said += f" Version {new}'s part of those{'' if numbers else ' that one gets right'}: {share(apart['share_new'])}."
    return said


def _slices(document: dict[str, Any]) -> None:
    slices = document["slices"]
    told = [one for one in slices["told"] if one["of_gate"] or slices["by"] or one.get("value")]
    if not told or not slices["all_rows"]:
        return
    numbers = slices["measure"] == "mean_absolute"
    unit = _unit(document)
    middle = [f"mean difference{unit}", "95 % interval", "bias"] if numbers else ["changed", "share"]
    lines = []
    for one in told if slices["by"] else told[:_SLICES]:
        line: list[object] = [one["slice"] + (" [gate]" if one["of_gate"] else ""), one["rows"]]
        if not one["rows"]:
            line += [None] * len(middle)
        elif numbers:
            line += [figure(one["value"]), _between(one), figure(one["bias"], signed=True)]
        else:
            line += [one["changed"], share(one)]
        lines.append([*line, _chance(one)])
    title = f"By {slices['by'] or 'part of the rows'}, worst first"
    _table(["part", "rows", *middle, "by chance"], lines, title=title)
    few = f", {slices['too_few']} with fewer than {slices['least_rows']} rows left out"
    click.echo(
        f"{counted(slices['looked_at'], 'part')} looked at{few if slices['too_few'] else ''}. By chance: how often "
        "any of them would look like this if the changes had nothing to do with the parts."
    )
    if not any(one["stands_out"] for one in told):
        click.echo("None stands out: among so many parts chance alone shows some like the first.")


def _chance(one: dict[str, Any]) -> str:
    if one["chance"] is None:
        return "too few rows"
    per_cent = 100 * one["chance"]
    said = f"{per_cent:.1f} %" if per_cent < 10 else f"{per_cent:.0f} %"
    return f"{said}: stands out" if one["stands_out"] else said


def _examples(document: dict[str, Any], old: int, new: int) -> None:
    examples = document["examples"]
    if not examples:
        return
    known = any(one.get("truth") is not None for one in examples)
    lines = []
    for one in examples:
        cells = [f"{name} {_cell(cell)}" for name, cell in one["cells"].items()]
        shown = ", ".join([*cells[:_CELLS], *(["…"] if len(cells) > _CELLS else [])])
        truth = [_cell(one.get("truth"))] if known else []
        lines.append([one["row"], _answer(one, "old"), _answer(one, "new"), *truth, shown])
    headings = ["", f"version {old}", f"version {new}", *(["truth"] if known else []), "row"]
    _table(headings, lines, title="The rows that changed most")


def _answer(one: dict[str, Any], side: str) -> str:
    answer = one[side]
    said = figure(answer) if isinstance(answer, float) else str(answer)
    likely = one.get(f"{side}_probability")
    return said if likely is None else f"{said} ({100 * likely:.0f} %)"


def _cell(cell: Any) -> str:
    return "null" if cell is None else f"{cell:g}" if isinstance(cell, float) else str(cell)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str) -> None:
    """Write a table under its title, which may be wider than it."""
    click.echo(f"\n{title}")
    table(columns, rows)

"""`dasier cost`: what a stage costs when nobody asks, for a thousand predictions, and beside a server."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, say, table
from dasier.cost.prices import read_prices
from dasier.local.project import find_project

if TYPE_CHECKING:
    from dasier.cost.durations import Durations
    from dasier.cost.estimate import Item
    from dasier.cost.prices import Prices


@click.command()
@click.option("--region", envvar="AWS_REGION", default="eu-west-3", show_default=True, help="Whose prices.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of template.yaml.")
@click.option(
    "--models", default=100, show_default=True, type=click.IntRange(0), help="How many are published."
)
@click.option(
    "--busy-models", default=0, show_default=True, type=click.IntRange(0), help="Asked in every hour."
)
@click.option(
    "--requests", default=100_000, show_default=True, type=click.IntRange(1), help="Predictions a month."
)
@click.option(
    "--cold-share", default=0.01, show_default=True, type=click.FloatRange(0, 1), help="Of them, cold."
)
@click.option("--warm-ms", type=click.FloatRange(0), help="What a warm answer takes; measured with --model.")
@click.option("--cold-ms", type=click.FloatRange(0), help="What a cold answer takes, start included.")
@click.option("--sweep-ms", type=click.FloatRange(0), help="What the gate takes to wake and list.")
@click.option("--model", metavar="NAME", help="Take times from its log of predictions, else measure it here.")
@registry_option
@json_option
def cost(
    region: str,
    given: tuple[str, ...],
    models: int,
    busy_models: int,
    requests: int,
    cold_share: float,
    warm_ms: float | None,
    cold_ms: float | None,
    sweep_ms: float | None,
    model: str | None,
    registry: str | None,
    *,
    as_json: bool,
) -> None:
    """Say what a stage costs: each month when nobody asks, for a thousand predictions, and beside a server.

    At list prices, and after what every account has for nothing. From template.yaml, and a table of
    prices that says its date.

    \b
    Example:
      dasier cost --models 100
      dasier cost --model penguins --set MemoryMb=1024 --set Architecture=arm64
    """  # noqa: D301
    from dasier.cost import estimate  # noqa: PLC0415 (YAML, and with --model the runtimes)
    from dasier.cost.inventory import take  # noqa: PLC0415

    inventory = take(find_project(), _parameters(given))
    prices = read_prices(region)
    times = _durations(registry, model)
    given_ms = {"warm_ms": warm_ms, "cold_ms": cold_ms, "sweep_ms": sweep_ms}
    chosen = {name: value for name, value in given_ms.items() if value is not None}
    if chosen:
        times = replace(times, **chosen, source=f"{', '.join(chosen)} as given; else {times.source}")
    usage = estimate.Usage(models=models, busy_models=busy_models, requests=requests, cold_share=cold_share)
    told = {
        "prices": _about(prices),
        "usage": asdict(usage),
        "durations": asdict(times),
        "idle": _bill(estimate.idle(inventory, times, usage, prices)),
        "thousand": _bill(estimate.per_thousand(inventory, times, usage, prices)),
        "busy": _bill(estimate.busy(usage, prices)),
        "alternatives": [asdict(other) for other in estimate.alternatives(inventory, times, usage, prices)],
    }
    if as_json:
        json_out(told)
    else:
        _show(told)


def _parameters(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if not all(separator for _, separator, _ in pairs):
        raise click.UsageError("--set takes NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _durations(registry: str | None, model: str | None) -> Durations:
    from dasier.cost import durations  # noqa: PLC0415 (numpy and the runtimes)
    from dasier.errors import DataInvalid  # noqa: PLC0415

    assumed = durations.Durations()
    if model is None:
        return assumed
    session = Session.of(registry)
    opened = session.registry()
    try:
        return durations.logged(opened, model, assumed)
    except DataInvalid as error:
        say(f"{error} It is measured here, on another processor than Lambda's.")
    session.name_in(os.environ)
    return durations.measured(opened, model, find_project(), assumed)


def _about(prices: Prices) -> dict[str, Any]:
    return {
        "region": prices.region,
        "as_of": prices.as_of,
        "rough": list(prices.rough),
        "sources": dict(prices.sources),
    }


def _bill(items: list[Item]) -> dict[str, Any]:
    from dasier.cost.estimate import remaining, total  # noqa: PLC0415

    return {"items": [asdict(item) for item in items], "total": total(items), "after_free": remaining(items)}


def _show(told: dict[str, Any]) -> None:
    prices, usage = told["prices"], told["usage"]
    say(
        f"Prices of {prices['region']} as of {prices['as_of']}, in US dollars; check them, above all: "
        f"{', '.join(prices['rough'])}."
    )
    say(f"Times: {told['durations']['source']}.")
    _show_bill(f"A month in which nobody asks, with {usage['models']} models", told["idle"], "a month")
    _show_bill("A thousand predictions", told["thousand"], "a thousand")
    if usage["busy_models"]:
        _show_bill(f"{usage['busy_models']} models that are asked in every hour", told["busy"], "a month")
    rows = [
        [
            other["what"],
            _dollars(other["month"] or 0),
            _dollars(other["thousand"]),
            "never"
            if other["break_even"] is None
            else "always"
            if other["break_even"] == 0
            else f"from {other['break_even']:,.0f} predictions a month",
        ]
        for other in told["alternatives"]
    ]
    table(["instead", "a month", "a thousand", "is cheaper"], rows, title="Other ways, at list prices")


def _show_bill(title: str, bill: dict[str, Any], unit: str) -> None:
    rows = [
        [
            item["what"],
            f"{item['quantity']:,.6g} {item['unit']}".strip(),
            _dollars(item["cost"]),
            _dollars(item["after_free"]),
        ]
        for item in bill["items"]
    ]
    rows.append(["total", unit, _dollars(bill["total"]), _dollars(bill["after_free"])])
    table(["", "", "list price", "after what is free"], rows, title=title)


def _dollars(value: float) -> str:
    return f"{value:,.2f}" if value >= 1 or value == 0 else f"{value:.5f}"

"""The standards that results are held to: for each result, what was asked, what was found, and whether that is enough."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_RUNTIMES = {"arrays": ("arrays", 8.0), "onnx": ("onnx", 6.0), "sklearn": ("sklearn, imports put off", 2.0)}
"""How it is measured, and how many times faster it was to be."""
_OURS, _UNLOGGED, _NOTHING = "DASIER", "DASIER, log off", "an empty application"
_SERVER = {"forest": (20.0, 0.1), "logistic": (5.0, 1 / 3)}
_MOST_IMAGE_MB = 380
_MB = 1e6


@dataclass(frozen=True)
class Standard:
    """A line of the one table."""

    what: str
    asked: str
    figure: str
    reached: bool


def cold_start(figures: dict[str, Any]) -> Iterator[Standard]:
    """Against the usual Lambda, for each runtime the model that gains least."""
    models = [name.partition(" ")[0] for name in figures if name.endswith(" usual")]
    for runtime, (how, asked) in _RUNTIMES.items():
        times = {
            model: figures[f"{model} usual"]["median"] / figures[f"{model} {how}"]["median"]
            for model in models
            if f"{model} {how}" in figures
        }
        if times:
            told = ", ".join(f"{model} {ratio:.1f}" for model, ratio in times.items())
            yield Standard(
                f"cold start on `{runtime}`, times faster than the usual Lambda",
                f"≥ {asked:g}",
                told,
                min(times.values()) >= asked,
            )


def warm(figures: list[dict[str, Any]]) -> Iterator[Standard]:
    """One row over the bare call, the forest, and many rows of CSV."""
    medians = {(one["model"], one["rows"], one["how"]): one["median"] for one in figures}
    models = sorted({one["model"] for one in figures})
    over = {
        f"{model} on {runtime}": 1e6 * (own - medians[model, 1, f"{runtime}: bare"])
        for model in models
        for runtime in ("arrays", "onnx")
        if (own := medians.get((model, 1, f"{runtime}: JSON records"))) is not None
    }
    worst = max(over, key=lambda name: over[name])
    yield Standard(
        "one warm row as JSON, over the bare call", "≤ 100 µs", f"at most {over[worst]:.0f} µs ({worst})", over[worst] <= 100
    )  # fmt: skip
    bare = medians.get(("forest", 1, "scikit-learn, bare"))
    if bare is not None:
        forest = {
            runtime: bare / medians["forest", 1, f"{runtime}: JSON records"] for runtime in ("arrays", "onnx")
        }
        told = ", ".join(f"{runtime} {ratio:.0f}" for runtime, ratio in forest.items())
        yield Standard(
            "one warm row of the forest, times faster than scikit-learn's bare call",
            "≥ 25",
            told,
            max(forest.values()) >= 25,
        )
    csv = {
        model: medians[model, 10_000, "pandas.read_csv and scikit-learn"]
        / min(
            time
            for (name, rows, how), time in medians.items()
            if (name, rows) == (model, 10_000) and ": CSV" in how
        )
        for model in models
    }
    told = ", ".join(f"{model} {ratio:.2f}" for model, ratio in csv.items())
    yield Standard(
        "10,000 rows of CSV, times faster than pandas and scikit-learn", "≥ 1", told, min(csv.values()) >= 1
    )


def peers(figures: dict[str, Any]) -> Iterator[Standard]:
    """The server against the best of its peers, figure by figure; the prediction log is on, and off in parentheses."""
    for model, found in figures["models"].items():
        rate, median = _SERVER[model]
        yield from _loads(model, found["loads"], rate, median)
        starts = {name: statistics.median(times) for name, times in found["started"].items()}
        yield _against(f"{model}: spawn → first right answer, of the quickest peer's", starts, 0.25, "s")
        memory = {name: held["rss"] for name, held in found["memory"].items()}
        yield _against(f"{model}: memory of a warm worker (RSS), of the lightest peer's", memory, 0.5, "MB")


def _loads(model: str, loads: list[dict[str, Any]], rate: float, median: float) -> Iterator[Standard]:
    for rows, clients in sorted({(one["rows"], one["clients"]) for one in loads}):
        middle: dict[str, dict[str, float]] = {"rate": {}, "median_ms": {}, "cpu_us": {}}
        for name in dict.fromkeys(one["server"] for one in loads):
            own = [
                one for one in loads if (one["server"], one["rows"], one["clients"]) == (name, rows, clients)
            ]
            for key, values in middle.items():
                values[name] = statistics.median(one[key] for one in own)
        where = f"{model}, {rows} row{'s' * (rows > 1)}, {clients} client{'s' * (clients > 1)}"
        best = max(_others(middle["rate"]), key=lambda name: middle["rate"][name])
        ours, unlogged, theirs = (middle["rate"][name] for name in (_OURS, _UNLOGGED, best))
        yield Standard(
            f"{where}: requests/s, times the fastest peer's",
            f"≥ {rate:g}",
            f"{ours / theirs:.1f} ({unlogged / theirs:.1f}): {ours:,.0f}/s ({unlogged:,.0f}), {best} {theirs:,.0f}/s",
            ours / theirs >= rate,
        )
        yield _against(f"{where}: median latency, of the quickest peer's", middle["median_ms"], median, "ms")
        yield _against(f"{where}: CPU time a request, of the most frugal peer's", middle["cpu_us"], 1.0, "µs")


def _against(what: str, values: dict[str, float], asked: float, unit: str) -> Standard:
    """Hold our value, of which less is better, against the least of the peers."""
    best = min(_others(values), key=lambda name: values[name])
    ours, unlogged, theirs = (values[name] for name in (_OURS, _UNLOGGED, best))
    told = f"{ours / theirs:.2f} ({unlogged / theirs:.2f}): {ours:,.3g} {unit} ({unlogged:,.3g}), {best} {theirs:,.3g} {unit}"
    return Standard(what, f"≤ {asked:.2g}", told, ours / theirs <= asked)


def _others(values: dict[str, float]) -> list[str]:
    return [name for name in values if name not in {_OURS, _UNLOGGED, _NOTHING}]


def scale(figures: dict[str, Any]) -> Iterator[Standard]:
    """What grows with the registry."""
    times, requests, memory = figures["times"], figures["requests"], figures["memory"]
    most = max(times, key=int)
    for what in ("list, warm", "list, warm and stale"):
        took_s = times[most][what]["median"]
        yield Standard(f"`GET /models` of {int(most):,} ({what})", "< 1 s", f"{took_s:.2f} s", took_s < 1)
    for what in ("first prediction", "warm prediction"):
        # Of the least times: what others do on the machine only adds.
        growth = times[most][what]["least"] / times["1"][what]["least"] - 1
        yield Standard(
            f"{what}: growth from 1 to {int(most):,} models", "< 10 %", f"{100 * growth:+.0f} %", growth < 0.1
        )
    for what, asked in (
        ("first prediction", 4),
        ("100 warm predictions", 0),
        ("100 warm predictions over a refresh", 1),
    ):
        counts = [own[what] for own in requests.values()]
        told = f"{min(counts)} to {max(counts)}"
        yield Standard(f"requests to S3: {what}", f"≤ {asked}", told, max(counts) <= asked)
    short, long = (requests[f"{length} versions and releases"]["resolve"] for length in ("10", "10,000"))
    yield Standard(
        "requests to resolve with 10,000 versions, and with 10",
        "the same",
        f"{long} and {short}",
        long == short,
    )
    held, budget = memory["most held"], memory["budget"]
    told = f"{held / _MB:.1f} of {budget / _MB:.1f} MB; the process grew by {memory['process grew once the cache was full'] / _MB:.1f}"
    yield Standard("memory with 100 models asked for in turn", "≤ the budget", told, held <= budget)


def delivery(figures: dict[str, Any]) -> Iterator[Standard]:
    """A version published and taken back while clients are calling."""
    first_s, logged_s = figures["publish_to_first_answer_s"], figures["rollback_logged_s"]
    yield Standard(
        "end of `dasier publish` → the new version answers", "< 5 s", f"{first_s:.2f} s", first_s < 5
    )
    bad = len(figures["failed"]) + len(figures["inconsistent"])
    yield Standard(
        "failed or inconsistent answers meanwhile", "0", f"{bad} of {figures['requests']:,}", bad == 0
    )
    yield Standard("rollback → entry in the log", "< 1 s", f"{logged_s:.2f} s", logged_s < 1)


def site_package(figures: dict[str, Any]) -> Iterator[Standard]:
    """The site's zip."""
    yield Standard("the site's zip", "< 30 MB", f"{figures['size_mb']:.1f} MB", figures["size_mb"] < 30)
    ratio = figures["import_ratio"]
    yield Standard(
        "its first import, of that of Zappa's default package", "< 0.5", f"{ratio:.2f}", ratio < 0.5
    )


def image(figures: dict[str, Any]) -> Iterator[Standard]:
    """The image of the functions and the server."""
    size_mb = figures["size_mb"]
    yield Standard(
        "the image, unpacked", f"≤ {_MOST_IMAGE_MB} MB", f"{size_mb:.1f} MB", size_mb <= _MOST_IMAGE_MB
    )


def estimators(figures: list[dict[str, Any]]) -> Iterator[Standard]:
    """Every estimator of scikit-learn, served with its defaults."""
    fitting = [one for one in figures if one["outcome"] in {"served", "refused", "failed"}]
    served = [one for one in fitting if one["outcome"] == "served"]
    plain = sum(one["runtime"] != "sklearn" for one in served)
    told = f"{len(served)} of {len(fitting)}"
    yield Standard(
        "estimators of scikit-learn that serve, of those that fit", "all", told, len(served) == len(fitting)
    )
    share = plain / max(1, len(served))
    yield Standard("of those, on a runtime without pickles", "≥ 80 %", f"{100 * share:.0f} %", share >= 0.8)


def batch(figures: list[dict[str, Any]]) -> Iterator[Standard]:
    """A batch on one core, beside pandas and scikit-learn."""
    for one in figures:
        middle = {
            (how, key): statistics.median(run[key] for run in one["runs"][how])
            for how in ("job", "peer")
            for key in ("wall_s", "cpu_s", "memory_mb")
        }
        where = f"batch of {one['rows']:,} rows, {one['model']}"
        ratio = middle["peer", "cpu_s"] / middle["job", "cpu_s"]
        yield Standard(
            f"{where}: times faster than pandas and scikit-learn", "> 1", f"{ratio:.2f}", ratio > 1
        )
        wall_s, memory_mb = middle["job", "wall_s"], middle["job", "memory_mb"]
        enough = wall_s < 900 and memory_mb < 1_769
        yield Standard(
            f"{where}: time and memory", "< 900 s, < 1,769 MB", f"{wall_s:.0f} s, {memory_mb:.0f} MB", enough
        )


def fuzz(figures: dict[str, Any]) -> Iterator[Standard]:
    """Requests made from the API's own description."""
    requests, failures = figures["requests"], figures["failures"]
    told = f"{failures} of {requests:,}"
    enough = failures == 0 and requests >= 10_000
    yield Standard("requests made from `/openapi.json`: not as documented", "0 of 10,000", told, enough)


def soak(figures: dict[str, Any]) -> Iterator[Standard]:
    """Everything at once, with a store that fails."""
    wrong = len(figures["wrong"]) + len(figures["unnamed"])
    what = f"{figures['minutes']:g} minutes of everything at once: wrong answers and refusals without a name"
    yield Standard(what, "0", str(wrong), wrong == 0)
    before, after = figures["memory_mb"]
    grown = after / before - 1
    yield Standard(
        "memory of the server meanwhile, second quarter to last",
        "flat (10 %)",
        f"{before:.0f} to {after:.0f} MB ({100 * grown:+.0f} %)",
        grown <= 0.1,
    )


def mutation(figures: dict[str, dict[str, Any]]) -> Iterator[Standard]:
    """Small faults in what decides whether a model serves, of which the tests notice so many."""
    for part, found in figures.items():
        told = f"{found['score']:.0f} % ({found['low']:.0f} to {found['high']:.0f})"
        yield Standard(f"mutation score, {part}", "≥ 80 %", told, found["score"] >= 80)


HELD: dict[str, Callable[[Any], Iterator[Standard]]] = {
    "cold_start": cold_start,
    "warm": warm,
    "peers": peers,
    "scale": scale,
    "batch": batch,
    "delivery": delivery,
    "image": image,
    "site_package": site_package,
    "estimators": estimators,
    "fuzz": fuzz,
    "soak": soak,
    "mutation": mutation,
}
"""By the name of a result."""

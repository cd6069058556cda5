"""What a server counts, in Prometheus' text format, of all its processes together (`dasier.serving.counting`).

It listens on an address of its own and never beside the API: the names of models and how much each is asked are for who
runs the server, and the API's address may be open to others. It needs no library: the format is a few lines of text
(https://prometheus.io/docs/instrumenting/exposition_formats/), and a test has Prometheus' own parser read it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dasier.serving import counting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dasier.local.gateway import Receive, Scope, Send
    from dasier.serving.counting import Series

MEDIA_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """A family of counters.

    Attributes
    ----------
    name : str
        As Prometheus knows it.
    help : str
    label : str or None
        What the label beside model and version is called, if there is one.
    """

    name: str
    help: str
    label: str | None = None


FAMILIES = {
    "requests": Family(
        "dasier_requests_total",
        "Requests: answered, refused for what they are, or failed by the version. Without a model's name those that "
        "no version was found for.",
        "outcome",
    ),
    "rows": Family("dasier_rows_total", "Rows that were answered."),
    "errors": Family("dasier_errors_total", "Requests that ended with an error, by its kind.", "kind"),
    "fallbacks": Family(
        "dasier_fallbacks_total", "Requests answered by this version since the one meant could not be loaded."
    ),
    "loads": Family(
        "dasier_loads_total", "Versions loaded, or refused by the kind of error that they met.", "outcome"
    ),
    "load_seconds": Family("dasier_load_seconds_total", "Time that loading took."),
    "cold_starts": Family("dasier_cold_starts_total", "Processes that loaded their first version."),
}
DURATION = Family(
    "dasier_request_duration_seconds", "Time from the parsed request to its answer, refusals included."
)


def total(folder: Path) -> dict[Series, float]:
    """Give the counts of all processes that ever counted into a folder, added up."""
    found: defaultdict[Series, float] = defaultdict(float)
    for file in sorted(folder.glob("*.counts")):
        for series, value in counting.read(file):
            found[series] += value
    return dict(found)


def exposition(counts: Mapping[Series, float]) -> str:
    r"""Give counts as text.

    >>> print(exposition({("rows", "wine", "2", ""): 7.0}))
    # HELP dasier_rows_total Rows that were answered.
    # TYPE dasier_rows_total counter
    dasier_rows_total{model="wine",version="2"} 7
    <BLANKLINE>
    """
    lines: list[str] = []
    for key, family in FAMILIES.items():
        found = sorted((series, value) for series, value in counts.items() if series[0] == key)
        if found:
            lines += _heading(family, "counter")
            lines += [
                f"{family.name}{_labels(series, family.label)} {_number(value)}" for series, value in found
            ]
    lines += _durations(counts)
    return "\n".join([*lines, ""])


def _durations(counts: Mapping[Series, float]) -> Iterator[str]:
    buckets: defaultdict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for (family, model, version, bound), value in counts.items():
        if family == "duration_bucket":
            buckets[model, version][int(bound)] = value
    if buckets:
        yield from _heading(DURATION, "histogram")
    for (model, version), found in sorted(buckets.items()):
        below = 0.0
        for at, bound_s in enumerate((*counting.BOUNDS_S, float("inf"))):
            below += found.get(at, 0.0)
            le = "+Inf" if bound_s == float("inf") else repr(bound_s)
            yield f"{DURATION.name}_bucket{_labels(('', model, version, le), 'le')} {_number(below)}"
        where = _labels(("", model, version, ""), None)
        yield f"{DURATION.name}_sum{where} {_number(counts.get(('duration_sum', model, version, ''), 0.0))}"
        yield f"{DURATION.name}_count{where} {_number(below)}"


def _heading(family: Family, kind: str) -> list[str]:
    return [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {kind}"]


def _labels(series: Series, label: str | None) -> str:
    """Give labels in braces; empty ones are none, as in Prometheus itself."""
    named = {"model": series[1], "version": series[2]} | ({label: series[3]} if label else {})
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in named.items() if value)
    return f"{{{shown}}}" if shown else ""


def _escaped(value: str) -> str:
    return re.sub(r'[\\"]', r"\\\g<0>", value).replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


class Metrics:
    """An ASGI application that answers ``GET /metrics``, and nothing else.

    Parameters
    ----------
    folder : Path
        Where processes count.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's scope (ASGI 3)."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            status, body = self._answer(scope)
            headers = [(b"content-type", MEDIA_TYPE), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, scope: Scope) -> tuple[int, bytes]:
        if scope["path"] != "/metrics":
            return 404, b"There is nothing at this path: GET /metrics.\n"
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, b"This path answers GET.\n"
        return 200, exposition(total(self._folder)).encode()

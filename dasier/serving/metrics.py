"""CloudWatch metrics as log lines, in the embedded metric format: no call, no library, no wait.

Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLISECONDS = "_ms"


def metrics(  # noqa: PLR0913 - keywords
    values: Mapping[str, float],
    *,
    model: str,
    version: int,
    time_ms: int,
    namespace: str,
    together: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Give a document that CloudWatch reads as metrics, of a version and of all versions together.

    CloudWatch bills each metric by the hours in which it is sent: a count of 0 stands in the document but is
    no metric, and how many requests there were is the sample count of their latency. What is worth no metric
    for each version (0.30 USD a month) is one for all versions together; the document names the version, so a query
    of the log tells them apart. `dasier.cost` adds both up.

    Parameters
    ----------
    values
        Name to value. A name that ends in ``_ms`` is a time in milliseconds, every other a count.
    time_ms : int
        Since 1970, in UTC.
    namespace : str
        Keeps the stages of an account apart.
    together
        As `values`, of all versions together only.

    >>> document = metrics({"latency_ms": 1.5, "errors": 0}, model="wine", version=2, time_ms=0, namespace="DASIER")
    >>> document["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    [{'Name': 'latency_ms', 'Unit': 'Milliseconds'}]
    """
    parts: tuple[tuple[Mapping[str, float], list[list[str]]], ...] = (
        (values, [["model", "version"], []]),
        (together or {}, [[]]),
    )
    directives = [
        {"Namespace": namespace, "Dimensions": dimensions, "Metrics": definitions}
        for part, dimensions in parts
        if (definitions := _definitions(part))
    ]
    # A dimension's value is a string.
    return {
        "_aws": {"Timestamp": time_ms, "CloudWatchMetrics": directives},
        "model": model,
        "version": str(version),
        **values,
        **(together or {}),
    }


def load_line(  # noqa: PLR0913 - keywords
    model: str, version: int, *, took_s: float, error: str | None, cold: bool, namespace: str
) -> dict[str, Any]:
    """Give a document of a version that was loaded, or was refused for an error of a kind.

    All versions' loads are one metric; a refusal is one for each version too, since somebody must look at it.

    Parameters
    ----------
    cold : bool
        Whether it is the first of its process: a cold start.
    """
    time_ms = time.time_ns() // 1_000_000
    together = {"loads": int(error is None), "load_ms": round(took_s * 1000, 3), "cold_starts": int(cold)}
    values = {"load_refusals": int(error is not None)}
    document = metrics(
        values, model=model, version=version, time_ms=time_ms, namespace=namespace, together=together
    )
    return document | {"kind": "load", "error": error}


def _definitions(values: Mapping[str, float]) -> list[dict[str, str]]:
    return [
        {"Name": name, "Unit": "Milliseconds" if name.endswith(_MILLISECONDS) else "Count"}
        for name, value in values.items()
        if value or name.endswith(_MILLISECONDS)
    ]

"""CloudWatch metrics as log lines, in the embedded metric format: no call, no library, no wait.

Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLISECONDS = "_ms"


def metrics(
    values: Mapping[str, float], *, model: str, version: int, time_ms: int, namespace: str
) -> dict[str, Any]:
    """Give a document that CloudWatch reads as metrics, of a version and of all versions together.

    CloudWatch bills each metric by the hours in which it is sent: a count of 0 stands in the document but is
    no metric, and how many requests there were is the sample count of their latency.

    Parameters
    ----------
    values
        Name to value. A name that ends in ``_ms`` is a time in milliseconds, every other a count.
    time_ms : int
        Since 1970, in UTC.
    namespace : str
        Keeps the stages of an account apart.

    >>> document = metrics({"latency_ms": 1.5, "errors": 0}, model="wine", version=2, time_ms=0, namespace="DASIER")
    >>> document["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    [{'Name': 'latency_ms', 'Unit': 'Milliseconds'}]
    """
    definitions = [
        {"Name": name, "Unit": "Milliseconds" if name.endswith(_MILLISECONDS) else "Count"}
        for name, value in values.items()
        if value or name.endswith(_MILLISECONDS)
    ]
    directive = {"Namespace": namespace, "Dimensions": [["model", "version"], []], "Metrics": definitions}
    # A dimension's value is a string.
    return {
        "_aws": {"Timestamp": time_ms, "CloudWatchMetrics": [directive]},
        "model": model,
        "version": str(version),
        **values,
    }

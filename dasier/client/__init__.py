"""The Python client: ask a DASIER service for predictions.

::

    from dasier.client import Client

    client = Client("https://….execute-api.eu-west-3.amazonaws.com/prod", api_key="…")
    answer = client.predict("penguins", [{"bill_length_mm": 39.1, …}])
    answer.predictions[0].value          # 'Adelie'

It needs urllib3 alone. Refusals are `dasier.errors`, with pointers to the rows and columns at fault; what is
worth trying again is tried again (`dasier.client.transport`).
"""

from __future__ import annotations

from copy import copy
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dasier.client.answers import (
    Answer,
    Caution,
    Explanation,
    Metric,
    ModelDescription,
    ModelEntry,
    Prediction,
    Residuals,
)
from dasier.client.asking import decode, model_path
from dasier.client.history import Finding, ReleaseEntry, Trial, Verdict, VersionEntry
from dasier.client.job import Job
from dasier.client.jobs import Jobs
from dasier.client.operations import Did, Drift, ModelLine, Operations, Overview, Standing
from dasier.client.operator import Operator
from dasier.client.refusals import Busy, KeyRefused, ServiceFailed, Throttled, Unreachable
from dasier.client.rows import instances, plain
from dasier.client.transport import Patience, Transport
from dasier.errors import SettingsInvalid
from dasier.schema import Column, Label, Output, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Answer", "Busy", "Caution", "Client", "Column", "Did", "Drift", "Explanation", "Finding", "Job", "KeyRefused", "Label",
    "Metric", "ModelDescription", "ModelEntry", "ModelLine", "Operations", "Operator", "Output", "Overview", "Patience",
    "Prediction", "ReleaseEntry", "Residuals", "Schema", "ServiceFailed", "Standing", "Throttled", "Trial", "Unreachable",
    "Verdict", "VersionEntry",
]  # fmt: skip


class Client(Jobs):
    """One service, and the key to it. May be shared between threads.

    Parameters
    ----------
    url : str
        Of the API's stage or of the local gateway, e.g. ``http://127.0.0.1:8000``.
    api_key : str, optional
        Sent as ``x-api-key``.
    client_id : str, optional
        Sent as ``x-client-id``: the same id with the same key always meets the same version during a canary.
    timeout_s : float
        For one attempt, in seconds.
    patience : Patience, optional
        How long failures are tried again.

    Raises
    ------
    SettingsInvalid
        The address is not an http or https one.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        client_id: str | None = None,
        timeout_s: float = 30.0,
        patience: Patience | None = None,
    ) -> None:
        headers = {"accept": "application/json", "user-agent": f"dasier-python/{_version()}"}
        if api_key:
            headers["x-api-key"] = api_key
        if client_id:
            headers["x-client-id"] = client_id
        self._transport = Transport(_base(url), headers, timeout_s=timeout_s, patience=patience or Patience())

    def __repr__(self) -> str:
        """Name the service, never the key."""
        return f"Client({self._transport.url!r})"

    def caller(self, client_id: str) -> Client:
        """Give the same service, asked in the name of one of many callers; connections are shared.

        Parameters
        ----------
        client_id : str
            Sent as ``x-client-id``.
        """
        found = copy(self)
        found._transport = self._transport.saying({"x-client-id": client_id})  # noqa: SLF001 (its own)
        return found

    def models(self, *, paused: bool = False) -> tuple[ModelEntry, ...]:
        """Give the models that serve, in the service's order; those that are paused too if asked, with no version."""
        query = "?paused=true" if paused else ""
        return self._get("/models" + query, lambda it: tuple(ModelEntry.read(one) for one in it["models"]))

    def describe(self, name: str) -> ModelDescription:
        """Give what one model is, takes and gives.

        Raises
        ------
        NotFound
            There is no such model.
        """
        return self._get(model_path(name), ModelDescription.read)

    def versions(
        self, name: str, *, limit: int | None = None, before: int | None = None
    ) -> tuple[VersionEntry, ...]:
        """Give the versions with metrics and verdicts, newest first.

        Parameters
        ----------
        name : str
            The model.
        limit : int, optional
            At most so many; by default as many as the service gives at once.
        before : int, optional
            Only versions below this one: how to go on after the last of a list.
        """
        path = model_path(name) + "/versions" + _page(limit, before)
        return self._get(path, lambda it: tuple(VersionEntry.read(one) for one in it["versions"]))

    def version(self, name: str, version: int) -> VersionEntry:
        """Give one version; its ``document`` has all of it."""
        return self._get(f"{model_path(name)}/versions/{int(version)}", VersionEntry.read)

    def releases(
        self, name: str, *, limit: int | None = None, before: int | None = None
    ) -> tuple[ReleaseEntry, ...]:
        """Give the release log, newest first: what served when, and why; pages as `versions` has them."""
        path = model_path(name) + "/releases" + _page(limit, before)
        return self._get(path, lambda it: tuple(ReleaseEntry.read(one) for one in it["releases"]))

    def card(self, name: str, *, media_type: str = "text/markdown", language: str | None = None) -> str:
        """Give the model's card as Markdown, or as HTML when asked for ``text/html``."""
        wanted = {"accept": media_type} | ({"accept-language": language} if language else {})
        reply = self._transport.send("GET", model_path(name) + "/card", headers=wanted)
        return reply.body.decode()

    def predict(
        self,
        name: str,
        rows: object,
        version: int | None = None,
        *,
        explain: bool = False,
        probabilities: bool = True,
    ) -> Answer:
        """Give one prediction a row, in the order of the rows.

        Parameters
        ----------
        name : str
            The model.
        rows : list of dict, or DataFrame
            Column to value; NaN, NaT and NA are sent as null.
        version : int, optional
            By default the version that serves.
        explain : bool
            Add the contribution of each column to each prediction.
        probabilities : bool
            Ask for the probability of each class, where the model gives them.

        Raises
        ------
        RowsRefused
            Rows do not fit the schema: ``error.violations`` has a pointer to each cell.
        InvalidRequest
            The request cannot be answered as it stands, e.g. it is too large.
        NotFound
            There is no such model or version.
        Unavailable
            No answer in spite of trying again: `Unreachable`, `Throttled` or `Busy`.
        """
        path = model_path(name) + ("" if version is None else f"/versions/{int(version)}") + "/predict"
        options = (["explain=true"] if explain else []) + ([] if probabilities else ["probabilities=false"])
        query = "?" + "&".join(options) if options else ""
        return decode(self._post(path + query, {"instances": instances(rows)}), Answer.read)

    def feedback(self, name: str, actuals: Mapping[str, Label | list[Label]]) -> None:
        """Tell what turned out to be true; the same told twice counts once.

        Parameters
        ----------
        name : str
            The model.
        actuals : mapping from prediction id to what happened
            As the model would have said it: a class, or a number; of a prediction of several rows a list, in order.
        """
        told = [{"prediction_id": key, "actual": plain(actual)} for key, actual in actuals.items()]
        self._post(model_path(name) + "/feedback", told[0] if len(told) == 1 else told)

    def operator(self, token: str) -> Operator:
        """Give what asks in the name of a person who is signed in.

        Parameters
        ----------
        token : str
            Their ID token, of the provider that the service is configured with.
        """
        return Operator(self._transport, token)


def _page(limit: int | None, before: int | None) -> str:
    """Give the query for a part of a list."""
    asked = [
        f"{key}={int(value)}" for key, value in (("limit", limit), ("before", before)) if value is not None
    ]
    return "?" + "&".join(asked) if asked else ""


def _base(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingsInvalid(["the service's address is http:// or https://, a host, and perhaps a path"])
    return url.rstrip("/")


def _version() -> str:
    try:
        return version("dasier")
    except PackageNotFoundError:  # a zip that carries the package without its metadata
        return "0"

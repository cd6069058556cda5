"""Requests over urllib3: which are tried again, how long that waits, and where it ends.

Every request of the API may be repeated (a prediction changes nothing, feedback counts once, a job has an
idempotency key), so what is tried again depends on the failure alone: throttled (429), cannot serve now
(503), no answer. The wait grows exponentially with *full jitter* (Marc Brooker, "Exponential Backoff And
Jitter", AWS Architecture Blog, 2015): clients that failed together do not come back together. `Retry-After`
is the least that is waited; when it is over `Patience.longest_s`, or the time is up, the error is raised
at once instead of asking before the service said.
"""

from __future__ import annotations

import random
import time
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import HTTPError

from dasier.client.refusals import Unreachable, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RETRIED_STATUSES = frozenset({429, 503})


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to keep trying, and the clocks that measure it.

    Attributes
    ----------
    attempts : int
        The first try included.
    first_s : float
        The longest first wait; it doubles each time.
    longest_s : float
        The longest single wait, `Retry-After` included.
    total_s : float
        No new attempt begins after this.
    """

    attempts: int = 5
    first_s: float = 0.25
    longest_s: float = 10.0
    total_s: float = 30.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    monotonic: Callable[[], float] = field(default=time.monotonic, repr=False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    random: Callable[[], float] = field(default=random.random, repr=False)

    def wait_s(self, attempt: int, retry_after_s: float | None) -> float:
        """Give how long to wait after the failed attempt of that number, counted from 1."""
        jittered = self.random() * min(self.longest_s, self.first_s * 2.0 ** (attempt - 1))
        return jittered if retry_after_s is None else max(retry_after_s, jittered)

    def ends(self, attempt: int, wait_s: float, started: float) -> bool:
        """Whether to give up instead of waiting that long."""
        spent = self.monotonic() - started
        return attempt >= self.attempts or wait_s > self.longest_s or spent + wait_s > self.total_s

    def retry_after_s(self, header: str | None) -> float | None:
        """Give what `Retry-After` asks for, seconds or an HTTP date, never negative."""
        if header is None:
            return None
        if header.strip().isascii() and header.strip().isdigit():
            return float(header)
        try:
            until = parsedate_to_datetime(header)
        except ValueError:
            return None
        aware = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - self.now()).total_seconds())


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends a request until it is answered, refused for good, or patience ends."""

    def __init__(self, url: str, headers: Mapping[str, str], *, timeout_s: float, patience: Patience) -> None:
        self.url = url
        self.headers = dict(headers)
        self.patience = patience
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=min(5.0, timeout_s), read=timeout_s)
        )

    def saying(self, headers: Mapping[str, str]) -> Transport:
        """Give a transport over the same connections that sends these headers as well."""
        found = copy(self)
        found.headers = {**self.headers, **headers}
        return found

    def send(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Give the 2xx response.

        Raises
        ------
        DasierError
            As `dasier.client.refusals.refusal` gives it.
        Unreachable
            No response came.
        """
        started = self.patience.monotonic()
        attempt = 0
        while True:
            attempt += 1
            retry_after_s: float | None = None
            try:
                response = self._pool.request(
                    method,
                    self.url + path,
                    body=body,
                    headers={**self.headers, **(headers or {})},
                    redirect=False,  # a redirect would carry the API key to wherever it points
                )
            except HTTPError as error:
                failure: Exception = Unreachable(_reason(error), attempts=attempt)
                failure.__cause__ = error
            else:
                if 200 <= response.status < 300:
                    return Reply(response.status, response.headers, response.data)
                retry_after_s = self.patience.retry_after_s(response.headers.get("retry-after"))
                failure = refusal(
                    response.status,
                    response.headers,
                    response.data,
                    attempts=attempt,
                    retry_after_s=retry_after_s,
                )
                if response.status not in RETRIED_STATUSES:
                    raise failure
            wait_s = self.patience.wait_s(attempt, retry_after_s)
            if self.patience.ends(attempt, wait_s, started):
                raise failure
            self.patience.sleep(wait_s)


def _reason(error: HTTPError) -> str:
    """Give the kind of failure in words, without addresses or object representations."""
    words = {
        "NewConnectionError": "nothing listens at its address",
        "NameResolutionError": "its host name is not known",
        "ConnectTimeoutError": "it could not be connected to in time",
        "ReadTimeoutError": "it took too long",
        "SSLError": "its TLS certificate is not accepted",
    }
    return words.get(type(error).__name__, "the connection broke")

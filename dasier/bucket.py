"""An S3 bucket: how it is reached, how long it is waited for, and when it is asked again."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from obstore.store import S3Store

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from obstore.store import ClientConfig, S3Config

_TRIES = 6
"""How often is done again what obstore does not do again itself: a write of unknown outcome, a listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a bucket is waited for.

    Attributes
    ----------
    silence_s : float
        Without a byte of an answer; then the request is made again.
    upload_s : float
        For a large object to be taken.
    retry_s : float
        After which nothing is tried again: a request ends within this and one `silence_s`,
        a write of unknown outcome, which is looked up, within three times that.
    """

    silence_s: float = 2.0
    upload_s: float = 300.0
    retry_s: float = 4.0


PATIENCE = Patience()


def pauses(retry_s: float) -> Iterator[float]:
    """Give how long to wait before each further try, twice as long each time, until the time is over."""
    end_s = time.monotonic() + retry_s
    for attempt in range(_TRIES - 1):
        if time.monotonic() >= end_s:
            return
        yield random.uniform(0.5, 1) * 0.1 * 2**attempt  # noqa: S311 (no secret)


def open_bucket(
    bucket: str,
    prefix: str,
    environment: dict[str, str] | os._Environ[str],
    patience: Patience,
    **timeouts: Unpack[ClientConfig],
) -> S3Store:
    """Give the bucket of a name, below a prefix, with the credentials of an environment."""
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    options: S3Config = {
        "region": environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION", "us-east-1")),
        "copy_if_not_exists": "multipart",  # S3's own copy replaces whatever is there
    }
    if endpoint:
        options["endpoint"] = endpoint
    # obstore would find them in the process's own environment; another one may be given.
    if key := environment.get("AWS_ACCESS_KEY_ID"):
        options["access_key_id"] = key
        options["secret_access_key"] = environment.get("AWS_SECRET_ACCESS_KEY", "")
        if token := environment.get("AWS_SESSION_TOKEN"):
            options["session_token"] = token
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=options,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "timeout": timedelta(seconds=patience.upload_s),
            "connect_timeout": timedelta(seconds=patience.silence_s),
            **timeouts,
        },
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=patience.retry_s)},
    )

"""An account of AWS, as this machine reaches it: credentials, region, clients, and its errors in our words."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dasier.errors import AwsRefused, SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TIMEOUT_S = 10
_RENEWED = frozenset({"assume-role-with-web-identity", "container-role", "iam-role"})
"""As boto3 calls the credentials of a machine, a container or a pod. A store finds those by itself and takes new ones when they end."""


@dataclass(frozen=True)
class Account:
    """Whatever the environment leads to: keys, a profile, single sign-on, a role.

    Attributes
    ----------
    environment : mapping
        ``AWS_REGION`` or ``AWS_DEFAULT_REGION`` names the region where the profile does not.
    session : boto3.Session or None
        By default one is made on first use, and kept: it reads each service's description once.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    session: Any = None

    @property
    def region(self) -> str | None:
        """The region that is asked; None if nothing names one."""
        named = self.environment.get("AWS_REGION") or self.environment.get("AWS_DEFAULT_REGION")
        return named or self._session.region_name

    def client(self, service: str) -> Any:
        """Give a client for a service.

        Raises
        ------
        SettingsInvalid
            If boto3 is not installed, or no region is named.
        """
        region = self.region
        if region is None:
            raise SettingsInvalid(["no AWS region is named: set AWS_REGION"])
        from botocore.config import Config  # noqa: PLC0415 (half a second)

        config = Config(
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 3},
        )
        with refusals(f"a client for {service}"):
            return self._session.client(service, region_name=region, config=config)

    def store_environment(self) -> dict[str, str]:
        """Give region and credentials as `dasier.store.open_store` reads them: it knows no profiles.

        Credentials that are written down are as they are now: a server that had those of a role would be refused once they end.
        """
        with refusals("credentials"):
            found = self._session.get_credentials()
            keys = found.get_frozen_credentials() if found and found.method not in _RENEWED else None
        given = {"AWS_REGION": self.region or ""}
        if keys is not None:
            given |= {
                "AWS_ACCESS_KEY_ID": keys.access_key,
                "AWS_SECRET_ACCESS_KEY": keys.secret_key,
                "AWS_SESSION_TOKEN": keys.token or "",
            }
        return {name: value for name, value in given.items() if value}

    @cached_property
    def _session(self) -> Any:
        if self.session is not None:
            return self.session
        try:
            import boto3  # noqa: PLC0415
        except ImportError as error:
            raise SettingsInvalid(["this needs boto3: pip install 'dasier[aws]'"]) from error
        with refusals("a session"):
            return boto3.Session(profile_name=self.environment.get("AWS_PROFILE") or None)


@contextmanager
def refusals(doing: str) -> Iterator[None]:
    """Turn whatever boto3 raises into `AwsRefused`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code = str(told.get("Code", ""))
        raise AwsRefused(doing, f"{told.get('Message') or error} ({code})", code=code) from error
    except BotoCoreError as error:
        raise AwsRefused(doing, str(error), code=type(error).__name__) from error

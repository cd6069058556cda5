"""API keys: one for each caller, so that quotas, canaries and access logs tell callers apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dasier.aws.account import Account, refusals
from dasier.errors import Conflict, NotFound, SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dasier.aws.stack import Stack

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._ -]{0,99}")


class KeyNotFound(NotFound):
    """No key has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no API key called {name}.")


class KeyTaken(Conflict):
    """A key has this name already."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is an API key called {name} already: revoke it first, or choose another name."
        )


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without what is secret about it.

    Attributes
    ----------
    id : str
        What access logs name.
    name : str
    enabled : bool
    created : datetime
    """

    id: str
    name: str
    enabled: bool
    created: datetime


class ApiKeys:
    """The keys of a stack's usage plan."""

    def __init__(self, stack: Stack, account: Account | None = None) -> None:
        self._plan = stack.output("UsagePlanId")
        self._site = stack.outputs.get("SiteKeyId")
        self._client: Any = (account or Account()).client("apigateway")

    def all(self) -> list[ApiKey]:
        """Give every key of the plan, by name."""
        with refusals("the keys of the usage plan"):
            return sorted(self._keys(), key=lambda key: (key.name, key.id))

    def create(self, name: str) -> tuple[ApiKey, str]:
        """Make a key for a caller, and give it with its value.

        Raises
        ------
        KeyTaken
            If somebody has a key of this name.
        SettingsInvalid
            If it cannot be a key's name.
        """
        if not _NAME.fullmatch(name):
            raise SettingsInvalid(
                [f"{name!r} cannot be the name of a key: letters, digits and ._@- , at most 100"]
            )
        if any(key.name == name for key in self.all()):
            raise KeyTaken(name)
        with refusals(f"a key for {name}"):
            made = self._client.create_api_key(name=name, enabled=True)
            try:
                self._client.create_usage_plan_key(
                    usagePlanId=self._plan, keyId=made["id"], keyType="API_KEY"
                )
            except BaseException:
                # Outside the plan it opens nothing, and nobody would find it.
                self._client.delete_api_key(apiKey=made["id"])
                raise
        return _key(made), str(made["value"])

    def revoke(self, name: str) -> ApiKey:
        """Remove a caller's key. It stops being taken within seconds.

        Raises
        ------
        KeyNotFound
            If no key of the plan has this name.
        SettingsInvalid
            If it is the site's, which belongs to the stack.
        """
        key = next((key for key in self.all() if key.name == name), None)
        if key is None:
            raise KeyNotFound(name)
        if key.id == self._site:
            raise SettingsInvalid([f"{name} is the site's key, and belongs to the stack"])
        with refusals(f"removing the key of {name}"):
            self._client.delete_api_key(apiKey=key.id)
        return key

    def _keys(self) -> Iterator[ApiKey]:
        pages = self._client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=self._plan)
        ids = {entry["id"] for page in pages for entry in page["items"]}
        for page in self._client.get_paginator("get_api_keys").paginate():
            yield from (_key(entry) for entry in page["items"] if entry["id"] in ids)


def _key(entry: dict[str, Any]) -> ApiKey:
    return ApiKey(entry["id"], entry.get("name", ""), bool(entry.get("enabled", True)), entry["createdDate"])

"""Ask and decide in the name of a person who is signed in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from dasier.client.asking import checked_name, decode
from dasier.client.history import ReleaseEntry
from dasier.client.operations import Operations, Overview

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.client.transport import Transport

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operator:
    """Asks in the name of a person; `Client.operator` gives it.

    Every call raises `NotSignedIn` if the token does not hold (any more), and `Forbidden` if the person may not do it.
    """

    transport: Transport
    token: str = field(repr=False)

    def overview(self, *, after: str = "") -> Overview:
        """Give every model in a line."""
        path = f"/operations?after={quote(after, safe='')}" if after else "/operations"
        return self._get(path, Overview.read)

    def model(self, name: str) -> Operations:
        """Give one model whole."""
        return self._get(f"/operations/{checked_name(name)}", Operations.read)

    def decide(self, name: str, action: str, *, reason: str, on: int, **more: Any) -> ReleaseEntry:
        """Say what serves from now on, and give the entry of the release log.

        Parameters
        ----------
        on : int
            The number of the release that the person saw.
        **more
            ``version``, ``share``, ``automatic``, as the action takes them.

        Raises
        ------
        Conflict
            If somebody else decided meanwhile.
        ReleaseRefused
            If the log would not make sense.
        """
        told = {"action": action, "reason": reason, "on": on} | more
        reply = self.transport.send(
            "POST",
            f"/operations/{checked_name(name)}/releases",
            body=json.dumps(told, ensure_ascii=False).encode(),
            headers=self._person() | {"content-type": "application/json"},
        )
        return decode(reply, ReleaseEntry.read)

    def _get(self, path: str, read: Callable[[Any], T]) -> T:
        return decode(self.transport.send("GET", path, headers=self._person()), read)

    def _person(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

"""Functions that run elsewhere, behind Lambda's runtime interface emulator: called over HTTP.

`DASIER_FUNCTIONS` says where each is: ``PredictFunction=http://predict:8080``, separated by commas. The
gateway then imports none of them, and what answers is the very image that Lambda runs.
"""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dasier.errors import SettingsInvalid
from dasier.local.functions import Functions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.local.functions import Context
    from dasier.local.template import Function

_PATH = "/2015-03-31/functions/function/invocations"


class FunctionFailed(Exception):
    """A function raised, ended or could not be reached; what it said is for the log alone.

    Attributes
    ----------
    raised : str
        The message of what it raised.
    """

    def __init__(self, said: str, *, raised: str = "") -> None:
        self.raised = raised
        super().__init__(said)


class Emulated:
    """A function behind an emulator.

    Parameters
    ----------
    url : str
        The emulator's, ``http://host:port``.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._lock = Lock()

    def __call__(self, event: Mapping[str, Any], context: Context) -> Any:
        """Give what it answers to an event.

        Raises
        ------
        FunctionFailed
            The emulator says so with status 200, and with a document that an answer cannot be taken for.
        """
        body = json.dumps(event).encode()
        with self._lock:  # as in Lambda, where one environment has one request; two would end the emulator
            status, content = self._post(body, timeout_s=context.get_remaining_time_in_millis() / 1000)
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise FunctionFailed(content[:500].decode(errors="replace")) from error
        if status != 200 or (isinstance(answer, dict) and "errorType" in answer):
            raised = str(answer.get("errorMessage", "")) if isinstance(answer, dict) else ""
            raise FunctionFailed(str(answer)[:2_000], raised=raised)
        return answer

    def _post(self, body: bytes, *, timeout_s: float) -> tuple[int, bytes]:
        connection = HTTPConnection(self._host, self._port, timeout=max(timeout_s, 0.1))
        try:
            connection.request("POST", _PATH, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise FunctionFailed(f"{self._host}:{self._port} does not answer: {error!r}") from error
        finally:
            connection.close()


def emulated(functions: Iterable[Function], places: str) -> Functions:
    """Give the functions that are at the places which `DASIER_FUNCTIONS` tells.

    Raises
    ------
    SettingsInvalid
        Naming each function that has no place, and each place that is not of this form.
    """
    pairs = [place.strip().partition("=") for place in places.split(",") if place.strip()]
    found = {name: url for name, _, url in pairs}
    problems = [
        f"DASIER_FUNCTIONS gives {name} the place {url!r}: give http://host:port"
        for name, url in found.items()
        if not (url.startswith("http://") and urlsplit(url).hostname)
    ]
    names = [function.name for function in functions]
    problems += [f"DASIER_FUNCTIONS does not say where {name} is" for name in names if name not in found]
    if problems:
        raise SettingsInvalid(problems)
    return Functions({name: Emulated(found[name]) for name in names})

"""Make a job of a prediction whose caller does not want to wait (RFC 7240, ``Prefer: respond-async``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dasier.serving.exchange import Action, Request, Response
    from dasier.serving.service import Service


def deferrable(answer: Action) -> Action:
    """Give an action that makes a job of a request which prefers that, and answers any other."""

    def act(service: Service, request: Request) -> Response:
        if not preferred(request.headers.get("prefer", "")):
            return answer(service, request)
        from dasier.jobs.api import defer  # noqa: PLC0415 (only who asks pays for it)

        return defer(service, request)

    return act


def preferred(header: str) -> bool:
    """Say whether ``Prefer`` has that preference: one of a list, in any case, with parameters or without.

    >>> preferred("handling=lenient, Respond-Async; foo=1"), preferred("x-respond-async"), preferred("")
    (True, False, False)
    """
    return any(one.partition(";")[0].strip().lower() == "respond-async" for one in header.split(","))

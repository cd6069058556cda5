"""Make a job of a prediction whose caller does not want to wait (RFC 7240, ``Prefer: respond-async``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dasier.serving.exchange import Action, Request, Response
    from dasier.serving.service import Service


def deferrable(answer: Action) -> Action:
    """Give an action that makes a job of a request which prefers that, and answers any other."""

    def act(service: Service, request: Request) -> Response:
        if "respond-async" not in request.headers.get("prefer", ""):
            return answer(service, request)
        from dasier.jobs.api import defer  # noqa: PLC0415 (only who asks pays for it)

        return defer(service, request)

    return act

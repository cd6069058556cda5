"""Ask an authorizer as API Gateway does (kind TOKEN, nothing remembered), before the function that it stands before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from dasier.local.events import STAGE

if TYPE_CHECKING:
    from dasier.local.functions import Functions
    from dasier.local.template import Function

log = logging.getLogger("dasier.gateway")

_API = f"arn:aws:execute-api:{STAGE}:000000000000:{STAGE}"


class Refused(Exception):
    """Whoever asks is not let through, and what they are told is what `template.yaml` has API Gateway say."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        self.status, self.title, self.detail = status, title, detail
        self.kind = "urn:dasier:problem:" + title.lower().replace(" ", "-")
        super().__init__(title)


def authorized(
    functions: Functions, authorizer: Function, event: dict[str, Any], *, request_id: str
) -> dict[str, Any]:
    """Give what the authorizer says of the person, for the function.

    Raises
    ------
    Refused
        If it lets them through to nothing, or not to this; whatever else it does is a refusal too.
    """
    token = event["headers"].get("authorization")
    if not token:
        raise _not_signed_in()
    asked = f"{_API}/{STAGE}/{event['httpMethod']}{event['path']}"
    question = {"type": "TOKEN", "authorizationToken": token, "methodArn": asked}
    try:
        answer = functions.call(authorizer, question, request_id=request_id)
    except Exception as error:
        if "Unauthorized" in (str(error), getattr(error, "raised", "")):
            raise _not_signed_in() from error
        log.exception("the authorizer failed", extra={"request_id": request_id})
        raise Refused(503, "Unavailable", "It cannot be told just now who is signed in.") from error
    statements = answer["policyDocument"]["Statement"]
    if [(one["Effect"], one["Resource"]) for one in statements] != [("Allow", asked)]:
        raise Refused(403, "Not allowed", "Your account may not do this.")
    return {**answer["context"], "principalId": answer["principalId"]}


def _not_signed_in() -> Refused:
    return Refused(401, "Not signed in", "Sign in, or sign in again.")

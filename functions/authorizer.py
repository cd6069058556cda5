"""Say who is signed in, before a function that is for operators is woken; API Gateway asks for each request anew."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from dasier.errors import NotSignedIn
from dasier.people.tokens import verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dasier.people import Person

    Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]

log = logging.getLogger("dasier")


class Unauthorized(Exception):
    """API Gateway answers 401 to exactly this message, and 500 to any other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@cache
def configured() -> Callable[[str], Person]:
    """Give this process's verification, made of its environment with the first request."""
    return verifier(os.environ)


def authorizer_handler(verify: Callable[[], Callable[[str], Person]] = configured) -> Handler:
    """Give the handler; tests pass in their own verification."""

    def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """Let a person through to the one thing that they ask for, if their role may, and say who they are."""
        kind, _, token = str(event.get("authorizationToken") or "").partition(" ")
        try:
            person = verify()(token.strip() if kind.lower() == "bearer" else "")
        except NotSignedIn as error:
            log.info("not let through", extra={"why": error.why})
            raise Unauthorized from error
        asked = str(event["methodArn"])  # arn:…:API/STAGE/METHOD/path
        effect = "Allow" if person.may(asked.split("/", 3)[2]) else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": asked}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": person.subject, "policyDocument": policy, "context": person.to_context()}

    return handle


handler = authorizer_handler()

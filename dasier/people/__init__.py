"""Who is signed in, and what they may do: tokens of an OpenID Connect provider, and roles by group.

The API decides, not the site: `functions/authorizer.py` verifies the token of each request to an operator's route, and
what it says of the person is all that `functions/operations.py` believes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dasier.errors import Forbidden, NotSignedIn

if TYPE_CHECKING:
    from collections.abc import Mapping

Role = Literal["operator", "viewer"]

METHODS: dict[Role, frozenset[str]] = {"viewer": frozenset({"GET"}), "operator": frozenset({"GET", "POST"})}
"""What each role may ask for: a viewer sees, an operator decides as well."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in.

    Attributes
    ----------
    subject : str
        Who they are to the provider, for good.
    name : str
        What the release log calls them: the e-mail address if the provider has verified it.
    role : Role or None
        None for whoever is in no group that may do anything.
    """

    subject: str
    name: str
    role: Role | None

    def may(self, method: str) -> bool:
        """Say whether they may ask for this."""
        return self.role is not None and method in METHODS[self.role]

    def to_context(self) -> dict[str, str]:
        """Give what API Gateway passes on from the authorizer to the function: texts alone."""
        return {"subject": self.subject, "name": self.name, "role": self.role or ""}


def signed_in(authorizer: Mapping[str, Any], method: str) -> Person:
    """Give the person that an authorizer let through, who may ask for this.

    Raises
    ------
    NotSignedIn
        If there was none: a route that is declared without an authorizer is open to nobody.
    Forbidden
    """
    subject, name, role = (authorizer.get(key) for key in ("subject", "name", "role"))
    if not (isinstance(subject, str) and subject and isinstance(name, str) and name):
        raise NotSignedIn
    person = Person(subject, name, next((known for known in METHODS if known == role), None))
    if not person.may(method):
        raise Forbidden
    return person

"""Who one can be on one's own machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a name, and the groups that they are in."""

    subject: str
    name: str
    says: str
    groups: tuple[str, ...]

    def claims(self) -> dict[str, object]:
        """Give what a token says of them."""
        return {
            "sub": self.subject,
            "name": self.name,
            "email": f"{self.subject}@localhost",
            "email_verified": True,
            "groups": list(self.groups),
        }


ACCOUNTS = (
    Account("olga", "Olga", "operator: sees, and decides what serves", ("dasier-operators",)),
    Account("otto", "Otto", "another operator", ("dasier-operators",)),
    Account("vera", "Vera", "viewer: sees, and decides nothing", ("dasier-viewers",)),
    Account("nils", "Nils", "in no group: may do nothing here", ()),
)

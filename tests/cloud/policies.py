"""What IAM would say of a request: a small evaluator of policies, for those that the templates hold.

A request is an action, a resource and a context of condition keys. It is allowed if some policy of
the identity (or, for a key, the key's own) allows it and no statement that applies to it denies it.
What the evaluator does not know it refuses to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Ask:
    """A request as IAM sees it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def may(identity: Iterable[Mapping[str, Any]], ask: Ask, *, beside: Iterable[Mapping[str, Any]] = ()) -> bool:
    """Say whether an identity with these statements may, beside a resource's own statements.

    Parameters
    ----------
    identity
        Statements of the policies of a role.
    ask : Ask
    beside
        Statements of the policy of the resource (of the bucket): their denials count.
    """
    statements = list(identity)
    denied = any(s["Effect"] == "Deny" and applies(s, ask) for s in [*statements, *beside])
    return not denied and any(s["Effect"] == "Allow" and applies(s, ask) for s in statements)


def applies(statement: Mapping[str, Any], ask: Ask) -> bool:
    """Say whether a statement is about a request."""
    unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if unknown:
        raise NotImplementedError(unknown)
    return (
        any(matches(pattern.lower(), ask.action.lower()) for pattern in several(statement["Action"]))
        and any(
            matches(pattern, ask.resource) for pattern in several(statement.get("Resource", ask.resource))
        )
        and all(
            _holds(operator, key, several(wanted), ask.context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, wanted in tests.items()
        )
    )


def statements(role: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the statements of the policies that a role has of its own."""
    for policy in role.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def several(value: Any) -> list[Any]:
    """Give a list of what may be one."""
    return list(value) if isinstance(value, list) else [value]


def matches(pattern: str, text: str) -> bool:
    """Say whether IAM's wildcards fit."""
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, text, re.DOTALL) is not None


def _holds(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    value = context.get(key)
    match operator:
        case "Null":
            return (value is None) == (wanted[0] == "true")
        case "Bool" | "StringEquals":
            return value is not None and value in wanted
        case "StringLike" | "ArnLike":
            return value is not None and any(matches(pattern, value) for pattern in wanted)
        case "StringLikeIfExists":
            return value is None or any(matches(pattern, value) for pattern in wanted)
        case "ArnNotLike":  # true also when the key is absent, as IAM has it
            return value is None or not any(matches(pattern, value) for pattern in wanted)
    raise NotImplementedError(operator)

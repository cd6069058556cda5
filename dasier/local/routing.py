"""Which route a path belongs to, by API Gateway's rules.

A literal segment is preferred to a parameter, a parameter to the rest of the path. A slash at
the end does not count. The path is cut at its slashes before it is decoded, so an encoded
slash, or encoded dots, stay inside the parameter that they were sent in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.local.template import Route


_MOST_KNOWN, _LONGEST_KNOWN = 1_000, 200
"""Paths that are remembered with what they led to, and how long they may be: callers make them up."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a path led to.

    Attributes
    ----------
    routes : mapping of method to Route
        Never empty.
    parameters : mapping
        Percent-decoded.
    """

    routes: Mapping[str, Route]
    parameters: Mapping[str, str]

    def route(self, method: str) -> Route | None:
        """Give the route of a method; None if the path does not have it."""
        return self.routes.get(method) or self.routes.get("ANY")


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: _Node | None = None
    name: str = ""
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the routes of a path.

    Parameters
    ----------
    routes : iterable of Route
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._known: dict[str, Match] = {}
        self._root = _Node()
        for route in routes:
            node = self._root
            for segment in _cut(route.path):
                node = _child(node, segment)
            node.routes[route.method] = route

    def match(self, raw_path: str) -> Match | None:
        """Give what a path, still percent-encoded, leads to; None if it leads nowhere."""
        known = self._known.get(raw_path)
        if known is not None:
            return known
        parameters: dict[str, str] = {}
        node = _walk(self._root, _cut(raw_path), 0, parameters)
        if node is None:
            return None
        match = Match(node.routes, parameters)
        if len(raw_path) <= _LONGEST_KNOWN:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[raw_path] = match
        return match


def _cut(path: str) -> list[str]:
    trimmed = path.strip("/")
    return trimmed.split("/") if trimmed else []


def _child(node: _Node, segment: str) -> _Node:
    if segment.endswith("+}"):
        node.rest = node.rest or _Node(name=segment[1:-2])
        return node.rest
    if segment.startswith("{"):
        node.parameter = node.parameter or _Node(name=segment[1:-1])
        return node.parameter
    return node.literal.setdefault(segment, _Node(name=segment))


def _walk(node: _Node, segments: list[str], at: int, parameters: dict[str, str]) -> _Node | None:
    if at == len(segments):
        return node if node.routes else None
    segment = segments[at]
    literal = node.literal.get(segment)
    if literal and (found := _walk(literal, segments, at + 1, parameters)):
        return found
    if node.parameter and segment and (found := _walk(node.parameter, segments, at + 1, parameters)):
        parameters[node.parameter.name] = unquote(segment)
        return found
    if node.rest:
        parameters[node.rest.name] = unquote("/".join(segments[at:]))
        return node.rest
    return None

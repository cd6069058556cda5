"""Read a JSON body strictly (RFC 8259, I-JSON): UTF-8, finite numbers, no duplicate keys.

The fast reader refuses all of it but duplicate keys; those are ruled out by counting: where a
document has as many colons as keys were read, no key was read twice. Only when a body is
refused, or the count leaves a doubt, is it read a second time, to say what is wrong and where.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from dasier.errors import MalformedBody, Violation
from dasier.rows import MAX_VIOLATIONS, pointer_step

_LONGEST_INTEGER = 400
"""Digits; float64 ends at 309."""

_DEEPEST = 16
"""Levels that the count looks into; no wire format has more than five."""


def read_json(body: bytes) -> Any:
    """Give the document of a body.

    Raises
    ------
    MalformedBody
        Saying what is wrong, with a pointer to every number that is not finite and every
        duplicate key.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        _explain(body)
        # The message tells a place and a rule, nothing of the body.
        raise MalformedBody(
            f"The body is not JSON: {error}.", [Violation("#", "malformed_json", "The body is not JSON.")]
        ) from error
    colons = body.count(b":")
    if colons != _count_keys(document, deep=False) and colons != _count_keys(document, deep=True):
        _explain(body)
    return document


def _count_keys(document: Any, *, deep: bool, depth: int = 0) -> int:
    """Count keys of objects, looking into lists only where they start with an object.

    May count too few, never too many: a doubt is settled by `_explain`. Rows hold numbers and texts alone as a
    rule, so that a first count does not look into them, and only where it was too small a second one does.
    """
    if depth > _DEEPEST:
        return 0
    if isinstance(document, dict):
        inside = (item for item in document.values() if isinstance(item, dict | list))
        return len(document) + sum(_count_keys(item, deep=deep, depth=depth + 1) for item in inside)
    if isinstance(document, list) and document and isinstance(document[0], dict):
        if set(map(type, document)) == {dict} and not (deep and any(map(_nests, document))):
            return sum(map(len, document))
        return sum(_count_keys(item, deep=deep, depth=depth + 1) for item in document)
    return 0


def _nests(record: dict[str, Any]) -> bool:
    return not {dict, list}.isdisjoint(map(type, record.values()))


class _Fault:
    """Stands in the second reading for what must not be in a document."""

    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail


_NOT_FINITE = _Fault(
    "not_finite", "This number is not finite. JSON has no NaN and no infinity: send null for no value."
)
_DUPLICATE = _Fault("duplicate_key", "This key is given twice.")


def _explain(body: bytes) -> None:
    """Raise for faults that have a place in the document; return if there is none."""
    try:
        document = json.loads(
            body.decode(),
            parse_constant=lambda _: _NOT_FINITE,
            parse_float=lambda text: value if math.isfinite(value := float(text)) else _NOT_FINITE,
            parse_int=lambda text: 0 if len(text) < _LONGEST_INTEGER else _NOT_FINITE,
            object_pairs_hook=_object,
        )
        found = list(_faults(document, "#"))
    except (ValueError, RecursionError):
        return
    if found:
        raise MalformedBody("The body holds what JSON does not allow.", found[:MAX_VIOLATIONS])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in pairs:
        record[key] = _DUPLICATE if key in record else value
    return record


def _faults(document: Any, pointer: str) -> list[Violation]:
    if isinstance(document, _Fault):
        return [Violation(pointer, document.code, document.detail)]
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [
        fault
        for key, item in items
        if isinstance(item, dict | list | _Fault)
        for fault in _faults(item, f"{pointer}/{pointer_step(str(key))}")
    ]

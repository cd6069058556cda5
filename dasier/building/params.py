"""A table of a recipe's parameters that remembers where it stands, what was read and what is wrong.

Reading never raises: each problem is noted with its key path and what to do, and something of
the right type, or None, is given instead, so that one run finds every problem.
"""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from dasier.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.schema import Kind, Text

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LARGEST = 2**1000
"""TOML has no largest whole number; float64 has."""

_MISSING: Any = object()


class Table:
    """A TOML table that is being read.

    Parameters
    ----------
    values
        What the table holds.
    problems
        Where problems are noted; shared with every table below.
    path
        The key path of the table; empty for the document.
    """

    def __init__(self, values: Mapping[str, Any], problems: list[str], path: str = "") -> None:
        self._values = values
        self._problems = problems
        self._path = path
        self._read: set[str] = set()
        self._below: dict[str, Table] = {}

    def problem(self, path: str, what: str) -> None:
        """Note a problem."""
        self._problems.append(f"{path}: {what}")

    def problem_at(self, key: str, what: str) -> None:
        """Note a problem with one of the table's keys."""
        self.problem(self._at(key), what)

    def names(self) -> list[str]:
        """Give the table's keys."""
        return list(self._values)

    def table(self, key: str) -> Table:
        """Give the table below a key, empty if there is none."""
        if key not in self._below:
            found = self._take(key, dict, "a table", required=False)
            self._below[key] = Table(found or {}, self._problems, self._at(key))
        return self._below[key]

    def tables(self) -> dict[str, Table]:
        """Give every key's table."""
        return {key: self.table(key) for key in self._values}

    def array(self, key: str) -> list[Table]:
        """Give the tables of an array, none if there is no such array."""
        found = self._take(key, list, "an array of tables", required=False) or []
        below: list[Table] = []
        for position, item in enumerate(found):
            path = f"{self._at(key)}[{position}]"
            if isinstance(item, dict):
                self._below[f"{key}[{position}]"] = Table(item, self._problems, path)
                below.append(self._below[f"{key}[{position}]"])
            else:
                self.problem(path, f"give a table, not {_described(item)}")
        return below

    def whole(self) -> dict[str, Any]:
        """Give all that the table holds, unchecked: it belongs to someone else."""
        self._read.update(self._values)
        return dict(self._values)

    def string(
        self, key: str, *, required: bool = True, pattern: re.Pattern[str] | None = None
    ) -> str | None:
        """Give a string that is not blank."""
        value: str | None = self._take(key, str, "a string", required=required)
        if value is None:
            return None
        if not value.strip():
            self.problem(self._at(key), "it is blank; fill it in" + ("" if required else " or take it out"))
            return None
        if pattern is not None and not pattern.fullmatch(value):
            self.problem(self._at(key), f"{value!r} must match ^{pattern.pattern}$")
        return value.strip()

    def one_of(
        self, key: str, choices: Sequence[str], *, required: bool = True, default: str | None = None
    ) -> str | None:
        """Give one of several words."""
        value: str | None = self._take(key, str, "a string", required=required and default is None)
        if value is None:
            return default
        if value not in choices:
            self.problem(
                self._at(key), f"{value!r} is not one of {', '.join(choices)}" + meant(value, choices)
            )
            return default
        return value

    def true_or_one_of(self, key: str, choices: Sequence[str]) -> bool | str:
        """Give true, false or one of several words; false by default."""
        words = f"true, false or one of {', '.join(choices)}"
        value: bool | str | None = self._take(key, (bool, str), words, required=False)
        if isinstance(value, str) and value not in choices:
            self.problem(self._at(key), f"give {words}, not {value!r}" + meant(value, choices))
            return False
        return value or False

    def integer(self, key: str, *, minimum: int, maximum: int) -> int | None:
        """Give a whole number in a range."""
        value: int | None = self._take(key, int, "a whole number")
        if value is not None and not minimum <= value <= maximum:
            self.problem(self._at(key), f"it must be from {minimum} to {maximum}")
        return value

    def number(self, key: str, *, above: float, maximum: float, default: float) -> float:
        """Give a number in a range."""
        value = self._take(key, (int, float), "a number", required=False)
        if value is None:
            return default
        if not above < value <= maximum:
            self.problem(self._at(key), f"it must be above {above:g} and at most {maximum:g}")
        return float(value)

    def finite(self, key: str, *, required: bool) -> float | None:
        """Give a number."""
        value = self._take(key, (int, float), "a number", required=required)
        if value is not None and not math.isfinite(value):
            self.problem(self._at(key), "it must be finite")
            return None
        return None if value is None else float(value)

    def whole_number(self, key: str, *, minimum: int) -> int | None:
        """Give a whole number, if there is one."""
        value: int | None = self._take(key, int, "a whole number", required=False)
        if value is not None and value < minimum:
            self.problem(self._at(key), f"it must be at least {minimum}")
            return None
        return value

    def boolean(self, key: str, *, default: bool | None) -> bool | None:
        """Give true or false."""
        value: bool | None = self._take(key, bool, "true or false", required=False)
        return default if value is None else value

    def cell(self, key: str, kind: Kind | str | None) -> Any:
        """Give a value of a kind of column, or of any kind if it is not known yet."""
        expected: dict[str | None, tuple[tuple[type, ...], str]] = {
            "float": ((int, float), "a number"),
            "integer": ((int,), "a whole number"),
            "boolean": ((bool,), "true or false"),
            "category": ((str,), "a string"),
            "text": ((str,), "a string"),
            None: ((int, float, bool, str), "a number, a string, true or false"),
        }
        types, words = expected[kind]
        value = self._take(key, types, words, required=False)
        if isinstance(value, float) and not math.isfinite(value):
            self.problem(self._at(key), "it must be finite")
            return None
        return float(value) if kind == "float" and value is not None else value

    def text(self, key: str, *, required: bool = True) -> Text | None:
        """Give the same words in every language."""
        found = self._take(key, dict, "a table with " + " and ".join(LANGUAGES), required=required)
        if found is None:
            return None
        below = self._below.setdefault(key, Table(found, self._problems, self._at(key)))
        return below.own_text(required=True)

    def own_text(self, *, required: bool = False) -> Text:
        """Give the table's own words in every language, among its other keys."""
        if not required and not any(language in self._values for language in LANGUAGES):
            return {}
        words = {language: self.string(language) for language in LANGUAGES}
        return {language: word for language, word in words.items() if word is not None}

    def refuse_unknown(self) -> None:
        """Note each key, here and below, that nothing has read."""
        known = sorted(self._read)
        for key in self._values:
            if key not in self._read:
                self.problem(self._at(key), "this key is not known" + meant(key, known) + "; take it out")
        for below in self._below.values():
            below.refuse_unknown()

    def _take(self, key: str, types: type | tuple[type, ...], words: str, *, required: bool = True) -> Any:
        self._read.add(key)
        value = self._values.get(key, _MISSING)
        if value is _MISSING:
            if required:
                self.problem(self._at(key), f"it is missing; give {words}")
            return None
        allowed = types if isinstance(types, tuple) else (types,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            self.problem(self._at(key), f"give {words}, not {_described(value)}")
            return None
        if isinstance(value, int) and abs(value) > _LARGEST:
            self.problem(self._at(key), "it has more digits than a number here can have")
            return None
        return value

    def _at(self, key: str) -> str:
        step = key if _BARE_KEY.fullmatch(key) else f'"{key}"'
        return f"{self._path}.{step}" if self._path else step


def meant(word: str, known: Sequence[str]) -> str:
    """Give a hint at the nearest known word, or nothing.

    >>> meant("summery", ["summary", "title"])
    " (did you mean 'summary'?)"
    """
    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _described(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a string",
        list: "an array",
    }
    return names.get(type(value), "a table" if isinstance(value, dict) else type(value).__name__)

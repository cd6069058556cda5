"""Keyed hashes of cells that tell of a person: the log can count repeats and categories, and holds no value.

A column that a recipe calls ``personal = "hash"`` stands in the prediction log as HMAC-SHA-256 of its cells, under a key that is
in no store (``DASIER_PERSONAL_KEY``). Without the key nobody can try out values; who has both the log and the key can, so
the key is for the functions alone. Model and column go into the hash, so that a person who stands in two columns, or is known to two
models, cannot be recognised by it.

A hash begins with the key's own mark. To take another key ends what can be compared: values hashed under the old one and the new one
share nothing, and what is watched (`dasier.drift`) begins anew. That is what a rotation is for, and how often is for who runs it to say.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dasier.schema import Column, Schema

LEAST_CHARACTERS = 32
"""A key of as many hexadecimal digits has 128 bits."""

SETTING = "DASIER_PERSONAL_KEY"


@dataclass(frozen=True)
class PersonalKey:
    """A key, which shows itself nowhere.

    >>> PersonalKey("0" * 32)
    PersonalKey()
    """

    secret: str = field(repr=False)

    @cached_property
    def mark(self) -> str:
        """What the hashes under this key begin with."""
        return self._digest("dasier personal key")[:6]

    def hashed(self, cells: Iterable[Any], *, model: str, column: str) -> list[str]:
        """Give a column's cells (JSON types) as hashes; a null is the key's mark alone, so that nulls can be counted."""
        place = f"{model}\0{column}\0"
        return [
            f"{self.mark}:" + ("" if cell is None else self._digest(place + json.dumps(cell))[:20])
            for cell in cells
        ]

    def hashes(self, column: Column, *, model: str) -> Hashes:
        """Give what tells which value that training saw a hash of a category or a boolean stands for."""
        known = (None, *((False, True) if column.kind == "boolean" else column.categories))
        hashed = self.hashed(known, model=model, column=column.name)
        return Hashes(f"{self.mark}:", dict(zip(hashed, known, strict=True)))

    def _digest(self, text: str) -> str:
        return hmac.digest(self.secret.encode(), text.encode(), "sha256").hex()


@dataclass(frozen=True)
class Hashes:
    """The hashes of all values that training saw of a column.

    Attributes
    ----------
    mark : str
        What hashes under this key begin with.
    values : mapping of hash to value
    """

    mark: str
    values: Mapping[str, Any]

    def read(self, cells: Iterable[Any] | None) -> list[Any] | None:
        """Give the cells of a record with their values in place of hashes; a value that training never saw stays a hash.

        None if they are not there, or were hashed under another key: of those nothing can be said.
        """
        found = None if cells is None else list(cells)
        if found is None or not all(str(cell).startswith(self.mark) for cell in found):
            return None
        return [self.values.get(cell, cell) for cell in found]


def hashed_names(schema: Schema) -> list[str]:
    """Give the columns that are to be hashed."""
    return [column.name for column in schema.columns if column.hashed]


def key_of(environment: Mapping[str, str]) -> PersonalKey | None:
    """Give the key that an environment names, if it names one.

    Raises
    ------
    ValueError
        If it is too short to be a secret.
    """
    secret = environment.get(SETTING, "")
    if not secret:
        return None
    if len(secret) < LEAST_CHARACTERS:
        raise ValueError(
            f"{SETTING} has fewer than {LEAST_CHARACTERS} characters: `openssl rand -hex 32` makes a good one"
        )
    return PersonalKey(secret)

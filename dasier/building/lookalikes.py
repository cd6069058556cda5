"""Column names that look like others.

Cyrillic and Greek have letters that are drawn as Latin ones are. Two columns whose names differ by such letters
alone are one column to whoever fills in a form or writes a request, and are refused. A single name that
mixes them with Latin letters is legal, since someone may have meant it, but cannot be typed from what
is seen: it is told. Letters that look like no Latin one (Δ, β, ж) are of no concern.

The letters are those that Unicode TR 39 ("confusables") maps to one Latin letter and that common typefaces draw
alike; the Greek nu, which stands for a frequency beside a velocity v, is left out.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.schema import Text

_CYRILLIC = (
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u0501\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
)
_GREEK = "\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
_LATIN = "aeopcyxsijhdqwABEKMHOPCTYXSIJoABEZHIKMNOPTYX"
_AS_LATIN = str.maketrans(_CYRILLIC + _GREEK, _LATIN)

_SCRIPTS: dict[str, Text] = {
    "LATIN": {"en": "Latin", "fr": "latines"},
    "CYRILLIC": {"en": "Cyrillic", "fr": "cyrilliques"},
    "GREEK": {"en": "Greek", "fr": "grecques"},
}


def seen(name: str) -> str:
    r"""Give a name with the Latin letter in place of each that looks like one.

    >>> seen("\u0430ge")
    'age'
    """
    return name.translate(_AS_LATIN)


def notes(names: Iterable[str]) -> tuple[Text, ...]:
    r"""Give a note for each name with a word that mixes Latin letters with others that look Latin.

    >>> [note["en"] for note in notes(["age", "\u0430ge", "Δt"])]
    ['The name of the column “\u0430ge” mixes Latin and Cyrillic letters: whoever types what they see gets another name.']
    """
    found = ((name, _foreign(name)) for name in names)
    return tuple(
        {
            "en": f"The name of the column “{name}” mixes Latin and {_SCRIPTS[script]['en']} letters: "
            "whoever types what they see gets another name.",
            "fr": f"Le nom de la colonne «\u00a0{name}\u00a0» mêle des lettres latines et {_SCRIPTS[script]['fr']}\u00a0: "
            "qui tape ce qu’il voit obtient un autre nom.",
        }
        for name, script in found
        if script
    )


def _foreign(name: str) -> str | None:
    """Give the script whose look-alikes stand in one word with Latin letters."""
    for is_word, letters in groupby(name, str.isalpha):
        word = list(letters)
        scripts = {_script(letter) for letter in word}
        alike = {_script(letter) for letter in word if seen(letter) != letter}
        if is_word and "LATIN" in scripts and alike:
            return min(alike)
    return None


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]

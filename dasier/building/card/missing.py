"""What nobody stated of a model, and where to state it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dasier.words.markdown import Verbatim, code, escaped

if TYPE_CHECKING:
    from dasier.manifest import Manifest
    from dasier.schema import Text
    from dasier.words import Language


class Missing(NamedTuple):
    """A fact that a card should tell and the recipe did not give.

    Attributes
    ----------
    key : str
        Its place in ``params.toml``.
    what : Text
    """

    key: str
    what: Text


_STATED: dict[str, Missing] = {
    "use": Missing("[use]", {"en": "what it is for", "fr": "à quoi il sert"}),
    "out_of_scope": Missing("[out_of_scope]", {"en": "what it is not for", "fr": "à quoi il ne sert pas"}),
    "limits": Missing("[limits]", {"en": "its limits", "fr": "ses limites"}),
    "data": Missing("[data]", {"en": "what the data is", "fr": "ce que sont les données"}),
    "licence": Missing("data.licence", {"en": "the data's licence", "fr": "la licence des données"}),
    "source": Missing("data.source", {"en": "where the data is from", "fr": "d’où viennent les données"}),
    "model_licence": Missing("licence", {"en": "the model's licence", "fr": "la licence du modèle"}),
}


def missing(manifest: Manifest) -> list[Missing]:
    """Give what the card says nobody stated, in its order."""
    stated = dict(manifest.about) | {"limits": manifest.limits}
    return [one for key, one in _STATED.items() if not stated.get(key)]


def how(key: str, manifest: Manifest, language: Language) -> str:
    """Give how to state what is missing, as Markdown."""
    words = _IN_A_RECIPE if manifest.source.get("kind") == "recipe" else _ELSEWHERE
    return Verbatim(escaped(words[language]).format(place=code(_STATED[key].key), file=code("params.toml")))


_IN_A_RECIPE: Text = {
    "en": "To state it, give {place} in the recipe's {file} and build again.",
    "fr": "Pour l’indiquer, donnez {place} dans le {file} de la recette, puis reconstruisez.",
}
_ELSEWHERE: Text = {
    "en": "To state it, make a recipe of the model: its {file} has {place}.",
    "fr": "Pour l’indiquer, faites du modèle une recette\u00a0: son {file} prévoit {place}.",
}

"""The rules of the gate in words: what each is about, and what it means to pass it or not. English and French."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dasier.schema import Text


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in words."""

    title: Text
    passed: Text
    failed: Text


def _rule(titles: tuple[str, str], passed: tuple[str, str], failed: tuple[str, str]) -> Rule:
    first, second, third = (dict(zip(("en", "fr"), words, strict=True)) for words in (titles, passed, failed))
    return Rule(first, second, third)


RULES: dict[str, Rule] = {
    "signature": _rule(
        ("Signature", "Signature"),
        (
            "It is signed by somebody who may publish this model.",
            "Elle est signée par quelqu’un qui peut publier ce modèle.",
        ),
        (
            "Nothing proves who made it, or it was changed since: it cannot be trusted.",
            "Rien ne prouve qui l’a faite, ou elle a été modifiée depuis\u00a0: on ne peut pas s’y fier.",
        ),
    ),
    "libraries": _rule(
        ("Software", "Logiciels"),
        (
            "It was built with software that runs it here.",
            "Elle a été construite avec des logiciels qui l’exécutent ici.",
        ),
        (
            "It was built with other software than runs here, and might answer differently.",
            "Elle a été construite avec d’autres logiciels que ceux d’ici, et pourrait répondre autrement.",
        ),
    ),
    "digests": _rule(
        ("Files", "Fichiers"),
        ("Its files are as they were published.", "Ses fichiers sont tels qu’ils ont été publiés."),
        (
            "One of its files is missing, or is not as it was published.",
            "Un de ses fichiers manque, ou n’est pas tel qu’il a été publié.",
        ),
    ),
    "rules": _rule(
        ("What it must show", "Ce qu’elle doit prouver"),
        ("What it must show is known.", "Ce qu’elle doit prouver est connu."),
        (
            "What it must show to be let in cannot be read.",
            "Ce qu’elle doit prouver pour être admise est illisible.",
        ),
    ),
    "size": _rule(
        ("Size", "Taille"),
        ("It is small enough.", "Elle est assez petite."),
        ("It is too large.", "Elle est trop volumineuse."),
    ),
    "schema": _rule(
        ("What it takes and gives", "Ce qu’elle reçoit et donne"),
        (
            "Those who ask the model need not change anything, or know that they must.",
            "Ceux qui interrogent le modèle n’ont rien à changer, ou savent qu’ils le doivent.",
        ),
        (
            "Those who ask the model now would have to change what they send, or how they read the answer.",
            "Ceux qui interrogent le modèle devraient changer ce qu’ils envoient, ou leur façon de lire la réponse.",
        ),
    ),
    "rehearsal": _rule(
        ("Trial run", "Essai"),
        (
            "It starts, and answers as when it was built.",
            "Elle démarre, et répond comme lors de sa construction.",
        ),
        (
            "It did not get through a trial run: it does not start, breaks down, or answers otherwise than when it was built.",
            "Elle n’a pas réussi l’essai\u00a0: elle ne démarre pas, tombe en panne, ou répond autrement que lors de sa construction.",
        ),
    ),
    "latency": _rule(
        ("Speed", "Rapidité"),
        ("It answers fast enough.", "Elle répond assez vite."),
        ("It is too slow.", "Elle est trop lente."),
    ),
    "metrics": _rule(
        ("Measured again", "Mesures refaites"),
        (
            "It is as good as its author says, where that can be measured.",
            "Elle vaut ce qu’en dit son auteur, là où cela se mesure.",
        ),
        (
            "It is not shown to be as good as its author says.",
            "Il n’est pas prouvé qu’elle vaille ce qu’en dit son auteur.",
        ),
    ),
    "floors": _rule(
        ("Least quality", "Qualité minimale"),
        ("It is as good as its author demands.", "Elle est aussi bonne que son auteur l’exige."),
        ("It is not as good as its author demands.", "Elle n’est pas aussi bonne que son auteur l’exige."),
    ),
    "slices": _rule(
        ("Quality by group", "Qualité par groupe"),
        (
            "It is good enough for each group of cases that its author named.",
            "Elle est assez bonne pour chaque groupe de cas que son auteur a désigné.",
        ),
        (
            "It is not shown to be good enough for every group of cases that its author named.",
            "Il n’est pas prouvé qu’elle soit assez bonne pour chaque groupe de cas que son auteur a désigné.",
        ),
    ),
    "comparison": _rule(
        ("Against the version before", "Face à la version d’avant"),
        (
            "It is not shown to be worse than the version that served.",
            "Rien ne montre qu’elle fasse moins bien que la version en service.",
        ),
        (
            "It is worse than the version that served, or nothing shows that it is not.",
            "Elle fait moins bien que la version en service, ou rien ne montre le contraire.",
        ),
    ),
}
"""The rules of the gate, by the name that a verdict has for them."""

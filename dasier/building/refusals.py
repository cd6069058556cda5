"""Why a runtime was refused, in French.

The reasons arise in English, in the converters, in the proof and in libraries, and are logged so. Those that
are common are told in French here; any other is quoted as it stands.
"""

from __future__ import annotations

import re

_KINDS = {
    "held_out": "de test",
    "inside": "tirées dans la plage d’apprentissage",
    "outside": "tirées hors de la plage d’apprentissage",
    "nulls": "à valeurs absentes",
    "unseen": "à catégories inconnues",
    "at_thresholds": "au seuil des arbres",
    "far": "tirées très loin de la plage d’apprentissage",
    "edges": "aux zéros et aux bornes",
    "fitted": "d’apprentissage",
}
"""What `dasier.building.probes` calls its kinds of rows."""

_OUTPUTS = {"scores": "scores", "predictions": "prédictions", "probabilities": "probabilités"}

_NBSP = "\u00a0"

_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), french)
    for pattern, french in (
        (
            r"skl2onnx does not convert histogram-based gradient boosting",
            "skl2onnx ne convertit pas le gradient boosting par histogrammes",
        ),
        (r"skl2onnx does not convert this estimator", "skl2onnx ne convertit pas cet estimateur"),
        (r"skl2onnx does not convert (?P<what>\w+)", "skl2onnx ne convertit pas {what}"),
        (
            r"(?:\w+: )?an encoder that raises on unseen categories; set its handle_unknown",
            "un encodeur qui échoue sur les catégories inconnues ; réglez son handle_unknown",
        ),
        (
            r"(?:\w+: )?an imputer over numbers and strings at once",
            "une imputation portant à la fois sur des nombres et des chaînes",
        ),
        (
            r"(?:\w+: )?an imputer of strings that also tells what was missing",
            "une imputation de chaînes qui signale aussi ce qui manquait",
        ),
        (
            r"(?:\w+: )?gradient boosting that starts from another estimator",
            "un gradient boosting qui part d’un autre estimateur",
        ),
        (
            r"(?:\w+: )?a FunctionTransformer over strings, or with arguments",
            "un FunctionTransformer sur des chaînes, ou avec des arguments",
        ),
        (r"(?:\w+: )?a FunctionTransformer over (?P<what>\S+)", "un FunctionTransformer appliquant {what}"),
        (
            r"(?:\w+: )?(?P<what>\d+) leaves are more than float32 can number",
            "{what} feuilles, plus que float32 n’en peut numéroter",
        ),
        (r"the arrays do not know (?P<what>[A-Z]\w+)", "les tableaux ne connaissent pas {what}"),
        (r"the arrays do not know (?P<quoted>.+)", "les tableaux ne connaissent pas {quoted}"),
        (r"the arrays cannot be made: (?P<quoted>.+)", "les tableaux n’ont pu être faits\u00a0: {quoted}"),
        (r"(?:\w+: )?several targets", "plusieurs cibles"),
        (r"it does not load: (?P<quoted>.+)", "il ne se charge pas : {quoted}"),
        (r"the estimator answers none of the rows", "l’estimateur ne répond à aucune des lignes"),
        (
            r"(?P<kind>\w+) rows: (?P<what>\d+) of (?P<all>\d+) labels differ",
            "lignes {kind} : {what} étiquettes sur {all} diffèrent",
        ),
        (
            r"(?P<kind>\w+) rows: (?P<output>\w+) are (?P<number>\S+) off \(relative\)",
            "lignes {kind} : écart relatif de {number} sur les {output}",
        ),
        (
            r"(?P<kind>\w+) rows: (?P<output>\w+) are (?P<number>\S+) off",
            "lignes {kind} : écart de {number} sur les {output}",
        ),
        (
            r"(?P<kind>\w+) rows: it answers (?P<what>\d+) of (?P<all>\d+) that the estimator refuses",
            "lignes {kind} : il répond à {what} lignes sur {all} que l’estimateur refuse",
        ),
        (r"(?P<kind>\w+) rows: it fails \((?P<quoted>.+)\)", "lignes {kind} : il échoue ({quoted})"),
    )
)


def in_french(reason: str) -> str:
    r"""Give a reason in French; one that is not known is quoted in its English.

    >>> in_french("held_out rows: 3 of 40 labels differ")
    'lignes de test\xa0: 3 étiquettes sur 40 diffèrent'
    >>> in_french("no kernel for this")
    '«\xa0no kernel for this\xa0»'
    """
    for pattern, french in _PHRASES:
        if match := pattern.fullmatch(reason):
            return re.sub(r" (?=[:;])", _NBSP, french).format(**_told(match.groupdict()))
    return _quoted(reason)


def _told(found: dict[str, str]) -> dict[str, str]:
    says = {
        "kind": lambda kind: _KINDS.get(kind, _quoted(kind)),
        "output": lambda output: _OUTPUTS.get(output, _quoted(output)),
        "number": lambda number: number.replace(".", ","),
        "quoted": _quoted,
    }
    return {name: says.get(name, str)(value) for name, value in found.items()}


def _quoted(english: str) -> str:
    return f"«{_NBSP}{english}{_NBSP}»"

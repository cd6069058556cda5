"""Models as the API describes them, one for each kind of answer, and one whose every word is an attack."""

from __future__ import annotations

from typing import Any

from tests.webapp.fake_api import release, version

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"


def column(name: str, kind: str = "float", **more: Any) -> dict[str, Any]:
    label = more.pop("label", (name, name))
    explained = more.pop("help", None)
    return {
        "name": name,
        "kind": kind,
        "label": {"en": label[0], "fr": label[1]},
        "help": explained and {"en": explained[0], "fr": explained[1]},
        **more,
    }


def model(name: str, task: str, columns: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    title, summary = more.pop("title", (name, name)), more.pop("summary", ("", ""))
    limits = more.pop("limits", ("", ""))
    return {
        "name": name,
        "title": {"en": title[0], "fr": title[1]},
        "summary": {"en": summary[0], "fr": summary[1]},
        "limits": {"en": limits[0], "fr": limits[1]},
        "task": task,
        "version": more.pop("version", 3),
        "runtime": {"name": "onnx", "reason": {"en": "equal on 10,000 rows", "fr": "égal sur 10 000 lignes"}},
        "updated": "2026-11-20T09:30:00Z",
        "schema": {"columns": columns, "output": {"task": task, **more.pop("output")}},
        "metrics": {"split": "held out", "values": {"accuracy": {"value": 0.98, "low": 0.95, "high": 1.0}}},
        "canary": None,
    }


PENGUINS = model(
    "penguins",
    "classification",
    [
        column("island", "category", categories=["Biscoe", "Dream", "Torgersen"], example="Torgersen",
               typical="Biscoe", label=("Island", "Île"),
               help=("Where the bird was seen, in the Palmer archipelago.",
                     "Où l’oiseau a été observé, dans l’archipel Palmer.")),
        column("bill_length_mm", minimum=32.1, maximum=59.6, unit="mm", example=39.1, typical=44.5, nullable=True,
               label=("Bill length", "Longueur du bec"),
               help=("From the base to the tip.", "De la base à la pointe.")),
        column("flipper_length_mm", "integer", minimum=172, maximum=231, unit="mm", example=181, typical=197,
               label=("Flipper length", "Longueur de la nageoire")),
        column("body_mass_g", minimum=2700, maximum=6300, unit="g", example=3750, typical=4050,
               label=("Body mass", "Masse")),
        column("sex", "category", categories=["female", "male"], nullable=True, example="male", typical="male",
               category_labels={"female": {"en": "Female", "fr": "Femelle"}, "male": {"en": "Male", "fr": "Mâle"}},
               label=("Sex", "Sexe")),
        column("ringed", "boolean", example=True, typical=False, label=("Ringed", "Bagué")),
        column("notes", "text", nullable=True, example="", label=("Notes", "Remarques")),
    ],
    title=("Penguin species", "Espèce de manchot"),
    summary=("Tells which of three species a penguin belongs to, from its measurements.",
             "Dit à laquelle de trois espèces appartient un manchot, d’après ses mesures."),
    limits=("Only for adult birds of the Palmer archipelago.",
            "Seulement pour des oiseaux adultes de l’archipel Palmer."),
    output={"name": "species", "classes": ["Adelie", "Chinstrap", "Gentoo"], "probabilities": True,
            "label": {"en": "Species", "fr": "Espèce"},
            "class_labels": {"Adelie": {"en": "Adelie penguin", "fr": "Manchot Adélie"},
                             "Chinstrap": {"en": "Chinstrap penguin", "fr": "Manchot à jugulaire"},
                             "Gentoo": {"en": "Gentoo penguin", "fr": "Manchot papou"}}},
)  # fmt: skip
ADELIE = {
    "prediction": "Adelie",
    "probabilities": {"Adelie": 0.97, "Chinstrap": 0.02, "Gentoo": 0.01},
    "explanation": {
        "of": "Adelie",
        "reference": 0.43,
        "contributions": {"bill_length_mm": 0.41, "island": 0.17, "body_mass_g": -0.04, "sex": 0.0},
    },
    "warnings": [
        {"row": 0, "column": "body_mass_g", "code": "outside_training_range", "detail": "Outside."},
        {"row": 0, "column": "island", "code": "unseen_category", "detail": "Unseen."},
    ],
}

_TISSUE = ("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points",
           "symmetry", "fractal dimension")  # fmt: skip
BREAST_CANCER = model(
    "breast-cancer",
    "classification",
    [
        column(f"{which} {what}", minimum=0.1, maximum=30.5, example=12.25, typical=11.5)
        for which in ("mean", "error of", "worst")
        for what in _TISSUE
    ],
    title=("Breast tumours", "Tumeurs du sein"),
    summary=("Tells a benign from a malignant tumour, from the nuclei of a biopsy.",
             "Distingue une tumeur bénigne d’une tumeur maligne, d’après les noyaux d’une biopsie."),
    output={"name": "target", "classes": [0, 1], "probabilities": True,
            "class_labels": {"0": {"en": "Malignant", "fr": "Maligne"}, "1": {"en": "Benign", "fr": "Bénigne"}}},
)  # fmt: skip
MALIGNANT = {
    "prediction": 0,
    "probabilities": {"0": 0.9997, "1": 0.0003},
    "explanation": {
        "of": "0",
        "reference": 0.37,
        "contributions": {f"mean {what}": 0.1 / (n + 1) * (-1) ** n for n, what in enumerate(_TISSUE)},
    },
}

DIABETES = model(
    "diabetes",
    "regression",
    [
        column("age", "integer", minimum=19, maximum=79, unit="years", example=45, label=("Age", "Âge")),
        column("bmi", minimum=18.0, maximum=42.2, example=26.4, unit="kg/m²",
               label=("Body mass index", "Indice de masse corporelle")),
    ],
    title=("Diabetes in a year", "Diabète à un an"),
    summary=("Estimates how far the disease will have progressed after one year.",
             "Estime l’évolution de la maladie après un an."),
    output={"name": "progression", "unit": "points", "label": {"en": "Progression", "fr": "Évolution"}},
)  # fmt: skip
DIABETES["metrics"]["residuals"] = {"share": 0.9, "low": -71.5, "median": 0.0, "high": 80.25}
PROGRESSION = {
    "prediction": 1151.34,
    "unit": "points",
    "explanation": {"of": "prediction", "reference": 1140.0, "contributions": {"bmi": 14.5, "age": -3.16}},
}

TURBINES = model(
    "turbines",
    "anomaly_detection",
    [column("vibration", minimum=0.0, maximum=4.0, unit="mm/s", example=1.2, label=("Vibration", "Vibration"))],
    title=("Turbine watch", "Surveillance de turbine"),
    summary=("Tells whether a reading is unusual.", "Dit si une mesure sort de l’ordinaire."),
    output={"name": "anomaly", "classes": [-1, 1],
            "class_labels": {"-1": {"en": "Unusual", "fr": "Inhabituel"}, "1": {"en": "Usual", "fr": "Habituel"}}},
)  # fmt: skip
UNUSUAL = {
    "prediction": -1,
    "score": -0.0812,
    "explanation": {"of": "score", "reference": 0.1, "contributions": {"vibration": -0.1812}},
}

CUSTOMERS = model(
    "customers",
    "clustering",
    [column("spending", minimum=0.0, maximum=900.0, unit="€", example=120.0, label=("Spending", "Dépenses"))],
    title=("Customer groups", "Groupes de clients"),
    summary=(
        "Puts a customer in the group that resembles them.",
        "Range un client dans le groupe qui lui ressemble.",
    ),
    output={"name": "cluster", "classes": [0, 1, 2]},
)
GROUP_2 = {
    "prediction": 2,
    "explanation": {"of": "2", "reference": 0.0, "contributions": {"spending": 1.0}},
}

DIGITS = model(
    "digits",
    "classification",
    [
        column(f"pixel_{row}_{col}", minimum=0, maximum=16 if col else 0, example=float((row * col) % 17), typical=4.0,
               label=(f"Pixel, row {row + 1}, column {col + 1}", f"Pixel, ligne {row + 1}, colonne {col + 1}"))
        for row in range(8)
        for col in range(8)
    ],
    title=("Handwritten digits", "Chiffres manuscrits"),
    summary=("Reads a digit from 64 pixels.", "Lit un chiffre dans 64 pixels."),
    output={"name": "digit", "classes": list(range(10)), "probabilities": True},
)  # fmt: skip
SEVEN = {
    "prediction": 7,
    "probabilities": {str(n): (0.91 if n == 7 else 0.01) for n in range(10)},
    "explanation": {
        "of": "7",
        "reference": 0.1,
        "contributions": {f"pixel_{r}_{c}": 0.01 * (r - c) for r in range(8) for c in range(8)},
    },
}

HOSTILE = model(
    "hostile",
    "classification",
    [
        column(ATTACK, "category", categories=[ATTACK, "\u202eevil", "  "], unit=ATTACK, example=ATTACK,
               category_labels={ATTACK: {"en": ATTACK, "fr": ATTACK}}, label=(ATTACK, ATTACK), help=(ATTACK, ATTACK)),
        column("__proto__", minimum=0.0, maximum=1.0, example=0.5, label=(ATTACK, ATTACK)),
        column("a/b~c %[]", example=0.5),
        column("e\u0301moji 🐧", "text", nullable=True),
    ],
    title=(ATTACK, ATTACK), summary=(ATTACK, ATTACK), limits=(ATTACK, ATTACK),
    output={"name": ATTACK, "classes": [ATTACK, "other"], "probabilities": True,
            "class_labels": {ATTACK: {"en": ATTACK, "fr": ATTACK}}},
)  # fmt: skip
HOSTILE_ANSWER = {
    "prediction": ATTACK,
    "probabilities": {ATTACK: 0.5, "other": 0.5},
    "explanation": {"of": ATTACK, "reference": 0.1, "contributions": {ATTACK: 0.4, "unknown column": -0.1}},
    "warnings": [{"row": 0, "column": ATTACK, "code": ATTACK, "detail": ATTACK}],
}

WORSE = {
    "rule": "comparison", "passed": False,
    "detail": "On the same 83 held-out rows balanced_accuracy is 0.9133, and 0.9867 for version 2: worse by 0.0734, "
              "with 95 % confidence by at least 0.03.",
    "figures": {"compared": True, "serving": 2, "metric": "balanced_accuracy", "rows": 83, "value": 0.9133,
                "serving_value": 0.9867, "better_by": -0.0734, "low": -0.12, "high": -0.03},
}  # fmt: skip
RULES = [
    {"rule": "signature", "passed": True, "detail": "Signed by a trusted key, for this model and version.",
     "figures": {}},
    {"rule": "latency", "passed": True, "detail": "One row is answered in 0.04 ms, within the budget of 1000 ms.",
     "figures": {"row_ms": 0.0412, "budget_ms": 1000.0}},
    {"rule": "slices", "passed": False, "detail": "Slices that do not show what the recipe demands: sex = female.",
     "figures": {"slices": [{"slice": "sex = female", "metric": "recall", "floor": 0.85, "rows": 9, "passed": False}]}},
]  # fmt: skip
PENGUIN_VERSIONS = [
    version(4, canary=10, created="2026-11-22T08:00:00Z", against=3, rules=RULES[:2]),
    version(3, serving=True, passed=False, against=2, rules=[*RULES, WORSE]),
    version(2, rules=RULES[:2]),
]
GATE_REASON = (
    "Over 24 h and 4,113 requests version 4 answered 2.31 % of them with an error, version 3 0.04 %; with 95 % "
    "confidence it fails more often by at least 1.9 %. The median answer took 41 ms instead of 12 ms."
)
PENGUIN_RELEASES = [
    release(6, 3, action="canary", previous=3, canary={"version": 4, "share": 10}, who="gate",
            why="passed the gate; policy is canary", when="2026-11-22T08:01:00Z"),
    release(5, 3, previous=2, forced=True, who="eve", why="Chinstrap is what we need, and it finds them",
            when="2026-11-21T17:45:00Z"),
    release(4, 2, who="bob", why="the scales are mended", when="2026-11-21T10:12:00Z"),
    release(3, None, action="pause", previous=2, who="bob", why="the scales were off by 10 g",
            when="2026-11-21T10:00:00Z"),
    release(2, 2, previous=1, why=GATE_REASON, when="2026-11-20T23:59:00Z"),
    release(1, 1),
]  # fmt: skip

HISTORIES = {"penguins": (PENGUIN_VERSIONS, PENGUIN_RELEASES)}
"""Versions and releases of the models that have had more than one."""

ALL = (
    (PENGUINS, ADELIE),
    (BREAST_CANCER, MALIGNANT),
    (DIABETES, PROGRESSION),
    (TURBINES, UNUSUAL),
    (CUSTOMERS, GROUP_2),
    (DIGITS, SEVEN),
)

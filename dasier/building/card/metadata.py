"""The YAML at the head of a card's Markdown, which Hugging Face's Hub and its tools read.

Its keys are those of the Hub's model-card specification (huggingface/hub-docs, modelcard.md), and library, tags and
task those that scikit-learn models have there. Only what is known is in it: a licence that nobody stated is left out, and
``datasets`` lists data sets of the Hub, which a recipe's are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from dasier.words import MEASURES, in_words
from dasier.words.markdown import one_line

if TYPE_CHECKING:
    from dasier.manifest import Manifest
    from dasier.words import Language

_TASKS = {
    "classification": "tabular-classification",
    "regression": "tabular-regression",
    "clustering": "tabular-clustering",
    "anomaly_detection": "tabular-anomaly-detection",
}
_OF_THE_HUB = frozenset({"tabular-classification", "tabular-regression"})
"""Tasks that the Hub has a page for; others may stand in ``model-index``, not as ``pipeline_tag``."""

_METRICS = {"macro_f1": "f1", "r2": "r_squared"}
"""Ours that the Hub calls otherwise."""

_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "wtfpl",
        "ecl-2.0",
        "epl-1.0",
        "epl-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "agpl-3.0",
        "gfdl",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "isc",
        "lppl-1.3c",
        "ms-pl",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "ofl-1.1",
        "osl-3.0",
        "pddl",
        "postgresql",
        "artistic-2.0",
        "bsl-1.0",
        "afl-3.0",
        "ncsa",
        "unlicense",
        "zlib",
    ]
)
"""Identifiers that the Hub knows; another one is ``other``, with its name."""


def front_matter(manifest: Manifest, language: Language) -> str:
    """Give the block, with its lines of three dashes."""
    task = _TASKS[manifest.schema.output.task]
    values = manifest.metrics.get("values") or {}
    held: dict[str, Any] = {
        "language": language,
        **_licence(str(manifest.about.get("model_licence", ""))),
        "library_name": "sklearn",
        "tags": ["sklearn", task, "dasier", one_line(manifest.runtime.name)],
        **({"pipeline_tag": task} if task in _OF_THE_HUB else {}),
        "model_name": one_line(manifest.name),
    }
    if values:
        held["metrics"] = sorted({_METRICS.get(name, name) for name in values})
        held["model-index"] = [
            {"name": one_line(manifest.name), "results": [_result(manifest, task, language)]}
        ]
    text = yaml.safe_dump(held, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{text}---\n\n"


def _licence(stated: str) -> dict[str, str]:
    if not stated:
        return {}
    if stated.lower() in _LICENCES:
        return {"license": stated.lower()}
    return {"license": "other", "license_name": one_line(stated)}


def _result(manifest: Manifest, task: str, language: Language) -> dict[str, Any]:
    sample = manifest.metrics.get("split", {}).get("kind") == "sample"
    title = one_line(in_words(manifest.title, language, manifest.name))
    metrics = []
    for name, found in manifest.metrics["values"].items():
        known = {"type": _METRICS.get(name, name), "value": found["value"]}
        called = {"name": in_words(MEASURES.get(name), language, name)}
        arguments = {"args": {"average": "macro"}} if name == "macro_f1" else {}
        metrics.append(known | called | arguments)
    return {
        "task": {"type": task, "name": task.replace("-", " ")},
        "dataset": {
            "type": one_line(manifest.name),
            "name": title,
            "split": "sample" if sample else "test",
            "revision": str(manifest.data["sha256"]),
        },
        "metrics": metrics,
    }

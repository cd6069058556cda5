"""The metadata at a card's head: by the Hub's rules, and as Hugging Face's own library reads it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dasier.building.card import card
from dasier.words import LANGUAGES
from tests.building.test_card import HOSTILE, hostile, model
from tests.e2e import environments

if TYPE_CHECKING:
    from pathlib import Path

    from dasier.manifest import Manifest

TASKS = {
    "classification": "tabular-classification",
    "regression": "tabular-regression",
    "clustering": "tabular-clustering",
    "anomaly_detection": "tabular-anomaly-detection",
}
_READ = """
import json, sys
from huggingface_hub import ModelCard
for file in sys.argv[1:]:
    card = ModelCard.load(file)
    again = ModelCard(str(card))
    print(json.dumps({
        "license": card.data.license, "library": card.data.library_name, "tags": card.data.tags, "name": card.data.model_name,
        "pipeline": card.data.pipeline_tag, "language": card.data.language, "title": card.text.strip().splitlines()[0],
        "results": [
            [one.task_type, one.dataset_type, one.dataset_name, one.metric_type, one.metric_value, one.metric_args]
            for one in card.data.eval_results or []
        ],
        "same": again.data.to_dict() == card.data.to_dict(),
    }))
"""


def metadata(manifest: Manifest, language: Any = "en") -> dict[str, Any]:
    """Give what stands at the head of a card."""
    start, held, _ = card(manifest, language=language).markdown.split("---\n", 2)
    assert start == ""
    return dict(yaml.safe_load(held))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_the_metadata_has_what_the_hubs_specification_asks_for(task: str, language: Any) -> None:
    manifest, _ = model(task)

    held = metadata(manifest, language)

    assert held["language"] == language
    assert held["library_name"] == "sklearn"
    assert held["tags"] == ["sklearn", TASKS[task], "dasier", "onnx"]
    assert ("pipeline_tag" in held) == (task in ("classification", "regression"))
    (index,) = held["model-index"]
    (result,) = index["results"]
    assert index["name"] == "plums"
    assert result["task"]["type"] == TASKS[task]
    assert {"type", "name", "split", "revision"} <= set(result["dataset"])
    values = manifest.metrics["values"]
    assert [one["value"] for one in result["metrics"]] == [one["value"] for one in values.values()]
    assert {one["type"] for one in result["metrics"]} == set(held["metrics"])


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("MIT", {"license": "mit"}),
        ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        ("Our own: 3", {"license": "other", "license_name": "Our own: 3"}),
        ("", {}),
    ],
)
def test_a_licence_that_the_hub_does_not_know_is_other_and_none_is_made_up(
    stated: str, told: dict[str, str]
) -> None:
    manifest, _ = model()

    held = metadata(replace(manifest, about={"model_licence": stated} if stated else {}))

    assert {key: value for key, value in held.items() if key.startswith("license")} == told


@pytest.mark.parametrize("text", [*HOSTILE, "---", "a\n---\nb", "- x: {y", "null", "👩‍🔬 猫"])
def test_hostile_texts_stay_inside_their_value(text: str) -> None:
    manifest = hostile(text)

    held = metadata(manifest)

    assert held["license"] == "other"
    assert set(held) == set(metadata(hostile("plain")))


def test_hugging_faces_own_library_reads_every_cards_metadata(tmp_path: Path) -> None:
    try:
        python = environments.python("huggingface-hub")
    except environments.Unavailable as error:
        pytest.skip(f"huggingface-hub cannot be installed here: {error}")
    manifests = [model(task)[0] for task in TASKS] + [hostile(text) for text in HOSTILE]
    files = []
    for place, manifest in enumerate(manifests):
        files.append(tmp_path / f"{place}.md")
        licensed = replace(manifest, about=dict(manifest.about) or {"model_licence": "MIT"})
        files[-1].write_text(card(licensed, language="en").markdown)

    done = subprocess.run(
        [str(python), "-c", _READ, *map(str, files)], capture_output=True, text=True, check=True
    )

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(manifests)
    for task, read, manifest in zip(TASKS, told, manifests, strict=False):
        values = manifest.metrics["values"]
        assert (read["license"], read["library"], read["name"]) == ("mit", "sklearn", "plums")
        assert read["title"] == "# Plums"
        assert [one[0] for one in read["results"]] == [TASKS[task]] * len(values)
        assert [one[4] for one in read["results"]] == [one["value"] for one in values.values()]
    assert all(read["same"] for read in told)

"""An artifact of every manifest format that ever was is still read, and still answers as it did."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from dasier import gate
from dasier.manifest import FORMAT
from dasier.registry import Registry
from dasier.rows import from_records, pointer_in
from dasier.serving.predicting import predict
from dasier.serving.service import Service
from dasier.serving.settings import Settings
from dasier.signing import TrustedKeys
from dasier.store import open_store

FOLDER = Path(__file__).parent
AT = pointer_in("#")


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_artifact_of_every_format_is_read_and_answers_as_it_did(number: int, tmp_path: Path) -> None:
    folder = FOLDER / f"v{number}"
    shutil.copytree(folder / "store", tmp_path / "store")
    keys = ((folder / "public_key.txt").read_text().strip(),)
    expected = json.loads((folder / "expected.json").read_text())
    registry = Registry(open_store(f"file://{tmp_path}/store"), TrustedKeys.parse(keys))
    service = Service(registry, Settings(registry="", trusted_keys=keys))

    loaded = service.serving("gulls")
    outputs = predict(loaded, from_records(loaded.manifest.schema, expected["rows"], AT), AT)

    assert loaded.manifest.format == number
    assert outputs.predictions.tolist() == expected["predictions"]
    assert outputs.probabilities == pytest.approx(np.array(expected["probabilities"]), abs=1e-6)
    for role in loaded.manifest.blobs:
        assert registry.blob(loaded.manifest, role)


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_artifact_of_every_format_passes_the_gate_of_today(number: int, tmp_path: Path) -> None:
    folder = FOLDER / f"v{number}"
    shutil.copytree(folder / "store", tmp_path / "store")
    registry = Registry(
        open_store(f"file://{tmp_path}/store"),
        TrustedKeys.parse(((folder / "public_key.txt").read_text().strip(),)),
    )
    head = registry.head("gulls")
    assert head is not None
    assert head.serving is not None

    verdict = gate.judge(registry, "gulls", head.serving)

    assert verdict["passed"], verdict["rules"]


def test_no_artifact_is_kept_of_a_format_that_never_was() -> None:
    kept = {path.name for path in FOLDER.glob("v*")}

    assert kept == {f"v{number}" for number in range(1, FORMAT + 1)}

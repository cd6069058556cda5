"""The same build twice, in two processes with other hash seeds: the same digests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import models

if TYPE_CHECKING:
    from pathlib import Path

BUILD = """
import json, sys
from tests import models
built = models.built(sys.argv[1])
document = built.manifest.to_document()
told = {key: document[key] for key in ("blobs", "schema", "golden", "metrics", "data", "notes")}
print(json.dumps(told, sort_keys=True))
"""


@pytest.mark.long
@pytest.mark.parametrize("name", ["gulls"])
def test_two_processes_give_the_same_digests(name: str, tmp_path: Path) -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", BUILD, name],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(models.ROOT)},
            capture_output=True,
            check=True,
            cwd=tmp_path,  # outside git: the card tells the commit, which others may change meanwhile
        ).stdout
        for seed in ("1", "2")
    ]

    one, two = (json.loads(printed) for printed in found)
    assert {key for key in one if one[key] != two[key]} == set()

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from dasier.building import provenance
from dasier.building.frames import tidy

if TYPE_CHECKING:
    from pathlib import Path

GIT = shutil.which("git")


def test_digest_tells_tables_apart_by_names_cells_and_order() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    others = [
        table.rename(columns={"a": "c"}),
        table.iloc[::-1],
        table[["b", "a"]],
        table.assign(a=[1.0, np.nextafter(2.0, 3)]),
        table.assign(b=["x", "y"]),
    ]

    digests = {provenance.data_digest(one) for one in [table, *others]}

    assert len(digests) == 6
    assert provenance.data_digest(table) == provenance.data_digest(table.copy().set_index([[5, 6]]))


def test_digest_is_that_of_the_table_as_csv() -> None:
    words = ["x", None, "", 'a "b", c', "d\n", "\r"]
    numbers = [1.5, np.nan, -0.0, 1e300, 5e-324, 0.1]
    table = tidy(
        pd.DataFrame({"é, b": words, "n": numbers, "i": [-1, 2, 3, 4, 5, 6], "yes": [True, False] * 3})
    ).frame
    table = pd.concat([table] * 2_000, ignore_index=True)

    written = table.to_csv(index=False, float_format="%.17g", lineterminator="\n")

    assert provenance.data_digest(table) == hashlib.sha256(written.encode()).hexdigest()


def test_time_is_utc_to_the_second() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", provenance.now())


def test_environment_names_what_trains_and_converts() -> None:
    assert {"python", "scikit-learn", "numpy", "onnx", "onnxruntime"} <= set(provenance.environment())


def test_folder_outside_git_has_no_commit(tmp_path: Path) -> None:
    assert provenance.git_commit(tmp_path) is None


@pytest.mark.skipif(GIT is None, reason="git is not installed")
def test_commit_says_whether_files_were_edited_since(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "recipe.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "one")
    commit = provenance.git_commit(tmp_path)
    assert re.fullmatch(r"[0-9a-f]{40}", commit or "")

    (tmp_path / "recipe.py").write_text("2")

    assert provenance.git_commit(tmp_path) == f"{commit}+changes"

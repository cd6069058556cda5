"""The environment that Zappa has of its own, made on first use as `make site` makes it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300


def zappas_python() -> Path:
    """Give the interpreter beside Zappa; skip where the environment cannot be made."""
    command = ["make", "--silent", "--no-print-directory", ".envs/zappa/.made"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if made.returncode:
        pytest.skip(f"zappa: no environment for it can be made here: {made.stderr.strip().splitlines()[-1:]}")
    return ROOT / ".envs" / "zappa" / "bin" / "python"

"""Where a version comes from: commit, libraries, and the digest of its rows."""

from __future__ import annotations

import getpass
import hashlib
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_LIBRARIES = ("scikit-learn", "numpy", "pandas", "onnx", "skl2onnx", "onnxruntime")


def environment() -> dict[str, str]:
    """Give the versions of Python and of what trains and converts."""
    return {"python": platform.python_version()} | {library: version(library) for library in _LIBRARIES}


def data_digest(table: pd.DataFrame) -> str:
    """Give the SHA-256 of a table's names and cells, the same on every machine."""
    text = table.to_csv(index=False, float_format="%.17g", lineterminator="\n")
    return hashlib.sha256(text.encode()).hexdigest()


def git_commit(folder: Path) -> str | None:
    """Give the commit that a folder is at, with ``+changes`` if it was edited since; None outside git."""
    git = shutil.which("git")
    if git is None:
        return None

    def ask(*words: str) -> str | None:
        done = subprocess.run(  # noqa: S603 - git, with words of ours
            [git, "-C", str(folder), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    if commit is None:
        return None
    return commit + ("+changes" if ask("status", "--porcelain", "--", ".") else "")


def now() -> str:
    """Give the time as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def whoami() -> str:
    """Give who runs this, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

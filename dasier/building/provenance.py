"""Where a version comes from: commit, libraries, and the digest of its rows."""

from __future__ import annotations

import csv
import getpass
import hashlib
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

_ROWS_AT_ONCE = 10_000

_LIBRARIES = ("scikit-learn", "numpy", "pandas", "onnx", "skl2onnx", "onnxruntime")


def environment() -> dict[str, str]:
    """Give the versions of Python and of what trains and converts."""
    return {"python": platform.python_version()} | {library: version(library) for library in _LIBRARIES}


def data_digest(table: pd.DataFrame) -> str:
    r"""Give the SHA-256 of a tidy table's names and cells as CSV, the same on every machine.

    The bytes are those of ``to_csv(index=False, float_format="%.17g", lineterminator="\n")``, which takes twice the time, and
    220 MB for 300,000 rows of 20 numbers.
    """
    digest = hashlib.sha256()
    lines = csv.writer(_Sink(digest.update), lineterminator="\n")
    lines.writerow(table.columns)
    for start in range(0, len(table), _ROWS_AT_ONCE):
        rows = table.iloc[start : start + _ROWS_AT_ONCE]
        lines.writerows(zip(*[_texts(rows[name]) for name in table.columns], strict=True))
    return digest.hexdigest()


class _Sink(NamedTuple):
    """What a writer of CSV writes to."""

    update: Callable[[bytes], None]

    def write(self, text: str) -> None:
        self.update(text.encode())


def _texts(cells: pd.Series[Any]) -> list[str]:
    values = cells.tolist()
    if cells.dtype.kind == "f":
        return ["" if cell != cell else f"{cell:.17g}" for cell in values]  # noqa: PLR0124 (a NaN)
    return ["" if cell != cell else str(cell) for cell in values]  # noqa: PLR0124 (as above)


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

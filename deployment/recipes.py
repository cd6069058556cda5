"""``python -m deployment.recipes BEFORE AFTER``: the recipes that changed between two commits, a name a line.

A recipe is a folder of `model_builds/`. One that was removed is not named: a model is retired by hand (`dasier pause`).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
NOTHING = "0" * 40
"""What a forge gives as the commit before the first push of a branch."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Print the names; give the exit status."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m deployment.recipes BEFORE AFTER\n")
        return 2
    for name in changed(*arguments, root=root):
        sys.stdout.write(f"{name}\n")
    return 0


def changed(before: str, after: str, *, root: Path = ROOT) -> list[str]:
    """Give the names of recipes with a file that differs; all of them where there is no commit before."""
    if before == NOTHING:
        return sorted(recipe.parent.name for recipe in (root / "model_builds").glob("*/recipe.py"))
    command = ["git", "diff", "--name-only", "-z", "--end-of-options", before, after, "--", "model_builds"]
    found = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603
    names = {Path(path).parts[1] for path in found.stdout.split("\0") if len(Path(path).parts) > 2}
    return sorted(name for name in names if (root / "model_builds" / name / "recipe.py").is_file())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``python -m deployment.recipes``: the recipes to build and publish, a name a line.

Those whose folder in `model_builds/` is another one than at the commit that the model's newest version was built from. What a push
changed would not do: a push whose checks failed, or that another one overtook in the queue, would publish nothing, and the next
one would not know. A recipe that was removed is not named: a model is retired by hand (`dasier pause`).

``DASIER_REGISTRY`` and ``DASIER_TRUSTED_KEYS`` say what there is, as for `dasier publish`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dasier.cli.session import Session
from dasier.errors import DasierError, ModelNotFound, Untrusted
from dasier.local.provision import recipes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.local.provision import Recipe
    from dasier.registry import Registry

ROOT = Path(__file__).parents[1]
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def main(arguments: Sequence[str], environment: Mapping[str, str], root: Path = ROOT) -> int:
    """Print the names; give the exit status."""
    if arguments:
        sys.stderr.write("usage: python -m deployment.recipes\n")
        return 2
    try:
        registry = Session.of(environment.get("DASIER_REGISTRY"), environment).registry()
        names = due(registry, root=root)
    except DasierError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{name}\n" for name in names)
    return 0


def due(registry: Registry, *, root: Path = ROOT) -> list[str]:
    """Give the names of the models whose recipe has changed since it was published, or never was."""
    return [
        it.name for it in recipes(root / "model_builds") if _differs(it, _built_from(registry, it.name), root)
    ]


def _built_from(registry: Registry, name: str) -> str | None:
    """Give the commit that the newest version was built from that was built from one; None if there is none.

    Versions that somebody published by hand, from a table or with changes that were not committed, are passed over.
    """
    try:
        numbers = registry.versions(name)
    except ModelNotFound:
        return None
    for number in reversed(numbers):
        try:
            commit = str(registry.manifest(name, number).source.get("git_commit"))
        except Untrusted:
            continue
        if _COMMIT.fullmatch(commit):
            return commit
    return None


def _differs(recipe: Recipe, commit: str | None, root: Path) -> bool:
    """Say whether a recipe's folder is another one at a commit than now; it is where this clone has no such commit."""
    if commit is None:
        return True
    command = ["git", "diff", "--quiet", "--end-of-options", commit, "HEAD", "--", str(recipe.folder)]
    return subprocess.run(command, cwd=root, check=False, capture_output=True).returncode != 0  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

"""From a recipe, an estimator or a table to a built version: train, evaluate, export, prove, describe.

`build_recipe`, `build_table` and `import_estimator` are the three ways in; all of them end in
`assembling.assemble`, so that what they give is the same kind of version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dasier.built import Built


def build_recipe(folder: Path, *, progress: Callable[[str], None] = lambda _: None) -> Built:
    """Give the built version of a recipe's folder.

    Raises
    ------
    BuildRefused
        Saying what to mend in the recipe, its data or its estimator.
    """
    from dasier.building.assembling import assemble  # noqa: PLC0415 - seconds of imports, for builds alone
    from dasier.building.recipe import read  # noqa: PLC0415
    from dasier.building.training import train  # noqa: PLC0415

    recipe = read(folder)
    progress("train")
    return assemble(train(recipe), progress=progress)

"""From a recipe, an estimator or a table to a built version: train, evaluate, export, prove, describe.

`build_recipe`, `build_table` and `import_estimator` are the three ways in; all of them end in
`assembling.assemble`, so that what they give is the same kind of version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
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


def build_table(
    path: Path,
    *,
    target: str,
    name: str,
    without: Collection[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Give the built version of a model that is trained on a CSV file, without some of its columns.

    Raises
    ------
    BuildRefused
        Saying what to mend in the table.
    """
    from dasier.building.assembling import assemble  # noqa: PLC0415 - as above
    from dasier.building.table import train_table  # noqa: PLC0415

    trained = train_table(path, target=target, name=_named(name), without=without, progress=progress)
    return assemble(trained, progress=progress)


def import_estimator(
    path: Path,
    *,
    name: str,
    sample: Path,
    target: str | None,
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Give the built version of an estimator in a joblib or pickle file, which runs what the file says.

    Raises
    ------
    BuildRefused
        Saying what to mend.
    """
    from dasier.building.importing import import_in_child  # noqa: PLC0415 - as above

    return import_in_child(path, name=_named(name), sample=sample, target=target, progress=progress)


def _named(name: str) -> str:
    from dasier.errors import DataInvalid  # noqa: PLC0415 - as above
    from dasier.layout import NAME  # noqa: PLC0415

    if not NAME.fullmatch(name):
        raise DataInvalid(
            f"{name!r} cannot be a model's name: use 1 to 63 lower-case letters, digits, - and _, "
            "the first of them a letter or digit"
        )
    return name

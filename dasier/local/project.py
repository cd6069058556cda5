"""Where the project's own files are: the template, the functions and the recipes beside it."""

from __future__ import annotations

from pathlib import Path

from dasier.errors import SettingsInvalid

TEMPLATE = "template.yaml"


def find_project(start: Path | None = None) -> Path:
    """Give the folder with `template.yaml`: this one, one above it, or the one DASIER was installed from.

    Raises
    ------
    SettingsInvalid
        If there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / TEMPLATE).is_file() and (folder / "functions").is_dir():
            return folder
    raise SettingsInvalid([f"there is no {TEMPLATE} in {here} or above it: run this in a clone of DASIER"])

"""What a command draws, or writes into a file beside what it says: `--plot`, `--html`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from dasier.cli.show import say
from dasier.errors import DasierError

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


class FileRefused(DasierError):
    """A file that cannot be written."""


def plots_of(package: str) -> ModuleType:
    """Give the module of a package that draws.

    It is asked for before minutes are spent on what is drawn: where its libraries are missing, `dasier.cli.group` says what to
    install.
    """
    return import_module(f"{package}.plots")


def write(file: Path, content: bytes) -> None:
    """Write a file, and say so.

    Raises
    ------
    FileRefused
    """
    try:
        file.write_bytes(content)
    except OSError as error:
        raise FileRefused(f"{file} cannot be written: {error.strerror}") from error
    say(f"Written to {file}.")

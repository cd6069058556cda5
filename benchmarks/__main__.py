"""Run every benchmark, and put what they found into one table: the standard, the figure, reached or not.

    make bench                                  # all of it but the soak: an hour, on an idle machine
    make bench ARGS=quick                       # fewer and shorter rounds, written to build/bench/
    make bench ARGS="quick --only peers scale"  # some
    make bench ARGS="--only"                    # none: the table of the results that are there

Each program can be run by itself, and writes its own result; the table says of each when it was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.results import RESULTS_VARIABLE, results, write  # noqa: E402
from benchmarks.reference.standards import HELD  # noqa: E402

QUICK_RESULTS = ROOT / "build" / "bench"
QUICK = {
    "cold_start": ["--rounds", "3"],
    "warm": ["--rounds", "3"],
    "peers": ["--rounds", "2", "--seconds", "0.5"],
    "scale": ["--rounds", "3"],
    "batch": ["--rows", "50000", "--rounds", "2"],
}
"""How a program is run when there is little time; the others know no shorter way."""

LONG = ("estimators", "fuzz", "servers", "site", "site_package")
"""What is left out when there is little time."""

ASKED = ("soak", "mutation")
"""What takes half an hour or more by itself, and is run when it is named."""

IMAGE, IMAGE_TAG = "image", "dasier-bench"
TABLE = "table"


def programs() -> list[str]:
    """Give the programs by name; the image is built by another."""
    found = sorted(file.stem for file in (ROOT / "benchmarks").glob("[a-z]*.py"))
    return [*found, IMAGE]


def main() -> int:
    """Run, collect, print; give the exit status."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("length", nargs="?", choices=("full", "quick"), default="full")
    parser.add_argument(
        "--only", nargs="*", choices=programs(), help="these alone; none collects what is there"
    )
    options = parser.parse_args()
    quick = options.length == "quick"
    if quick:
        os.environ[RESULTS_VARIABLE] = str(QUICK_RESULTS)
    wanted = [name for name in programs() if name not in ASKED] if options.only is None else options.only
    if quick and options.only is None:
        wanted = [name for name in wanted if name not in LONG]
    failed = [name for name in wanted if not run(name, quick=quick)]
    missed = table(failed)
    print(f"{missed} standards missed" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return bool(failed)


def run(name: str, *, quick: bool) -> bool:
    """Run a program, and say whether it could be."""
    print(f"== {name}", flush=True)
    if name == IMAGE:
        return image()
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / f"{name}.py"),
        *(QUICK.get(name, []) if quick else []),
    ]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def image() -> bool:
    """Build the image and keep its size; without Docker say so, which is no failure."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], check=False, capture_output=True).returncode:
        print("skipped: there is no Docker here")
        return True
    command = [sys.executable, str(ROOT / "docker" / "image.py"), "--tag", IMAGE_TAG]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    print(done.stdout, done.stderr)
    if done.returncode:
        return False
    inspected = [docker, "image", "inspect", "--format", "{{.Size}}", IMAGE_TAG]
    size_mb = int(subprocess.run(inspected, check=True, capture_output=True, text=True).stdout) / 1e6
    write(IMAGE, "The image", ("image", "size"), [("dasier", f"{size_mb:.1f} MB")], {"size_mb": size_mb})
    return True


def table(failed: list[str]) -> int:
    """Print and keep the one table; give how many standards are missed."""
    rows, lines = [], []
    for name, hold in HELD.items():
        file = results() / f"{name}.json"
        if not file.exists():
            rows.append((name, "not measured here", "", "", "–", ""))
            continue
        result = json.loads(file.read_text("utf-8"))
        stale = " (failed now)" if name in failed else ""
        for one in hold(result["figures"]):
            reached = "yes" if one.reached else "**no**"
            rows.append((name, one.what, one.asked, one.figure, reached, result["date"] + stale))
            lines.append({"result": name, "date": result["date"], **vars(one)})
    header = ("benchmark", "standard", "asked", "found", "reached", "measured")
    write(TABLE, "Every standard that is a figure", header, rows, lines)
    return sum(not line["reached"] for line in lines)


if __name__ == "__main__":
    sys.exit(main())

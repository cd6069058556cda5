"""Mutation score of what decides whether a model serves: how many small faults do the tests notice?

mutmut makes the mutants (its operators, as a library in an environment of its own). They are not run by mutmut: its
mutants live behind a switch in the process, and the gate judges in child processes with an environment of their own
that would never see it. Here each mutant is the source itself, in a copy of the tree, judged by the tests that reach the
line that it changes, the quickest first, until one fails or the time is over.

    .venv/bin/python benchmarks/mutation.py                       a sample of each part, with its 95 % interval (Wilson)
    .venv/bin/python benchmarks/mutation.py --sample 0            every mutant: hours
    .venv/bin/python benchmarks/mutation.py signing --sample 20 --seed 3   of one part
    .venv/bin/python benchmarks/mutation.py --again               only what survived the last run, after tests were added

Survivors are printed: each is a behaviour without a test, or code that nobody needs. Those that change no behaviour
are listed in `reference/equivalent_mutants.toml` with the reason, and count neither way.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.forking import OPTIONS  # noqa: E402
from benchmarks.reference.results import RESULTS, write  # noqa: E402
from tests.e2e.environments import python  # noqa: E402

PARTS = {
    "signing": ["dasier/signing.py"],
    "schema": ["dasier/schema.py", "dasier/rows/judging.py"],
    "registry": ["dasier/registry.py"],
    "releasing": ["dasier/releasing.py"],
    "gate": [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("dasier/gate/[a-z]*.py"))],
}
TESTS = ("tests/core", "tests/gate")
EQUIVALENT = ROOT / "benchmarks" / "reference" / "equivalent_mutants.toml"
AIM = 80
OUTCOMES = ("killed", "timeout", "survived", "equivalent")


@dataclass(frozen=True)
class Reached:
    """Which tests reach which line of a file, and how long each takes."""

    tests: dict[str, dict[int, set[str]]]
    took_s: dict[str, float]

    def of(self, path: str, line: int) -> list[str]:
        """Give the tests that a mutant is judged by, quickest first.

        A statement over several lines may be known by an earlier one. What runs at import alone (a field's default)
        concerns every test of the file.
        """
        lines = self.tests[path]
        known = max((one for one in lines if one <= line), default=0)
        found = lines.get(known) or set().union(*lines.values())
        return sorted(found, key=self.took_s.__getitem__)


class Tree:
    """A copy of all that git knows, as it stands, and the process that runs tests in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {"PYTHONPATH": str(folder)}
        command = ["git", "ls-files", "-co", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        for name in listed.stdout.decode().splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def start(self, libraries: Path) -> None:
        """Start what runs tests; it ends with its input."""
        self._tests = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks/reference/forking.py"), str(self.folder), str(libraries)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self) -> None:
        """End it."""
        self._tests.communicate()

    def judge(self, mutant: dict[str, Any], found: Reached) -> str:
        """Give `killed`, `timeout` or `survived`."""
        nodes = found.of(mutant["path"], mutant["line"])
        time_s = 60 + 5 * sum(found.took_s[node] for node in nodes)
        original = (self.folder / mutant["path"]).read_text(encoding="utf-8")
        self._place(mutant["path"], mutant["code"])
        code = self.run(nodes, time_s)
        self._place(mutant["path"], original)
        return "timeout" if code is None else "survived" if code == 0 else "killed"

    def run(self, nodes: list[str], timeout_s: float) -> int | None:
        """Give pytest's exit code, or None if the time was over."""
        self._tests.stdin.write(json.dumps({"nodes": nodes, "timeout_s": timeout_s}) + "\n")
        self._tests.stdin.flush()
        answer = self._tests.stdout.readline()
        if not answer:
            raise SystemExit(f"what runs the tests was ended from outside: {self._tests.wait()}")
        return json.loads(answer)

    def _place(self, path: str, code: str) -> None:
        """Put a file in its place, and nothing that was compiled of another (Python looks at seconds and size)."""
        file = self.folder / path
        file.write_text(code, encoding="utf-8")
        for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            compiled.unlink()


def reached(tree: Tree) -> Reached:
    """Run the tests once, without a mutant, and see what reaches what."""
    folder = tree.folder
    options = ("--data-file", str(folder / "reached"), "--source", "dasier", "--rcfile=/dev/null")
    plugins = (*OPTIONS, "-p", "benchmarks.reference.reaching")
    done = subprocess.run(
        [sys.executable, "-m", "coverage", "run", *options, "-m", "pytest", *plugins, *TESTS],
        cwd=folder,
        env=tree.environment | {"REACHING": str(folder)},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"the tests do not pass without a mutant:\n{done.stdout}")
    took_s = json.loads((folder / "took.json").read_text(encoding="utf-8"))
    measured = coverage.CoverageData(str(folder / "reached"))
    measured.read()
    tests = {
        path: {
            line: {one for one in contexts if one}
            for line, contexts in measured.contexts_by_lineno(str(folder / path)).items()
        }
        for path in (one for paths in PARTS.values() for one in paths)
    }
    if not all(tests.values()):
        raise SystemExit("a file was never reached: the tests ran on other sources than the copy's")
    return Reached(tests, took_s)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Give the 95 % interval of a share (Wilson 1927), in per cent."""
    if not of:
        return 0.0, 100.0
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return tuple(100 * (middle + sign * half) / (1 + z * z / of) for sign in (-1, 1))  # type: ignore[return-value]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--sample", type=int, default=24, help="mutants of each part; 0 for all")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--again", action="store_true", help="judge what survived the last run, believe the rest of it"
    )
    given = parser.parse_args()
    if unknown := set(given.parts).difference(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    maker = [
        str(python("mutmut")),
        str(ROOT / "benchmarks/reference/mutants.py"),
        given.seed,
        str(given.sample),
    ]
    made = {
        part: json.loads(
            subprocess.run([*maker, *PARTS[part]], cwd=ROOT, capture_output=True, check=True).stdout
        )
        for part in given.parts or PARTS
    }
    every = [one for part in made.values() for one in part["mutants"]]
    known = last_run() if given.again else {}
    for mutant in every:
        mutant["outcome"] = known.get(key(mutant), "survived")
    judge([one for one in every if one["outcome"] == "survived"], given.jobs)
    report(made, given.sample, given.seed)


def key(mutant: dict[str, Any]) -> tuple[str, str, str]:
    """Give what a mutant is known by from run to run."""
    return mutant["path"], mutant["before"], mutant["after"]


def last_run() -> dict[tuple[str, str, str], str]:
    """Give the outcomes of the last run: more tests take no kill back."""
    figures = json.loads((RESULTS / "mutation.json").read_text(encoding="utf-8"))["figures"]
    return {key(one): one["outcome"] for part in figures.values() for one in part["mutants"]}


def judge(mutants: list[dict[str, Any]], jobs: int) -> None:
    """Give each mutant its outcome, and print it."""
    with tempfile.TemporaryDirectory() as folder:
        trees = [Tree(Path(folder) / str(number)) for number in range(jobs)]
        found = reached(trees[0])
        free: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        for tree in trees:
            tree.start(trees[0].folder / "libraries.json")
            if tree.run(sorted(found.took_s, key=found.took_s.__getitem__)[:20], 600) != 0:
                raise SystemExit(
                    "without a mutant, tests that passed fail in a fork: no outcome would mean anything"
                )
            free.put(tree)

        def judged(mutant: dict[str, Any]) -> None:
            tree = free.get()
            try:
                mutant["outcome"] = tree.judge(mutant, found)
            finally:
                free.put(tree)
            print(f"{mutant['outcome']:9} {mutant['path']}:{mutant['line']}  {mutant['before']}")
            print(f"{'':9} {mutant['after']}", flush=True)

        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(judged, mutants))
        for tree in trees:
            tree.end()


def report(made: dict[str, dict[str, Any]], sample: int, seed: str) -> None:
    """Write the table, and every mutant with its outcome."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    equivalent = {key(one) for one in listed}
    rows, figures = [], {}
    for part, about in made.items():
        mutants = [{name: cell for name, cell in one.items() if name != "code"} for one in about["mutants"]]
        for mutant in mutants:
            if mutant["outcome"] == "survived" and key(mutant) in equivalent:
                mutant["outcome"] = "equivalent"
        counted = Counter(one["outcome"] for one in mutants)
        hits, of = counted["killed"] + counted["timeout"], len(mutants) - counted["equivalent"]
        low, high = wilson(hits, of)
        score = 100 * hits / max(of, 1)
        numbers = [about["population"], len(mutants), *(counted[one] for one in OUTCOMES)]
        told = f"{score:.0f} % ({low:.0f}–{high:.0f})"
        rows.append([part, *map(str, numbers), told, "yes" if score >= AIM else "no"])
        figures[part] = {
            "score": score,
            "low": low,
            "high": high,
            "population": about["population"],
            **counted,
        }
        figures[part]["mutants"] = mutants
    title = f"Mutation score, {f'{sample} mutants of each part' if sample else 'all mutants'}, seed {seed}"
    header = ["part", "mutants", "judged", *OUTCOMES, "score (95 %)", f"≥ {AIM} %"]
    write("mutation", title, header, rows, figures)


if __name__ == "__main__":
    main()

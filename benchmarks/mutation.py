"""Mutation score of what decides whether a model serves: how many small faults do the tests notice?

mutmut makes the mutants (its operators, as a library in an environment of its own). They are not run by mutmut: its
mutants live behind a switch in the process, and the gate judges in child processes with an environment of their own
that would never see it. Here each mutant is the source itself, in a copy of the tree, judged by the tests that reach the
line that it changes, the quickest first, until one fails or the time is over.

    .venv/bin/python benchmarks/mutation.py                       a sample of each part, with its 95 % interval (Wilson)
    .venv/bin/python benchmarks/mutation.py --sample 0            every mutant: hours
    .venv/bin/python benchmarks/mutation.py signing --sample 20 --seed 3   of one part

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
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.reference.results import write  # noqa: E402
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


def pytest(tree: Path, *arguments: str, timeout_s: float | None = None, **environment: str) -> int | None:
    """Run pytest in a copy of the tree; give its exit code, or None if it was ended for its time."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def copied(folder: Path) -> Path:
    """Give a copy of all that git knows, as it stands."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def reached(tree: Path) -> Reached:
    """Run the tests once, without a mutant, and see what reaches what."""
    data, took = tree / "reached", tree / "took.json"
    options = ("--data-file", str(data), "--source", "dasier", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    plugins = ("-p", "no:randomly", "-p", "benchmarks.reference.reaching")
    code = pytest(
        tree, "-m", "coverage", "run", "--rcfile=/dev/null", *options, *plugins, *TESTS, REACHING=str(took)
    )
    if code != 0:
        raise SystemExit(f"the tests do not pass without a mutant: pytest ended with {code}")
    took_s = json.loads(took.read_text(encoding="utf-8"))
    measured = coverage.CoverageData(str(data))
    measured.read()
    tests = {
        path: {
            line: {one for one in contexts if one}
            for line, contexts in measured.contexts_by_lineno(str(tree / path)).items()
        }
        for path in (one for paths in PARTS.values() for one in paths)
    }
    if not all(tests.values()):
        raise SystemExit("a file was never reached: the tests ran on other sources than the copy's")
    return Reached(tests, took_s)


def judge(tree: Path, mutant: dict[str, Any], found: Reached) -> str:
    """Give `killed`, `timeout` or `survived`."""
    nodes = found.of(mutant["path"], mutant["line"])
    file = tree / mutant["path"]
    original = file.read_text(encoding="utf-8")
    file.write_text(mutant["code"], encoding="utf-8")
    try:
        time_s = 60 + 5 * sum(found.took_s[node] for node in nodes)
        options = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
        code = pytest(tree, "-m", "pytest", *options, *nodes, timeout_s=time_s)
    finally:
        file.write_text(original, encoding="utf-8")
    if code in {0, 1, 2, None}:  # 2: the mutant cannot even be imported
        return {0: "survived", 1: "killed", 2: "killed", None: "timeout"}[code]
    raise SystemExit(f"pytest ended with {code} on {mutant['path']}:{mutant['line']} {mutant['after']}")


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
    parser.add_argument("--sample", type=int, default=40, help="mutants of each part; 0 for all")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=2)
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
    with tempfile.TemporaryDirectory() as folder:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        every = [copied(Path(folder) / str(number)) for number in range(given.jobs)]
        found = reached(every[0])
        for tree in every:
            trees.put(tree)

        def judged(mutant: dict[str, Any]) -> None:
            tree = trees.get()
            try:
                mutant["outcome"] = judge(tree, mutant, found)
            finally:
                trees.put(tree)
            print(
                f"{mutant['outcome']:9} {mutant['path']}:{mutant['line']}  {mutant['before']}\n{'':10}{mutant['after']}",
                flush=True,
            )

        with ThreadPoolExecutor(given.jobs) as pool:
            list(pool.map(judged, (one for part in made.values() for one in part["mutants"])))
    report(made, given.sample, given.seed)


def report(made: dict[str, dict[str, Any]], sample: int, seed: str) -> None:
    """Write the table and every survivor."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    equivalent = {(one["path"], one["before"], one["after"]): one["reason"] for one in listed}
    rows, figures = [], {}
    for part, about in made.items():
        outcomes: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for mutant in about["mutants"]:
            del mutant["code"]
            reason = equivalent.get((mutant["path"], mutant["before"], mutant["after"]))
            if reason and mutant["outcome"] == "survived":
                mutant |= {"outcome": "equivalent", "reason": reason}
            outcomes[mutant["outcome"]].append(mutant)
        hits = len(outcomes["killed"]) + len(outcomes["timeout"])
        of = len(about["mutants"]) - len(outcomes["equivalent"])
        low, high = wilson(hits, of)
        score = 100 * hits / max(of, 1)
        told = f"{score:.0f} % ({low:.0f}–{high:.0f})"
        numbers = [
            about["population"],
            len(about["mutants"]),
            len(outcomes["killed"]),
            len(outcomes["timeout"]),
        ]
        numbers += [len(outcomes[one]) for one in ("survived", "equivalent")]
        rows.append([part, *map(str, numbers), told, "yes" if score >= AIM else "no"])
        figures[part] = {
            "score": score,
            "low": low,
            "high": high,
            "sample": numbers,
            "survivors": outcomes["survived"],
        }
        figures[part]["equivalent"] = outcomes["equivalent"]
    title = (
        f"Mutation score, {'all mutants' if not sample else f'{sample} mutants of each part'}, seed {seed}"
    )
    header = [
        "part",
        "mutants",
        "judged",
        "killed",
        "timeout",
        "survived",
        "equivalent",
        "score (95 %)",
        f"≥ {AIM} %",
    ]
    write("mutation", title, header, rows, figures)


if __name__ == "__main__":
    main()

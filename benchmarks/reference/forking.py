"""Runs tests in forks of a process that has imported the libraries already: most of what a mutant costs is that.

    python forking.py TREE LIBRARIES

reads requests as lines of JSON (`nodes`, `timeout_s`) and answers each with pytest's exit code, or null if the time
was over. Nothing of the tree is imported before the fork, so that each run sees the tree as it stands then.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

# Hypothesis' profile for machines that are busy: the same examples each time, and slowness is no failure.
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-profile=ci")


def main(tree: str, libraries: str) -> None:
    """Answer requests until there are no more."""
    os.chdir(tree)
    sys.path.insert(0, tree)
    for library in json.loads(Path(libraries).read_text(encoding="utf-8")):
        with contextlib.suppress(Exception):  # a head start, no more: the tests import what they need
            importlib.import_module(library)
    for line in sys.stdin:
        print(json.dumps(run(**json.loads(line))), flush=True)


def run(nodes: list[str], timeout_s: float) -> int | None:
    """Give pytest's exit code on some tests, or None if the time was over."""
    child = os.fork()
    if child == 0:
        _test(nodes)
    deadline = time.monotonic() + timeout_s
    try:
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
    finally:  # whatever it started goes with it
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _test(nodes: list[str]) -> NoReturn:
    """Run tests and end with pytest's exit code, whatever happens: this is a fork, and nothing of its parent's is its."""
    code = 3
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        import pytest  # noqa: PLC0415 - its plugins are loaded in each run

        code = int(pytest.main([*OPTIONS, *nodes]))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])

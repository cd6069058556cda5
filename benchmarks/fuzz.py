"""Ten thousand requests made from `/openapi.json`: no 5xx, and every answer as documented.

A server in a process of its own, a classification and a regression. Run it as ``.venv/bin/python benchmarks/fuzz.py``; status 1
if anything was not as documented.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.reference.results import write
from tests.e2e.fuzzing import CHECKS, fuzz
from tests.e2e.rungs import Prepared
from tests.e2e.rungs.gateway import GatewayRung
from tests.published import Published

MODELS = ("birds", "houses")


def main() -> int:
    """Ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=360, help="for each operation")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dasier-fuzz-") as folder:
        published = Published(url=f"file://{folder}/published")
        for name in MODELS:
            published.publish(name)
        prepared = Prepared(Path(folder) / "published", published.signer)
        with GatewayRung().serving(prepared, Path(folder)) as service:
            done = fuzz(
                service.url,
                Path(folder),
                phases="examples,coverage,fuzzing",
                examples=given.examples,
                seed=given.seed,
            )
    cases = re.search(r"([\d,]+) generated", done.stdout)
    failures = re.search(r"found (\d+) unique failures", done.stdout)
    rows = [
        ("requests", cases[1] if cases else "?", "10,000"),
        ("not as documented", failures[1] if failures else "0", "0"),
        ("exit status", str(done.returncode), "0"),
    ]
    figures = {
        "checks": CHECKS,
        "requests": int(cases[1].replace(",", "")) if cases else 0,
        "failures": int(failures[1]) if failures else done.returncode,
    }
    write("fuzz", "Requests made from /openapi.json", ("what", "figure", "standard"), rows, figures)
    if done.returncode:
        print(done.stdout[-8_000:])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())

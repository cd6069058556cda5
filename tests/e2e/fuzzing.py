"""Requests made from `/openapi.json` by schemathesis: no 5xx, and every answer as documented."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.e2e.environments import python

if TYPE_CHECKING:
    from pathlib import Path

# Left out is what says nothing here: that unknown parameters and a missing key are refused (API Gateway asks for keys, and
# nothing does so on one machine), and that whatever fits the general schema of a tensor fits a model's columns.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


def fuzz(
    url: str, work: Path, *, phases: str, examples: int, seed: int, paths: str = "."
) -> subprocess.CompletedProcess[str]:
    """Ask an API whatever its own description allows, and what it does not; status 0 if all answers are as documented.

    Parameters
    ----------
    url : str
    work : Path
        A folder for what the program writes.
    phases : str
        ``examples``, ``coverage``, ``fuzzing``, separated by commas.
    examples : int
        How many are drawn for each operation while fuzzing.
    paths : str
        A regular expression: which paths are asked.

    Raises
    ------
    Unavailable
        If the program cannot be had here.
    """
    program = python("schemathesis").with_name("schemathesis")
    options = ["--checks", ",".join(CHECKS), "--phases", phases, "--max-examples", str(examples)]
    # A slow machine is no fault of the API.
    options += ["--include-path-regex", paths, "--suppress-health-check", "all"]
    return subprocess.run(
        [
            program,
            "run",
            f"{url}/openapi.json",
            *options,
            "--seed",
            str(seed),
            "--no-color",
            "--continue-on-failure",
        ],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )

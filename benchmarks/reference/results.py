"""Results as one table: printed, and written to ``benchmarks/results/`` as JSON and Markdown."""

from __future__ import annotations

import json
import os
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parents[1] / "results"
RESULTS_VARIABLE = "BENCH_RESULTS"
"""Where results go instead: those of a quick run do not replace the ones that are kept."""

_LIBRARIES = ("numpy", "scikit-learn", "onnxruntime", "pandas", "orjson", "obstore", "boto3")


def results() -> Path:
    """Give the folder that results are kept in."""
    return Path(os.environ.get(RESULTS_VARIABLE) or RESULTS)


def spread(times: Sequence[float]) -> dict[str, float]:
    """Give the median and the quartiles, in seconds."""
    low, middle, high = statistics.quantiles(times, n=4)
    return {"median": middle, "low": low, "high": high}


def told(found: dict[str, float], *, unit: str = "ms") -> str:
    """Give a median with its quartiles."""
    scale, digits = {"ms": (1e3, 0), "µs": (1e6, 0), "s": (1, 2)}[unit]
    low, high = found["low"] * scale, found["high"] * scale
    return f"{found['median'] * scale:,.{digits}f} {unit} ({low:,.{digits}f}–{high:,.{digits}f})"


def write(  # noqa: PLR0913 (a table, and what is kept of it)
    name: str,
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    figures: Any,
    *,
    more: Sequence[tuple[Sequence[str], Sequence[Sequence[str]]]] = (),
    keep: bool = True,
) -> None:
    """Print a table, and more below it, and keep them with what they were measured on."""
    machine = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {library: found for library in _LIBRARIES if (found := _version(library))},
        "date": datetime.now(UTC).date().isoformat(),
        "load": [round(one, 2) for one in os.getloadavg()],
    }
    tables = "\n\n".join(_table(*one) for one in ((header, rows), *more))
    libraries = ", ".join(f"{library} {number}" for library, number in machine["libraries"].items())
    about = (
        f"{machine['date']}, {machine['cores']} cores ({machine['processor']}), load {machine['load'][0]} at the end; "
        f"Python {machine['python']}, {libraries}. Medians, quartiles in parentheses."
    )
    markdown = f"# {title}\n\n{about}\n\n{tables}\n"
    print(markdown)
    if not keep:
        return
    folder = results()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(markdown, encoding="utf-8")
    (folder / f"{name}.json").write_text(
        json.dumps(machine | {"figures": figures}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _version(library: str) -> str | None:
    """Give a library's version; None where a program runs without it."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _processor() -> str:
    """Give the processor's model, or its kind where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.machine()

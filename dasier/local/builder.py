"""The child that builds recipes for `dasier up`: ``python -m dasier.local.builder``.

It reads one order a line, ``{"recipe": folder, "out": folder}``, and writes one JSON document a
line: steps while it builds, then ``done`` or ``error``. It ends when its input does, so it never
outlives whoever gives the orders. scikit-learn, pandas and the rest are imported here, and only
when there is something to build.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dasier.errors import DasierError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def work(orders: Iterable[str], tell: Callable[[dict[str, Any]], None]) -> None:
    """Carry out orders, one after the other."""
    for line in orders:
        order = json.loads(line)
        try:
            _build(Path(order["recipe"]), Path(order["out"]), tell)
        except DasierError as error:
            tell({"error": str(error)})
        except Exception as error:  # noqa: BLE001 (the outermost edge of this process)
            traceback.print_exc()
            tell({"error": f"{type(error).__name__}: {error}"})
        else:
            tell({"done": True})


def _build(recipe: Path, out: Path, tell: Callable[[dict[str, Any]], None]) -> None:
    from dasier.building import build_recipe  # noqa: PLC0415 (seconds of imports)

    build_recipe(recipe, progress=lambda step: tell({"step": step})).write(out)


def main() -> None:
    """Serve standard input. What libraries print goes to standard error, not between our lines."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1) as answers:
        os.dup2(2, 1)

        def tell(document: dict[str, Any]) -> None:
            answers.write(json.dumps(document) + "\n")

        work(sys.stdin, tell)


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(1)

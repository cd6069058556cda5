"""What a hostile event names: shows that it ran by leaving a file."""

from __future__ import annotations

import os
from pathlib import Path


def leave(*_arguments: object) -> None:
    Path(os.environ["MARKER"]).touch()

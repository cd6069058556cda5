"""Files whose address changes with their content, so that a browser may keep them for good."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

ONE_YEAR_S = 365 * 24 * 3600


@lru_cache(maxsize=64)
def digest(file: Path) -> str:
    """Give the start of a file's SHA-256: enough to tell one edition from the next."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


def register(app: Flask) -> None:
    """Add ``?v=digest`` to the addresses of static files."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = ONE_YEAR_S

    @app.url_defaults
    def add_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and app.static_folder:
            file = Path(app.static_folder, values["filename"])
            if file.is_file():
                values["v"] = digest(file)

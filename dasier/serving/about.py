"""What this service calls itself."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

NAME = "DASIER"


def service_version() -> str:
    """Give the version of DASIER that answers."""
    try:
        return version("dasier")
    except PackageNotFoundError:  # an image that carries the package without its metadata
        return "0"

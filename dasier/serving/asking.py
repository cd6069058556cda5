"""Which version a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.layout import checked_version
from dasier.serving.service import Chosen

if TYPE_CHECKING:
    from dasier.serving.exchange import Request
    from dasier.serving.service import Service


def asked(service: Service, request: Request) -> Chosen:
    """Give the version that the path names, or else the one that serves this caller; it is loaded.

    Raises
    ------
    PathNotFound, ModelNotFound, VersionNotFound, ModelUnavailable
    """
    version = request.path.get("version")
    if version is None:
        return service.chosen(request.path["name"], request.client)
    return Chosen(service.version(request.path["name"], checked_version(version)))

"""``webapp.wsgi:app`` for a WSGI server or Zappa: settings come from the environment, and none is made up.

The environment is read with the first request, not when this module is imported.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from webapp.app import create_app
from webapp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask


@lru_cache(maxsize=1)
def site() -> Flask:
    """Give the site that this process serves.

    Raises
    ------
    SettingsInvalid
        Listing every setting that is missing or wrong.
    """
    return create_app(Settings.read(os.environ))


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    return site()(environ, start_response)

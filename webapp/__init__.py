"""The Flask site: people fill in a form and read what a model answers, in French or in English.

It reaches models only over the API, through `dasier.client`, and imports nothing of what trains or serves them.
"""

from __future__ import annotations

from webapp.app import create_app
from webapp.settings import Settings

__all__ = ["Settings", "create_app"]

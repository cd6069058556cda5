"""``webapp.wsgi:app`` for a WSGI server or Zappa: settings come from the environment, and none is made up."""

from __future__ import annotations

import os

from webapp.app import create_app
from webapp.settings import Settings

app = create_app(Settings.read(os.environ))

"""What can be the name of a model: nothing else becomes part of an address."""

from __future__ import annotations

import re

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

"""Which part of DASIER brings a library: what `pip install dasier` leaves out, and a command turns out to need."""

from __future__ import annotations

import re
from importlib.metadata import requires

# Where a library is imported under another name than it is installed.
_INSTALLED_AS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}

_REQUIREMENT = re.compile(r"(?P<library>[A-Za-z0-9._-]+).*\bextra == ['\"](?P<part>[a-z]+)['\"]")


def part_with(module: str) -> str | None:
    """Give the extra of this package that installs a module, the first that does; None if none does.

    Parameters
    ----------
    module : str
        As it is imported: ``sklearn.linear_model``.
    """
    top = module.partition(".")[0]
    library = _INSTALLED_AS.get(top, top)
    for requirement in requires("dasier") or ():
        found = _REQUIREMENT.match(requirement)
        if found and found["library"].lower().replace("_", "-") == library:
            return found["part"]
    return None

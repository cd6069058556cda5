"""What `dasier doctor` found: one thing that was looked at, whether it is well, and what to do if not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
    well : bool
    found : str
        What is there.
    advice : str
        What to do; empty if there is nothing to do.
    """

    what: str
    well: bool
    found: str
    advice: str = ""

"""The blocks of commands in the documentation, and what they are said to print.

A block of ``sh``, ``python`` or ``js`` is run as it stands. A comment before it says how, where that is not all::

    <!-- not run: needs an account of AWS -->     it is held to names and syntax only
    <!-- exits 1 -->                              its last command refuses, and that is the point

A block of ``text`` or ``json`` with the word ``output`` behind it is what the block before it printed, line by line; ``…``
stands for anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(
    r"(?:^<!-- (?P<remark>[^\n]*?) -->\n)?^```(?P<language>[a-z]+)(?P<words>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Commands:
    """A block of commands.

    Attributes
    ----------
    page, line : str, int
        Where it stands.
    language, text : str
    excuse : str or None
        Why it is not run; None if it is.
    status : int
        What its last command exits with.
    output : str or None
        What it is said to print.
    """

    page: str
    line: int
    language: str
    text: str
    excuse: str | None
    status: int
    output: str | None


def pages() -> list[str]:
    """Give every page of documentation, as a path below the root."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("model_builds/**/*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def commands(page: str) -> list[Commands]:
    """Give the blocks of commands of a page, in their order."""
    text = (ROOT / page).read_text("utf-8")
    found: list[Commands] = []
    for block in _BLOCK.finditer(text):
        if block["language"] in ("sh", "python", "js"):
            line = text.count("\n", 0, block.start("text")) + 1
            found.append(_read(block["remark"] or "", page, line, block["language"], block["text"]))
        elif "output" in block["words"].split():
            found[-1] = replace(found[-1], output=block["text"])
    return found


def _read(remark: str, page: str, line: int, language: str, text: str) -> Commands:
    kind, _, rest = remark.partition(":")
    if kind == "not run":
        return Commands(page, line, language, text, rest.strip(), 0, None)
    status = int(remark.removeprefix("exits ")) if remark.startswith("exits ") else 0
    return Commands(page, line, language, text, None, status, None)

"""Values in Markdown: shown as they are, and nothing else."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$])")
_STARTS_BLOCK = re.compile(r"^(\s*)([-+=:]|\d{1,9}(?=[.)](?:\s|$)))")


class Verbatim(str):
    """Markdown that is right as it stands."""

    __slots__ = ()


def escaped(value: object) -> str:
    r"""Give a value as Markdown that shows it and does nothing else.

    >>> escaped("<b>*a*|[b](c)")
    '\\<b\\>\\*a\\*\\|\\[b\\](c)'
    """
    text = _SPECIAL.sub(
        r"\\\1", one_line(str(value)).strip(" ")
    )  # four blanks before a text would make it code
    start = _STARTS_BLOCK.match(text)
    if start is None:
        return text
    if start[2].isdigit():
        return text[: start.end()] + "\\" + text[start.end() :]
    return start[1] + "\\" + text[start.end(1) :]


def code(value: str) -> str:
    r"""Give a value as a code span, also in a table.

    >>> code("a|b")
    '`a\\|b`'
    """
    text = one_line(value)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return Verbatim(f"{fence}{pad}{text.replace('|', chr(92) + '|')}{pad}{fence}")


def one_line(text: str) -> str:
    """Give a text without line breaks and control characters."""
    spaced = (" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return "".join(spaced)

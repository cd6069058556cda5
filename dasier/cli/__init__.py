"""The command: ``dasier …``, a module for each command or small group of them.

Exit status: 0 done, 1 refused or failed, 2 wrong usage.
"""

from __future__ import annotations

from dasier.cli.group import dasier


def main() -> None:
    """Run the command and exit."""
    dasier.main(prog_name="dasier")

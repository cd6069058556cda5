"""Write `docs/command.md`, the reference of the command, from the command itself.

python -m tests.documentation.reference
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dasier.cli import dasier
from tests.documentation.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "command.md"

_HEAD = """# The command

Made from the command's own `--help` by `python -m tests.documentation.reference`. Every command takes `--help`; the exit status is 0 for
done, 1 for refused or failed, 2 for wrong usage. `python -m dasier` is the same.
"""


def page() -> str:
    """Give the reference as Markdown."""
    sections = [f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(dasier, "dasier")]
    return "\n\n".join([_HEAD.rstrip(), *sections]) + "\n"


def _helps(
    command: click.Command, name: str, above: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name, parent=above, terminal_width=110, max_content_width=110)
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from _helps(found, below, context)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

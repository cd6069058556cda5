"""Write `docs/command.md`, the reference of the command, from the command itself.

python -m tests.documentation.reference
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import click

from dasier.cli import dasier
from tests.documentation.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = ROOT / "docs" / "command.md"
SECURITY = ROOT / "docs" / "security.md"

_THREATS = re.compile(r"(<!-- made from tests/threats -->\n).*(<!-- end -->)", re.DOTALL)

_HEAD = """# The command

Made from the command's own `--help` by `python -m tests.documentation.reference`. Every command takes `--help`; the exit status is 0 for
done, 1 for refused or failed, 2 for wrong usage. `python -m dasier` is the same.
"""


def command_page() -> str:
    """Give the reference of the command, as Markdown."""
    sections = [f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(dasier, "dasier")]
    return "\n\n".join([_HEAD.rstrip(), *sections]) + "\n"


def _helps(
    command: click.Command, name: str, above: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    # As the command is called: click keeps an option for help with the command, whoever made it first.
    settings = command.context_settings | {"terminal_width": 110, "max_content_width": 110}
    context = click.Context(command, info_name=name, parent=above, **settings)
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from _helps(found, below, context)


def security_page() -> str:
    """Give the page on security with its list of threats: the first line of each test's docstring, by number."""
    rows = []
    for path in sorted(ROOT.glob("tests/threats/test_[0-9][0-9]_*.py")):
        said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        rows.append(
            f"| {path.name[5:7]} | {said.splitlines()[0]} | [{path.stem}](../tests/threats/{path.name}) |\n"
        )
    table = "\n| | what happens | test |\n|---|---|---|\n" + "".join(rows) + "\n"
    return _THREATS.sub(lambda found: found[1] + table + found[2], SECURITY.read_text("utf-8"))


if __name__ == "__main__":
    COMMAND.write_text(command_page(), "utf-8")
    SECURITY.write_text(security_page(), "utf-8")

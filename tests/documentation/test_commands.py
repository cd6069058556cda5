"""Every command of the documentation runs, or stands there with the reason why not."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import click
import pytest

from dasier.cli import dasier
from tests.documentation.pages import ROOT, Commands, commands, pages
from tests.documentation.reader import SHELLS, agrees, prepare, reading
from tests.once import made_once

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = [block for page in pages() for block in commands(page)]
RUN = sorted({block.page for block in BLOCKS if block.excuse is None})


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "documentation", prepare)


@pytest.mark.long
@pytest.mark.parametrize("page", RUN)
def test_a_page_can_be_followed_from_top_to_bottom(
    page: str, prepared: Path, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    with reading(prepared, tmp_path) as reader:
        for block in commands(page):
            if block.excuse is not None:
                continue
            where = f"{page}:{block.line}\n{block.text}"
            if shutil.which(SHELLS[block.language][0]) is None:
                with subtests.test(where):
                    pytest.skip(f"{SHELLS[block.language][0]} is not installed")
                continue

            told = reader.run(block)

            assert told.status == block.status, f"{where}\n{told.output}{told.errors}"
            if block.output is not None:
                assert agrees(block.output, told.output), f"{where}\nprinted:\n{told.output}"


# Node reads a module only to run it, as the test of its page does.
READ = [block for block in BLOCKS if block.language != "js"]


@pytest.mark.parametrize("block", READ, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_can_be_read_by_its_interpreter(block: Commands) -> None:
    if block.language == "python":
        compile(block.text, block.page, "exec")
        return
    done = subprocess.run(["bash", "-n", "-c", block.text], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", pages())
def test_commands_and_options_that_a_page_names_exist(page: str) -> None:
    context = click.Context(dasier, **dasier.context_settings)
    wrong = []
    for name, rest in _NAMED.findall((ROOT / page).read_text("utf-8")):
        command = dasier.get_command(context, name)
        if command is None:
            wrong.append(f"dasier {name}")
            continue
        options = {option for known in _with_below(command) for option in known.opts + known.secondary_opts}
        wrong += [f"dasier {name} {said}" for said in _OPTION.findall(rest) if said not in options]

    assert wrong == []


# A command ends with the line that is not continued, or with what joins it to another, or with the code's tick.
_NAMED = re.compile(r"(?:^|[`|&;(] ?|[A-Z_]+=\S+ )dasier ([a-z]+)((?:\\\n|[^\n`|&;#)$])*)", re.MULTILINE)
_OPTION = re.compile(r"(?<=\s)--[a-z][a-z-]*")


def _with_below(command: click.Command) -> list[click.Parameter]:
    """Give the parameters of a command and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return [
        *command.get_params(click.Context(command, parent=click.Context(dasier, **dasier.context_settings))),
        *(known for one in below for known in _with_below(one)),
    ]

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from dasier.cli import dasier
from dasier.cli.group import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example_in_it(command):
    result = CliRunner().invoke(dasier, [command, "--help"])

    assert result.exit_code == 0
    assert f"Example:\n    dasier {command}" in result.output


def test_the_list_of_commands_says_what_each_does():
    result = CliRunner().invoke(dasier, ["--help"])

    assert all(name in result.output for name in COMMANDS)


@pytest.mark.parametrize(
    "arguments", [["unknown"], ["models", "--unknown"], ["promote", "wine"], ["promote", "wine", "0"]]
)
def test_wrong_usage_is_status_2(terminal, arguments):
    assert terminal.run(*arguments).exit_code == 2


def test_a_registry_that_is_not_there_is_said_so_and_not_made(terminal):
    said = terminal.refused("models")

    assert "dasier up" in said
    assert not (terminal.folder / ".dasier").exists()


def test_a_registry_url_of_another_kind_is_refused(terminal):
    assert "s3://" in terminal.refused("models", "--registry", "http://example.org")


def test_as_a_module_it_is_the_same_command_and_refuses_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "dasier", "versions", "wine"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("Error: ")
    assert "Traceback" not in ended.stderr


def test_it_says_its_version():
    assert CliRunner().invoke(dasier, ["--version"]).output.startswith("dasier, version ")

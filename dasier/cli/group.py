"""The list of commands, each imported only when it is called: `dasier --help` answers at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from dasier.cli.parts import part_with
from dasier.errors import DasierError, InvalidRequest

COMMANDS = {
    "up": ("dasier.cli.up", "Build what is missing, then serve API and site on this machine."),
    "serve": ("dasier.cli.serve", "Serve the API from a registry that exists."),
    "build": ("dasier.cli.build", "Train recipes, or a model from a table."),
    "publish": ("dasier.cli.publish", "Make a build the next version of its model."),
    "import": ("dasier.cli.import_model", "Bring an estimator that was fitted elsewhere."),
    "models": ("dasier.cli.catalog", "List the models."),
    "versions": ("dasier.cli.catalog", "List the versions of a model."),
    "releases": ("dasier.cli.catalog", "Show what served when, and why."),
    "compare": ("dasier.cli.compare", "Say what would change if another version served."),
    "drift": ("dasier.cli.drift", "Say whether callers still send what a version was trained on."),
    "promote": ("dasier.cli.release", "Let a version serve."),
    "canary": ("dasier.cli.release", "Let a second version answer a share of the callers."),
    "rollback": ("dasier.cli.release", "Let the version serve that served before."),
    "pause": ("dasier.cli.release", "Let no version serve for now."),
    "verify": ("dasier.cli.verify", "Judge versions by hand, as the gate does."),
    "predict": ("dasier.cli.predict", "Ask a model."),
    "gc": ("dasier.cli.gc", "Remove blobs that nothing names."),
    "keys": ("dasier.cli.keys", "Give callers keys to the API in AWS, and take them back."),
    "cost": ("dasier.cli.cost", "Say what a stage in AWS costs."),
    "doctor": ("dasier.cli.doctor", "Say what is missing or wrong here, and what to do."),
}
"""Name to the module that holds the command of that name, and what it does."""


class Commands(click.Group):
    """Commands that are imported when they are called, and errors that are said in a line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Give the names in the order in which they are needed."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name if cmd_name != "import" else "import_model")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list without importing what is on it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what DASIER refuses ends with status 1 and a message."""
        try:
            return super().invoke(ctx)
        except DasierError as error:
            raise click.ClickException(_told(error)) from error
        except ModuleNotFoundError as error:
            part = part_with(error.name or "")
            if part is None:
                raise
            message = f"This needs {error.name}, which is not installed: pip install 'dasier[{part}]'."
            raise click.ClickException(message) from error


def _told(error: DasierError) -> str:
    lines = [str(error)]
    if isinstance(error, InvalidRequest):
        lines += [f"  {violation.pointer}: {violation.detail}" for violation in error.violations]
    return "\n".join(lines)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="dasier", prog_name="dasier")
def dasier() -> None:
    """Turn scikit-learn models into a service: publish a model and it answers.

    \b
    Start here:
      dasier up                    models, API and site on this machine
      dasier build penguins        train a recipe of model_builds/
      dasier publish penguins      make it the next version; it serves once it has passed
    """  # noqa: D301 (\b is click's mark for lines to keep)

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        ["--csv", "table.csv"],
        ["--csv", "table.csv", "--target", "y"],
        ["penguins", "--csv", "table.csv", "--target", "y", "--name", "model"],
        ["--target", "y"],
        ["--csv", "nowhere.csv", "--target", "y", "--name", "model"],
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(terminal, arguments):
    (terminal.folder / "table.csv").write_text("x,y\n1,2\n")

    assert terminal.run("build", *arguments).exit_code == 2


def test_a_recipe_that_does_not_exist_is_refused_with_those_that_do(terminal):
    said = terminal.refused("build", "pinguins")

    assert "penguins" in said
    assert "no such recipe" in said


def test_a_recipe_is_built_and_published(terminal):
    told = terminal.json("build", "penguins", "--publish")["built"]

    assert [(one["name"], one["version"]) for one in told] == [("penguins", 1)]
    assert (terminal.folder / "build" / "penguins" / "manifest.json").is_file()


def test_an_import_warns_and_asks_before_anything_is_opened(terminal):
    (terminal.folder / "model.joblib").write_bytes(b"never opened")
    (terminal.folder / "rows.csv").write_text("x\n1\n")

    result = terminal.run("import", "model.joblib", "--name", "m", "--data", "rows.csv", answer="n\n")

    assert result.exit_code == 1
    assert "runs whatever code" in result.stderr
    assert not (terminal.folder / "build").exists()

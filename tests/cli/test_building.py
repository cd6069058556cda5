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


def test_a_build_that_counts_on_a_key_says_where_there_is_none(terminal, monkeypatch):
    folder = terminal.folder / "plums"
    folder.mkdir()
    (folder / "recipe.py").write_text(
        "import pandas as pd\nfrom sklearn.linear_model import LinearRegression\n"
        "def load():\n    return pd.DataFrame({'age': range(60), 'size': range(60), 'price': range(60)})\n"
        "def estimator(params):\n    return LinearRegression()\n"
    )
    (folder / "params.toml").write_text(
        'name = "plums"\ntitle = { en = "Plums", fr = "Prunes" }\nsummary = { en = "Plums.", fr = "Prunes." }\n'
        'limits = { en = "None.", fr = "Aucune." }\ntask = "regression"\ntarget = "price"\nseed = 1\n'
        '[columns.age]\npersonal = "hash"\n'
    )

    without = terminal.run("build", str(folder), "--out", "a")
    monkeypatch.setenv("DASIER_PERSONAL_KEY", "k" * 32)
    with_key = terminal.run("build", str(folder), "--out", "b")

    assert (without.exit_code, with_key.exit_code) == (0, 0), without.output
    assert "WARNING age: to be hashed" in without.stderr
    assert "WARNING" not in with_key.stderr

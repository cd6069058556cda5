from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dasier import layout
from dasier.building.assembling import assemble
from dasier.cli.session import Session
from dasier.ulid import ulid
from tests.published import trained


@pytest.fixture(scope="session")
def blunt():
    """Give cells with an estimator that learnt from one column alone."""
    one = trained("cells")
    estimator = make_pipeline(StandardScaler(), LogisticRegression())
    estimator.fit(one.fitted_rows[one.features], (one.fitted_rows["a"] > 0).astype(int))
    return replace(one, estimator=estimator)


@pytest.fixture(scope="session")
def blunt_build(blunt, tmp_path_factory):
    folder = tmp_path_factory.mktemp("blunt") / "cells"
    assemble(blunt).write(folder)
    return folder


@pytest.fixture
def two(serving, blunt_build):
    """Give a terminal whose registry has version 1 of cells, which serves, and version 2, which waits."""
    serving.done("publish", str(blunt_build))
    return serving


def changes(blunt):
    """Give which held-out rows the two estimators answer otherwise, by asking them."""
    one = trained("cells")
    rows = one.held_out[one.features]
    return one.estimator.predict(rows) != blunt.estimator.predict(rows)


def log(terminal, columns):
    registry = Session.of(None).registry()
    now = datetime.now(UTC)
    line = {
        "kind": "prediction", "id": ulid(), "time": now.isoformat(), "model": "cells", "version": "1", "status": 200,
        "latency_ms": 1.0, "rows": len(columns["a"]), "columns": columns,
    }  # fmt: skip
    key = layout.predictions("cells", f"{now:%Y-%m-%d}") + f"{ulid()}.jsonl"
    registry.store.create(key, json.dumps(line).encode())


def test_a_version_is_compared_with_the_one_that_serves_on_its_held_out_rows(two, blunt):
    expected = changes(blunt)

    found = two.json("compare", "cells", "2")

    assert (found["version"], found["against"], found["source"]["kind"]) == (2, 1, "held_out")
    assert found["rows"]["compared"] == len(expected) == 60
    assert 0 < found["difference"]["changed"]["rows"] == expected.sum()
    assert found["truth"]["disagreements"]["rows"] == expected.sum()


def test_it_changes_nothing(two):
    before = two.json("releases", "cells"), two.json("versions", "cells")

    two.done("compare", "cells", "2")

    assert (two.json("releases", "cells"), two.json("versions", "cells")) == before


def test_people_read_sentences_and_tables(two):
    said = two.done("compare", "cells", "2")

    assert "cells: version 2 against version 1, on the 60 rows that version 2 held out" in said
    assert "95 % interval (Wilson)" in said
    assert "The truth is known of 60 rows." in said
    assert "The rows that changed most" in said


def test_rows_come_from_a_file_or_stdin(two):
    table = "a,b,c,d,malignant\n1,2,-1,0,1\n-1,-2,1,0,0\n"
    (two.folder / "rows.csv").write_text(table)

    of_file = two.json("compare", "cells", "2", "--rows", "rows.csv")
    of_stdin = two.run("compare", "cells", "2", "--rows", "-", "--json", answer=table)

    assert of_file["rows"]["given"] == of_file["truth"]["rows"] == 2
    assert json.loads(of_stdin.stdout)["rows"] == of_file["rows"]


def test_what_callers_sent_is_replayed_where_there_is_any(two):
    log(two, {"a": [1.0, 2.0, 3.0], "b": [1.0] * 3, "c": [0.0] * 3, "d": [0.0] * 3})

    usual, held_out = two.json("compare", "cells", "2"), two.json("compare", "cells", "2", "--held-out")

    assert (usual["source"]["kind"], usual["rows"]["given"]) == ("log", 3)
    assert held_out["source"]["kind"] == "held_out"


def test_a_log_that_was_asked_for_and_holds_nothing_is_refused(two):
    assert "holds no rows since" in two.refused("compare", "cells", "2", "--since", "2d")


def test_it_is_drawn(two):
    two.done("compare", "cells", "2", "--plot", "changes.png")

    assert (two.folder / "changes.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_plot_without_matplotlib_is_refused_before_anything_runs(two, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("matplotlib", "dasier.comparing.plots"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "dasier.building.plots", raising=False)

    said = two.refused("compare", "cells", "2", "--plot", "changes.png")

    assert "dasier[build]" in said
    assert "answer" not in said


def test_a_version_whose_bytes_were_changed_is_not_compared(two):
    registry = Session.of(None).registry()
    manifest = registry.manifest("cells", 2)
    path = two.folder / ".dasier" / "store" / layout.blob(manifest.blobs["model"].sha256)
    path.write_bytes(path.read_bytes()[:-1] + b"x")

    assert "Version 2 does not answer here" in two.refused("compare", "cells", "2")


def test_a_version_against_itself_says_nothing(two):
    assert "against itself" in two.refused("compare", "cells", "1", "--against", "1")


def test_the_first_version_has_nothing_to_be_compared_with(serving):
    assert "--against VERSION" in serving.refused("compare", "cells", "1")


@pytest.mark.parametrize(
    "options",
    [
        ["--since", "yesterday"],
        ["--held-out", "--since", "1d"],
        ["--rows", "x.csv", "--held-out"],
        ["--examples", "-1"],
    ],
)
def test_wrong_usage_is_status_2(two, options):
    assert two.run("compare", "cells", "2", *options).exit_code == 2


def test_a_version_or_a_file_that_is_not_there_is_refused(two):
    assert "no version 9" in two.refused("compare", "cells", "9")
    assert "no version 9" in two.refused("compare", "cells", "2", "--against", "9")
    assert "cannot be read" in two.refused("compare", "cells", "2", "--rows", "nothing.csv")

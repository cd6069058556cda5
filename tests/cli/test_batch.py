from __future__ import annotations

import csv

from dasier import layout
from tests import models
from tests.published import expected, frame


class Fragile:
    """A model that breaks, in no way that anybody thought of, on what is not small."""

    def predict(self, matrix):
        if (matrix > 5).any():
            raise ZeroDivisionError
        return matrix[:, 0] * 0 + 1.0


def written(folder, *more):
    file = folder / "rows.csv"
    file.write_text(frame("cells", slice(0, 40)).to_csv(index=False) + "".join(more))
    return file


def read(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_file_is_answered_from_the_registry(serving):
    file = written(serving.folder)

    told = serving.json("predict", "cells", "--data", str(file), "--job", "--to", "answers.csv")

    assert (told["rows_done"], told["rows_refused"], told["version"]) == (40, 0, 1)
    found = read(serving.folder / "answers.csv")
    assert [int(row["prediction"]) for row in found] == expected("cells", frame("cells", slice(0, 40)))
    assert not (serving.folder / "answers-refused.csv").exists()


def test_rows_that_do_not_fit_go_into_a_file_of_their_own(serving):
    file = written(serving.folder, "1,2,3,high\n")

    result = serving.run("predict", "cells", "--data", str(file), "--job")

    assert result.exit_code == 0, result.output
    assert "1 rows refused, with their reasons: cells-results-refused.csv" in result.stderr
    assert [row["row"] for row in read(serving.folder / "cells-results-refused.csv")] == ["40"]


def test_a_table_of_other_columns_is_refused_with_the_reasons(serving):
    file = serving.folder / "rows.csv"
    file.write_text("a,b,c,colour\n1,2,3,4\n")

    said = serving.refused("predict", "cells", "--data", str(file), "--job")

    assert "colour" in said
    assert "missing" in said


def test_a_job_that_breaks_its_worker_ends_at_once_and_says_where(terminal):
    models.pickled("fragile", Fragile()).write(terminal.folder / "fragile")
    terminal.done("publish", str(terminal.folder / "fragile"))
    terminal.done("promote", "fragile", "1", "--force", "--reason", "to see")
    file = terminal.folder / "rows.csv"
    file.write_text("x\n0.5\n7\n")

    said = terminal.refused("predict", "fragile", "--data", str(file), "--job")

    assert (
        "ZeroDivisionError, was raised while its rows from row 0 on were answered, in the only attempt"
        in " ".join(said.split())
    )


def test_a_job_needs_a_file(serving):
    assert serving.run("predict", "cells", "--data", "-", "--job").exit_code == 2
    assert "no such file" in serving.refused("predict", "cells", "--data", "nothing.csv", "--job")


def test_old_jobs_are_removed_with_what_nobody_names(serving):
    from dasier.cli.session import Session

    serving.json("predict", "cells", "--data", str(written(serving.folder)), "--job")
    store = Session.of(None).registry().store
    store.create(layout.trial("cells", 2, 1), b"counted")

    young = serving.json("gc", "--yes")
    old = serving.json("gc", "--yes", "--jobs-older-than-days", "0")

    assert (young["jobs"], len(old["jobs"]) > 4) == ([], True)
    assert (young["trials"], old["trials"]) == ([], [layout.trial("cells", 2, 1)])
    assert list(store.keys(layout.JOBS)) == []

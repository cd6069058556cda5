"""What turned out to be true comes from a CSV: through the API over HTTP, and straight into the registry."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from dasier import feedback
from dasier.cli import feedback as command
from dasier.cli.feedback_table import Columns, read_table
from dasier.feedback import Truth
from dasier.local.server import Server, address, listen
from dasier.schema import Output
from dasier.store import open_store
from dasier.ulid import ulid

YEAR_OLD = "01KAARZ3NDEKTSV4RRFFQ69G5F"
"""A prediction of 18 November 2025."""


@contextmanager
def over_http(published, *, before=lambda _scope: None):
    """Give the address of the API, as a server in a thread."""

    async def application(scope, receive, send):
        before(scope)
        await published.gateway(scope, receive, send)

    with listen("127.0.0.1", 0, option="--port") as bound:
        server = Server(application, bound)
        server.start()
        try:
            yield address(bound)
        finally:
            server.stop()


def known(store, name, *ids):
    """Give what is known of predictions, whenever they were made."""
    days = [datetime.now(UTC), datetime(2025, 11, 18, tzinfo=UTC)]
    found = {}
    for day in days:
        found |= feedback.read(store, name, first=day, last=day)
    return found


def written(terminal, text, name="told.csv", encoding="utf-8"):
    (terminal.folder / name).write_bytes(text.encode(encoding))
    return name


def here(terminal):
    return open_store(f"file://{terminal.folder}/.dasier/store")


def test_a_file_is_told_to_the_registry_however_late_and_in_whatever_order(serving):
    new = ulid()
    file = written(serving, f"id;what happened;note\n{new};1;x\n{YEAR_OLD};0;y\n")

    told = serving.json("feedback", "cells", file, "--id-column", "id", "--actual-column", "what happened")

    assert told == {"told": 2, "refused": []}
    assert known(here(serving), "cells") == {new: 1, YEAR_OLD: 0}


def test_the_same_file_again_counts_once_and_a_later_one_corrects_it(serving):
    one, other = ulid(), ulid()
    file = written(serving, f"prediction_id,actual\n{one},1\n{other},0\n")
    corrected = written(serving, f"prediction_id,actual\n{one},0\n", "corrected.csv")

    for name in (file, file, corrected, file):
        serving.done("feedback", "cells", name)

    assert len(list(here(serving).keys("feedback/"))) == 2
    assert known(here(serving), "cells") == {one: 0, other: 0}


def test_bad_rows_are_listed_as_a_spreadsheet_counts_them_and_the_others_told(serving):
    good, twice = ulid(), ulid()
    file = written(
        serving,
        "prediction_id,actual\n"
        f"{good},1.0\n"
        "\n"
        f"{ulid()},yes\n"
        "not-an-id,1\n"
        f"{ulid()},\n"
        ",1\n"
        f'"{twice}",0\n'
        f"{twice},1\n",
    )

    result = serving.run("feedback", "cells", file)

    lines = [line for line in result.stderr.splitlines() if line.startswith("row ")]
    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in lines] == [f"row {n}" for n in (4, 5, 6, 7, 8, 9)]
    assert "none of the classes: 0, 1" in lines[0]
    assert "No prediction has this id" in lines[1]
    assert "something else in another row" in lines[4]
    assert "Told of 1 predictions; 6 rows" in result.stdout
    assert known(here(serving), "cells") == {good: 1}


def test_the_rows_of_a_prediction_are_told_in_their_own_order(serving):
    whole, broken = ulid(), ulid()
    file = written(
        serving,
        f"prediction_id,row,actual\n{whole},1,0\n{broken},1,1\n{whole},0,1\n{whole},2,1\n{whole},2,1\n",
    )

    result = serving.run("feedback", "cells", file, "--row-column", "row")

    assert known(here(serving), "cells") == {whole: [1, 0, 1]}
    assert "row 3: rows of this prediction are missing" in result.stderr


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "names no column"),
        (b"id,truth\n1,2\n", "names no column"),
        ("prediction_id,actual\nx,1\n".encode("utf-16"), "not in UTF-8"),
        (b'prediction_id,actual\n"x,1\n', "is no CSV"),
        (b"prediction_id,actual\n" + b"x" * 200_000 + b",1\n", "is no CSV"),
    ],
)
def test_what_is_no_table_is_refused_in_words(serving, content, why):
    (serving.folder / "told.csv").write_bytes(content)

    assert why in serving.refused("feedback", "cells", "told.csv")


def test_a_file_is_told_to_the_api_with_the_key_a_batch_after_the_other(published, terminal, monkeypatch):
    published.publish("birds")
    ids = [ulid() for _ in range(2 * command.BATCH + 1)]
    lines = [f"{id_},Gentoo\n" for id_ in ids]
    lines[1500] = "not-an-id,Gentoo\n"
    file = written(terminal, "prediction_id,actual\n" + "".join(lines))
    keys = []

    with over_http(
        published, before=lambda scope: keys.append(dict(scope.get("headers", ())).get(b"x-api-key"))
    ) as url:
        result = terminal.run("feedback", "birds", file, "--url", url, "--api-key", "a-key")

    kept = known(published.registry.store, "birds")
    assert result.exit_code == 1
    assert "row 1502: No prediction has this id" in result.stderr
    assert f"Told of {2 * command.BATCH} predictions" in result.stdout
    assert kept == {id_: "Gentoo" for id_ in ids if id_ != ids[1500]}
    assert set(keys[1:]) == {b"a-key"}


class Away:
    """A registry's store that does not answer from the second batch on, for a while."""

    def __init__(self, fails: int) -> None:
        self.fails, self.told = fails, []

    def output(self):
        return Output(name="y", task="regression")

    def tell(self, truths):
        from dasier.errors import StoreUnavailable

        if self.told and self.fails:
            self.fails -= 1
            raise StoreUnavailable("writing", "it is away")
        self.told += truths


def test_a_store_that_goes_away_ends_it_and_what_was_told_is_said(tmp_path):
    ids = [ulid() for _ in range(command.BATCH + 1)]
    (tmp_path / "told.csv").write_text("a,b\n" + "".join(f"{id_},2.5\n" for id_ in ids))
    teller = Away(fails=1)
    table = read_table(tmp_path / "told.csv", Columns(id="a", actual="b"), teller.output())

    with pytest.raises(command.Interrupted, match=f"{command.BATCH} of {command.BATCH + 1}"):
        command.tell_all(table, teller)
    again = command.tell_all(table, teller)

    assert again.told == command.BATCH + 1
    assert Truth(ids[-1], 2.5) in teller.told


def test_a_throttled_batch_is_told_again_and_once(published, terminal):
    published.publish("birds")
    id_ = ulid()
    file = written(terminal, f"prediction_id,actual\n{id_},Gentoo\n")
    answers = iter([429, 503])

    async def throttling(scope, receive, send):
        status = next(answers, None) if scope.get("method") == "POST" else None
        if status is None:
            await published.gateway(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    with listen("127.0.0.1", 0, option="--port") as bound:
        server = Server(throttling, bound)
        server.start()
        try:
            told = terminal.json("feedback", "birds", file, "--url", address(bound))
        finally:
            server.stop()

    assert told == {"told": 1, "refused": []}
    assert next(answers, None) is None
    assert known(published.registry.store, "birds") == {id_: "Gentoo"}


@pytest.mark.parametrize(
    ("separator", "cell"), [(",", "3.5"), (";", "3,5"), ("\t", "3.5"), (";", "3.5"), (",", " 3.5 ")]
)
def test_numbers_are_read_however_a_spreadsheet_saves_them(tmp_path, separator, cell):
    file = tmp_path / "told.csv"
    file.write_text(f"\ufeffid{separator}actual\nx{separator}{cell}\n", encoding="utf-8")

    table = read_table(file, Columns(id="id", actual="actual"), Output(name="y", task="regression"))

    assert table.truths == [Truth("x", 3.5)]


@pytest.mark.parametrize("cell", ["nan", "inf", "1e999", "three"])
def test_what_is_no_finite_number_is_refused(tmp_path, cell):
    (tmp_path / "told.csv").write_text(f"id,actual\nx,{cell}\n")

    table = read_table(
        tmp_path / "told.csv", Columns(id="id", actual="actual"), Output(name="y", task="regression")
    )

    assert (table.truths, [one.row for one in table.refused]) == ([], [2])

from __future__ import annotations

import getpass
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from dasier import layout
from dasier.cli import up
from dasier.local.home import Home
from dasier.local.up import Ready
from dasier.registry import Registry
from dasier.signing import TrustedKeys

CELLS = "a,b,c,d\n1,2,-1,0\n-1,-2,1,0\n"


def test_a_build_is_published_judged_and_served(terminal, build):
    published = terminal.json("publish", str(build))
    judged = terminal.json("verify", "cells")
    (model,) = terminal.json("models")["models"]

    assert published == {"name": "cells", "version": 1}
    assert [verdict["passed"] for verdict in judged["verdicts"]] == [True]
    assert (model["name"], model["version"], model["newest"]) == ("cells", 1, 1)


def test_a_folder_without_a_build_is_refused_with_what_to_do(terminal):
    assert "dasier build wine" in terminal.refused("publish", "wine")


def test_waiting_for_a_verdict_that_nobody_gives_ends(terminal, build):
    assert "dasier verify" in terminal.refused("publish", str(build), "--wait", "--timeout", "0")


def test_versions_say_their_verdict_and_which_serves(serving, build):
    serving.done("publish", str(build))

    versions = serving.json("versions", "cells")["versions"]

    assert [(v["version"], v["serving"], (v["verdict"] or {}).get("passed")) for v in versions] == [
        (2, False, None),
        (1, True, True),
    ]


def test_tables_are_for_people(serving):
    assert "cells" in serving.done("models")
    assert "Passed." in serving.done("versions", "cells")
    assert "passed the gate" in serving.done("releases", "cells")


def test_a_model_that_does_not_exist_is_refused(serving):
    for command in (["versions"], ["releases"], ["verify"], ["rollback"]):
        assert "no model of this name" in serving.refused(*command, "wine")


def test_promoting_without_a_verdict_is_refused(serving, build):
    serving.done("publish", str(build))

    assert "--force" in serving.refused("promote", "cells", "2")


def test_force_needs_a_reason(serving):
    assert serving.run("promote", "cells", "1", "--force").exit_code == 2


def test_a_forced_promotion_stays_visible(serving, build):
    serving.done("publish", str(build))

    serving.done("promote", "cells", "2", "--force", "--reason", "we know")

    newest = serving.json("releases", "cells")["releases"][0]
    assert (newest["serving"], newest["forced"], newest["why"]) == (2, True, "we know")
    assert newest["who"] == getpass.getuser()


def test_rollback_goes_to_what_served_before(serving, build):
    serving.done("publish", str(build))
    serving.done("verify", "cells")

    release = serving.json("rollback", "cells", "--reason", "worse in the field")

    assert (release["action"], release["serving"], release["previous"]) == ("rollback", 1, 2)


def test_there_is_nothing_to_go_back_to_at_first(serving):
    assert "go back" in serving.refused("rollback", "cells")


def test_a_canary_answers_its_share_until_it_is_taken_back(serving, build):
    serving.done("publish", str(build))
    serving.done("verify", "cells")
    serving.done("rollback", "cells")

    release = serving.json("canary", "cells", "2", "--share", "25", "--reason", "see how it does")

    assert (release["action"], release["serving"]) == ("canary", 1)
    assert release["canary"] == {"version": 2, "share": 25, "automatic": False}
    assert "2 (25%)" in serving.done("releases", "cells")
    assert "version 1 serves" in serving.done("rollback", "cells")


def test_a_canary_says_how_it_stands(serving, build):
    serving.done("publish", str(build))
    serving.done("verify", "cells")
    serving.done("rollback", "cells")
    assert "has no canary" in serving.refused("canary", "cells")
    serving.json("canary", "cells", "2", "--share", "25", "--automatic", "--reason", "see how it does")

    told = serving.json("canary", "cells")
    shown = serving.done("canary", "cells")

    assert (told["decision"], told["release"]["canary"]["automatic"]) == ("wait", True)
    assert told["canary"] == {"version": 2, "requests": 0, "errors": 0, "median_ms": None, "told": 0}
    assert "version 2 answers 25 % of the callers" in shown
    assert "0 of 0 requests failed" in shown
    assert "The gate waits" in shown


def test_a_canary_without_a_verdict_is_refused(serving, build):
    serving.done("publish", str(build))

    assert "--force" in serving.refused("canary", "cells", "2")
    assert serving.run("canary", "cells", "2", "--share", "100").exit_code == 2


def test_a_paused_model_serves_nothing_until_a_version_is_promoted(serving):
    said = serving.done("pause", "cells", "--reason", "the scales were off")

    assert "no version serves" in said
    assert serving.json("models")["models"][0]["version"] is None
    assert "No version of cells serves" in serving.refused("pause", "cells")
    assert "version 1 serves" in serving.done("promote", "cells", "1")


def test_verifying_again_judges_the_version_and_keeps_its_verdict(serving):
    before = serving.json("versions", "cells")

    said = serving.run("verify", "cells", "1", "--again")

    assert "Judging version 1 of cells again" in said.stderr
    assert "judged again" in said.stdout
    assert serving.json("versions", "cells") == before


def test_a_version_that_does_not_exist_is_refused(serving):
    assert "no version 9" in serving.refused("verify", "cells", "9")
    assert "no version 9" in serving.refused("promote", "cells", "9")


def test_a_file_of_rows_is_predicted_in_order(serving):
    (serving.folder / "rows.csv").write_text(CELLS)

    answer = serving.json("predict", "cells", "--data", "rows.csv")

    assert [told["prediction"] for told in answer["predictions"]] == [1, 0]


def test_rows_come_from_standard_input_as_json_too(serving):
    rows = json.dumps([{"a": 1, "b": 2, "c": -1, "d": 0}])

    result = serving.run("predict", "cells", "--data", "-", "--json", answer=rows)

    assert json.loads(result.stdout)["predictions"][0]["prediction"] == 1


def test_predictions_are_shown_as_a_table(serving):
    (serving.folder / "rows.csv").write_text(CELLS)

    assert "cells, version 1" in serving.done("predict", "cells", "--data", "rows.csv", "--explain")


def test_rows_that_do_not_fit_are_refused_with_every_place(serving):
    (serving.folder / "rows.csv").write_text("a,b,c\n1,2,x\n")

    said = serving.refused("predict", "cells", "--data", "rows.csv")

    assert "d" in said
    assert "c" in said


def test_a_file_that_is_not_there_is_refused(serving):
    assert "rows.csv" in serving.refused("predict", "cells", "--data", "rows.csv")


def test_an_api_that_does_not_answer_is_refused(serving):
    (serving.folder / "rows.csv").write_text(CELLS)

    said = serving.refused("predict", "cells", "--data", "rows.csv", "--url", "http://127.0.0.1:9")

    assert "does not answer" in said


def test_gc_removes_what_nothing_names_and_only_when_told(serving):
    blob = serving.folder / ".dasier" / "store" / "blobs" / "sha256" / ("0" * 64)
    blob.write_bytes(b"left behind")

    listed = serving.json("gc", "--dry-run", "--older-than-hours", "0")
    serving.run("gc", "--older-than-hours", "0", answer="n\n")
    kept = blob.exists()
    serving.done("gc", "--yes", "--older-than-hours", "0")

    assert listed == {
        "unreferenced": [f"blobs/sha256/{'0' * 64}"],
        "jobs": [],
        "trials": [],
        "removed": False,
    }
    assert kept
    assert not blob.exists()
    assert serving.json("verify", "cells", "--again")["verdicts"][0]["passed"]


class Slow(io.BytesIO):
    """Somebody who says yes, and meanwhile a version is published."""

    def __init__(self, manifest: Path, digest: str) -> None:
        super().__init__(b"y\n")
        self.manifest, self.digest = manifest, digest

    def read1(self, size: int | None = -1, /) -> bytes:
        self.manifest.write_text(self.digest)
        return super().read1(-1 if size is None else size)


def test_gc_leaves_alone_what_was_published_while_somebody_thought_about_it(serving):
    store = serving.folder / ".dasier" / "store"
    blobs = [store / "blobs" / "sha256" / (digit * 64) for digit in "01"]
    for blob in blobs:
        blob.write_bytes(b"left behind")

    serving.run(
        "gc",
        "--older-than-hours",
        "0",
        answer=Slow(store / "models" / "cells" / "versions" / "000009.manifest.json", "1" * 64),
    )

    assert [blob.exists() for blob in blobs] == [False, True]


def test_gc_leaves_alone_what_may_be_on_its_way_to_a_version(serving):
    blob = serving.folder / ".dasier" / "store" / "blobs" / "sha256" / ("1" * 64)
    blob.write_bytes(b"just written")

    serving.done("gc", "--yes")

    assert blob.exists()


def test_a_doctor_finds_all_well_where_there_is_a_registry(serving):
    assert serving.json("doctor")["well"] is True


def test_a_doctor_says_what_to_do_where_there_is_none(terminal):
    result = terminal.run("doctor")

    assert result.exit_code == 1
    assert "dasier up" in result.output


def test_a_doctor_says_of_a_version_from_a_later_release_to_update(serving, monkeypatch):
    before = {one["what"]: one for one in serving.json("doctor")["findings"]}
    monkeypatch.setattr("dasier.manifest.FORMAT", 0)  # a release that knows no format yet

    found = {one["what"]: one for one in json.loads(serving.run("doctor", "--json").stdout)["findings"]}

    assert before["versions that serve"]["well"] is True
    assert found["cells, version 1"]["well"] is False
    assert "Update DASIER" in found["cells, version 1"]["advice"]


def test_a_doctor_says_of_a_version_for_other_libraries_to_build_it_again(terminal):
    from tests.published import built

    cells = built("cells")
    old = replace(cells.manifest.runtime, requires=dict.fromkeys(cells.manifest.runtime.requires, "99.0"))
    replace(cells, manifest=replace(cells.manifest, runtime=old)).write(terminal.folder / "cells")
    terminal.done("publish", str(terminal.folder / "cells"))
    terminal.done("promote", "cells", "1", "--force", "--reason", "we know")

    result = terminal.run("doctor", "--json")

    found = {one["what"]: one for one in json.loads(result.stdout)["findings"]}
    assert result.exit_code == 1
    assert found["cells, version 1"]["well"] is False
    assert "Build it again" in found["cells, version 1"]["advice"]


@pytest.fixture
def hashing(terminal):
    """Give a terminal whose registry has a model with a column that is to be hashed."""
    from tests.published import built

    cells = built("cells")
    first, *rest = cells.manifest.schema.columns
    schema = replace(cells.manifest.schema, columns=(replace(first, personal=True, hashed=True), *rest))
    replace(cells, manifest=replace(cells.manifest, schema=schema)).write(terminal.folder / "cells")
    terminal.done("publish", str(terminal.folder / "cells"))
    terminal.done("promote", "cells", "1", "--force", "--reason", "we know")
    return terminal


def test_a_doctor_says_which_columns_are_left_out_for_want_of_a_key(hashing, monkeypatch):
    without = {one["what"]: one for one in json.loads(hashing.run("doctor", "--json").stdout)["findings"]}
    monkeypatch.setenv("DASIER_PERSONAL_KEY", "k" * 32)
    with_key = {one["what"]: one for one in hashing.json("doctor")["findings"]}

    assert without["personal columns"]["well"] is False
    assert without["personal columns"]["found"] == "cells: a"
    assert "DASIER_PERSONAL_KEY" in without["personal columns"]["advice"]
    assert with_key["personal columns"]["well"] is True


def test_a_doctor_says_of_a_key_that_is_too_short_what_makes_a_good_one(hashing, monkeypatch):
    monkeypatch.setenv("DASIER_PERSONAL_KEY", "short")

    found = {one["what"]: one for one in json.loads(hashing.run("doctor", "--json").stdout)["findings"]}

    assert found["personal columns"]["well"] is False
    assert "openssl" in found["personal columns"]["advice"]


def test_a_doctor_says_of_a_release_log_that_cannot_be_read_whose_it_is(serving):
    serving.store.create(layout.release("wine", 1), b"no JSON")

    result = serving.run("doctor", "--json")

    found = {one["what"]: one for one in json.loads(result.stdout)["findings"]}
    assert result.exit_code == 1
    assert found["wine"]["found"] == "which version serves cannot be read"
    assert layout.release("wine", 1) in found["wine"]["advice"]
    assert "dasier promote wine VERSION" in found["wine"]["advice"]
    assert found["versions that serve"]["well"] is True


def test_what_stands_in_a_release_log_and_is_none_is_told_by_its_key_and_passed_over(serving):
    serving.store.create(layout.release("cells", 2), b"no JSON")
    refused = serving.run("releases", "cells")

    serving.done("promote", "cells", "1", "--reason", "it is well")

    assert refused.exit_code == 1
    assert layout.release("cells", 2) in refused.stderr
    assert "dasier promote cells VERSION" in refused.stderr
    assert layout.release("cells", 2) in serving.done("releases", "cells")
    assert [one["number"] for one in serving.json("releases", "cells")["releases"]] == [3, 1]


@pytest.mark.parametrize("metrics", [[1], "a", {"values": [1]}, {"values": {"mae": "a"}, "primary": ["mae"]}])
def test_a_version_that_says_nonsense_of_itself_hides_no_other(serving, metrics):
    from tests.published import built

    cells = built("cells")
    odd = replace(cells, manifest=replace(cells.manifest, metrics=metrics))
    odd.write(serving.folder / "odd")
    serving.done("publish", str(serving.folder / "odd"))

    listed = serving.done("versions", "cells")

    assert "accuracy 0." in listed or "accuracy 1" in listed
    assert [one["version"] for one in serving.json("versions", "cells")["versions"]] == [2, 1]


def test_a_verdict_that_cannot_be_read_hides_no_version(serving):
    serving.store.delete(layout.verdict("cells", 1))
    serving.store.create(layout.verdict("cells", 1), b"{")

    (version,) = serving.json("versions", "cells")["versions"]

    assert (version["version"], version["verdict"]["passed"], version["trusted"]) == (1, False, True)


def test_a_model_that_cannot_be_read_keeps_no_other_from_being_up(serving, capsys):
    home = Home.at(serving.folder / ".dasier")
    shop = Registry(serving.store, TrustedKeys.parse([home.signer().public_key()]))
    serving.store.create(layout.release("birds", 1), b"no JSON")
    shop.append("alder", replace(shop.head("cells"), number=1))

    up.Terminal().ready(Ready(api="http://a", site=None, home=home, registry=shop))

    told = capsys.readouterr().out
    assert "2 models at http://a/models" in told
    assert "http://a/models/cells/predict" in told


def test_a_model_that_cannot_be_read_is_listed_beside_those_that_can(serving):
    serving.store.create(layout.manifest("wine", 3), b"no JSON")

    cells, wine = serving.json("models")["models"]

    assert (cells["version"], cells["runtime"]) == (1, "arrays")
    assert (wine["name"], wine["newest"], wine["version"], wine["runtime"]) == ("wine", 3, None, None)
    assert wine["title"].startswith("The manifest")


def test_forcing_takes_a_reason_and_a_version_that_is_there(serving):
    for command in ("promote", "canary"):
        assert "--force needs --reason" in serving.run(command, "cells", "1", "--force").stderr
        assert "9" in serving.refused(command, "cells", "9", "--reason", "to see")

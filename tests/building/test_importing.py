from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import joblib
import pytest

from dasier.building import import_estimator
from dasier.errors import BuildRefused, DataInvalid
from tests import models


class Leaks:
    """Takes a secret along when it is opened, and says more than a pipe holds."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return _leak, (self.path,)


class Dies:
    """Ends the process that opens it."""

    def __reduce__(self) -> Any:
        return os._exit, (7,)


def _leak(path: str) -> None:
    import os
    import sys

    sys.stderr.write("w" * 500_000 + "\n")
    Path(path).write_text(repr(sorted(os.environ)))


def bring(tmp_path: Path, thing: Any, target: str | None = "tree", **changes: Any) -> Any:
    leaves = models.fitted("leaves")
    joblib.dump(thing, tmp_path / "model.joblib")
    if not (tmp_path / "sample.csv").exists():
        leaves.table.to_csv(tmp_path / "sample.csv", index=False)
    values = {"name": "leaves", "sample": tmp_path / "sample.csv", "target": target, **changes}
    return import_estimator(tmp_path / "model.joblib", **values)


def test_estimator_from_elsewhere_becomes_a_version(tmp_path: Path) -> None:
    told: list[str] = []

    built = bring(tmp_path, models.fitted("leaves").estimator, progress=told.append)

    assert built.manifest.runtime.name in {"arrays", "onnx"}
    assert built.manifest.schema.names == ("length", "width", "lobes")
    assert built.manifest.source["kind"] == "import"
    assert "It was fitted elsewhere" in built.manifest.notes[0]["en"]
    assert told[0] == "open the file"


@pytest.mark.parametrize(
    ("thing", "target", "why"),
    [
        ({"not": "an estimator"}, "tree", "cannot predict"),
        (models.fitted("flats").estimator, "tree", "lacks columns"),
    ],
    ids=["no estimator", "other columns"],
)
def test_what_cannot_be_used_says_why(tmp_path: Path, thing: Any, target: str, why: str) -> None:
    with pytest.raises(BuildRefused, match=why):
        bring(tmp_path, thing, target)


def test_file_that_is_no_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.joblib").write_bytes(b"nothing")
    models.fitted("leaves").table.to_csv(tmp_path / "sample.csv", index=False)

    with pytest.raises(
        BuildRefused, match=r"model\.joblib cannot be opened .* must be a joblib or pickle file"
    ):
        import_estimator(tmp_path / "model.joblib", name="m", sample=tmp_path / "sample.csv", target="tree")


def test_file_that_ends_the_process_which_opens_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildRefused, match="could not be brought in: exit status 7"):
        bring(tmp_path, Dies())


def test_file_that_says_a_lot_is_opened_where_no_credential_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "DASIER_SIGNING_KEY"):
        monkeypatch.setenv(name, "secret")

    with pytest.raises(BuildRefused):
        bring(tmp_path, Leaks(str(tmp_path / "found")))

    found = (tmp_path / "found").read_text()
    assert "PATH" in found
    assert "AWS" not in found
    assert "DASIER" not in found


def test_name_is_checked_before_the_file_is_opened(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="cannot be a model's name"):
        bring(tmp_path, Leaks(str(tmp_path / "found")), name="../x")

    assert not (tmp_path / "found").exists()

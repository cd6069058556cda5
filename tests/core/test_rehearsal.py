from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dasier import golden, runtimes
from dasier.errors import RehearsalFailed
from dasier.rehearsal import Limits, rehearse
from tests import hostile, models

QUICK = Limits(timeout_s=30, memory_bytes=40_000_000)


def has_ended(process: int) -> bool:
    """Wait for the end of a process that is nobody's child here."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child find this folder's models, as an image would have them."""
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))


def test_model_that_answers_is_measured() -> None:
    measured = rehearse(models.constant(), QUICK)

    assert 0 <= measured.memory_bytes < QUICK.memory_bytes
    assert measured.load_ms > 0
    assert measured.answer_ms > 0


@pytest.mark.parametrize(
    ("thing", "why"),
    [
        (hostile.Hoarder(), "more memory than it may"),
        (hostile.Needy(), "No module named 'pandas'"),
        (hostile.Moody(), "golden records"),
    ],
    ids=lambda case: type(case).__name__,
)
def test_model_that_misbehaves_is_refused_and_why_is_said(thing: Any, why: str) -> None:
    with pytest.raises(RehearsalFailed, match=why):
        rehearse(models.pickled("m", thing), QUICK)


def test_model_finds_no_credential_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("DASIER_SIGNING_KEY", "canary")

    rehearse(models.pickled("m", hostile.Nosy(str(tmp_path / "seen"))), QUICK)

    seen = (tmp_path / "seen").read_text()
    assert "PATH" in seen
    assert "canary" not in seen


def test_model_that_prints_is_measured_all_the_same() -> None:
    assert rehearse(models.pickled("m", hostile.Chatter()), QUICK).answer_ms > 0


@pytest.mark.parametrize(
    "said",
    [
        *("{", "[]", "{}", '{"load_ms":1}'),
        '{"memory_bytes":[],"load_ms":1,"answer_ms":1,"row_ms":1}',
        '{"memory_bytes":1,"load_ms":1,"answer_ms":1,"row_ms":NaN}',
    ],
)
def test_model_that_prints_what_was_measured_fails_alone(said: str) -> None:
    """What is no figure was an error of the gate's own, and ended its sweep of all models."""
    with pytest.raises(RehearsalFailed, match="ended before it had answered"):
        rehearse(models.pickled("m", hostile.Forger(said)), QUICK)


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(RehearsalFailed, match=r"UnpicklingError|EOFError"):
        rehearse(models.raw("m", b"not a pickle", {}), QUICK)


def test_module_in_the_working_directory_is_not_there_where_models_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong module')")
    monkeypatch.chdir(tmp_path)

    assert rehearse(models.constant(), QUICK).answer_ms > 0


def test_rows_that_are_handed_in_are_answered() -> None:
    measured = rehearse(models.constant(number=2.5), QUICK, rows={"x": [0.0, 0.5, 1.0]})

    assert measured.answers is not None
    assert measured.answers.predictions.tolist() == [2.5, 2.5, 2.5]
    assert measured.row_ms > 0


def test_classes_probabilities_and_scores_come_back_as_they_were() -> None:
    for name in ("leaves", "pipes"):
        build = models.built(name)
        rows = golden.read_inputs(build.manifest.golden, build.manifest.schema)
        expected = runtimes.load(build.manifest.runtime.name, build.blobs["model"], rows.schema).predict(rows)

        found = rehearse(build, rows=build.manifest.golden["inputs"]).answers

        assert found is not None
        assert found.predictions.tolist() == expected.predictions.tolist()
        for numbers in ("probabilities", "scores"):
            np.testing.assert_array_equal(getattr(found, numbers), getattr(expected, numbers))


def test_model_that_prints_without_end_is_refused_and_costs_its_parent_nothing() -> None:
    with pytest.raises(RehearsalFailed, match="wrote more than it may"):
        rehearse(models.pickled("m", hostile.Babbler()), QUICK)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits as Linux can")
def test_process_that_a_model_starts_does_not_outlive_its_rehearsal(tmp_path: Path) -> None:
    note = tmp_path / "note"

    rehearse(models.pickled("m", hostile.Parent(str(note))), QUICK)

    assert has_ended(int(note.read_text()))

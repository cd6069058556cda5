from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dasier.errors import RehearsalFailed
from dasier.rehearsal import Limits, rehearse
from tests import hostile, models

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Limits(timeout_s=30, memory_bytes=40_000_000)


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


def test_model_that_prints_is_measured_all_the_same() -> None:
    assert rehearse(models.pickled("m", hostile.Chatter()), QUICK).answer_ms > 0


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(RehearsalFailed, match=r"UnpicklingError|EOFError"):
        rehearse(models.raw("m", b"not a pickle", {}), QUICK)


def test_module_in_the_working_directory_is_not_there_where_models_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong module')")
    monkeypatch.chdir(tmp_path)

    assert rehearse(models.constant(), QUICK).answer_ms > 0

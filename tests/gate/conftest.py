from __future__ import annotations

import pytest

from tests import models
from tests.core.stores import lasting_store, store

__all__ = ["lasting_store", "store"]


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child find this folder's models, as an image would have them."""
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))

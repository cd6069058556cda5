from __future__ import annotations

import pytest

from tests import models


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the child find this folder's models, as an image would have them."""
    monkeypatch.setenv("PYTHONPATH", str(models.ROOT))

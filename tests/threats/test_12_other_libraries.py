"""Built with another library version: refused, with both versions named."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from dasier import gate
from dasier.errors import LibraryMismatch
from dasier.serving.loading import load
from tests import models
from tests.models import Shop


def test_version_of_another_scikit_learn_is_refused_with_both_versions_named() -> None:
    shop = Shop()
    shop.publish(models.raw("m", b"", models.sklearn.requirements() | {"scikit-learn": "1.2.3"}))

    with pytest.raises(LibraryMismatch) as caught:
        load(shop.registry, shop.registry.manifest("m", 1))

    assert "scikit-learn 1.2.3" in str(caught.value)
    assert version("scikit-learn") in str(caught.value)
    assert gate.judge(shop.registry, "m", 1)["rules"][-1]["detail"] == str(caught.value)


def test_version_that_does_not_say_what_it_needs_is_refused() -> None:
    shop = Shop()
    shop.publish(models.raw("m", b"", {}))

    with pytest.raises(LibraryMismatch, match="unknown version"):
        load(shop.registry, shop.registry.manifest("m", 1))

"""A malicious pickle stands in place of a model: the marker that it would make is never made."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from dasier import gate, layout
from dasier.errors import ModelUnavailable
from dasier.manifest import signed
from dasier.signing import LocalSigner
from tests import models
from tests.models import Shop

if TYPE_CHECKING:
    from dasier.store import Store


class Marker:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def plain(marker: Marker) -> bytes:
    return pickle.dumps(marker)


def nested(marker: Marker) -> bytes:
    return pickle.dumps({"weights": np.array([[marker, 1], [2, [marker]]], dtype=object)})


def test_pickle_would_make_its_marker_if_it_were_loaded(tmp_path: Path) -> None:
    for make in (plain, nested):
        marker = tmp_path / make.__name__

        pickle.loads(make(Marker(marker)))  # noqa: S301 (the attack, shown to work)

        assert marker.exists()


@pytest.mark.parametrize("make", [plain, nested])
def test_pickle_without_a_valid_digest_is_never_opened(store: Store, tmp_path: Path, make: Any) -> None:
    shop = Shop(store)
    build = models.raw("m", b"a model", models.sklearn.requirements())
    shop.publish(build)
    key = layout.blob(build.manifest.blobs["model"].sha256)
    store.delete(key)
    store.create(key, make(Marker(tmp_path / "marker")))

    with pytest.raises(ModelUnavailable):
        shop.service().serving("m")

    assert not gate.judge(shop.registry, "m", 1)["passed"]
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("make", [plain, nested])
def test_pickle_with_a_valid_digest_under_a_strangers_signature_is_never_opened(
    store: Store, tmp_path: Path, make: Any
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    shop = Shop(store)
    build = models.raw("m", make(Marker(tmp_path / "marker")), models.sklearn.requirements())
    for role, blob in build.manifest.blobs.items():
        store.create(layout.blob(blob.sha256), build.blobs[role])
    stranger = LocalSigner(Ed25519PrivateKey.generate())
    store.create(layout.manifest("m", 1), signed(build.manifest.bound_to(1, publication="x"), stranger))
    shop.release("m", 1)

    with pytest.raises(ModelUnavailable):
        shop.service().serving("m")

    assert not gate.judge(shop.registry, "m", 1)["passed"]
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("make", [plain, nested])
def test_pickle_on_the_onnx_runtime_is_never_opened_even_with_a_trusted_signature(
    tmp_path: Path, make: Any
) -> None:
    shop = Shop()
    blob = make(Marker(tmp_path / "marker"))
    shop.publish(models.raw("m", blob, models.onnx.requirements(), runtime_name="onnx"))

    with pytest.raises(ModelUnavailable):
        shop.service().serving("m")

    assert not (tmp_path / "marker").exists()

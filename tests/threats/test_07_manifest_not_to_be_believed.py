"""A manifest unsigned, by a wrong key, changed, of another model, of another version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dasier import layout, runtimes
from dasier.errors import ModelUnavailable, Untrusted
from dasier.manifest import canonical, signed
from dasier.signing import LocalSigner
from tests import models
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from dasier.store import Store


def document(shop: Shop) -> dict[str, Any]:
    return dict(json.loads(shop.store.get(layout.manifest("constant", 2)) or b""))


def unsigned(shop: Shop) -> bytes:
    return canonical({key: value for key, value in document(shop).items() if key != "signature"})


def wrong_key(shop: Shop) -> bytes:
    stranger = LocalSigner(Ed25519PrivateKey.generate())
    return signed(shop.registry.manifest("constant", 2), stranger)


def changed(shop: Shop) -> bytes:
    return canonical(document(shop) | {"created_by": "somebody else"})


def of_another_model(shop: Shop) -> bytes:
    shop.registry.publish(models.constant("other"), SIGNER)
    shop.registry.publish(models.constant("other"), SIGNER)
    return shop.store.get(layout.manifest("other", 2)) or b""


def of_another_version(shop: Shop) -> bytes:
    return shop.store.get(layout.manifest("constant", 1)) or b""


@pytest.mark.parametrize("forge", [unsigned, wrong_key, changed, of_another_model, of_another_version])
def test_forged_manifest_is_refused_cold_and_the_last_good_version_serves_warm(
    store: Store, forge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(store)
    shop.publish(models.constant(number=1))
    warm = shop.service()
    warm.serving("constant")
    shop.publish(models.constant(number=2))
    content = forge(shop)
    store.delete(layout.manifest("constant", 2))
    store.create(layout.manifest("constant", 2), content)
    shop.clock.passes(10)
    called: list[Any] = []
    monkeypatch.setattr(runtimes, "load", lambda *_: called.append(1))

    with pytest.raises(Untrusted):
        shop.registry.manifest("constant", 2)
    with pytest.raises(ModelUnavailable):
        shop.service().serving("constant")
    assert warm.serving("constant").manifest.version == 1
    assert called == []

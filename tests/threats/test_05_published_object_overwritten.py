"""A published object is overwritten or deleted by a direct write: found at the next load, and serving goes on.

Where the store can, it refuses: that is the bucket's policy in `template.yaml`. Here somebody got past it.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import obstore
import pytest

from dasier import gate, layout
from dasier.errors import DasierError
from tests import models
from tests.models import Shop
from tests.threats.test_13_release_of_a_missing_version import ask

if TYPE_CHECKING:
    from dasier.store import Store

MODEL = models.constant(number=1.0).manifest.blobs["model"]
KEYS = {
    "manifest": layout.manifest("constant", 1),
    "blob": layout.blob(MODEL.sha256),
    "release": layout.release("constant", 1),
}


def overwrite(store: Store, key: str, content: bytes) -> None:
    """Write as somebody does who has the credentials and asks for nothing."""
    obstore.put(store._backend, key, content, mode="overwrite", use_multipart=False)
    assert store.get(key) == content


def damage(store: Store, what: str, how: str) -> None:
    key = KEYS[what]
    content = store.get(key)
    assert content is not None
    if how == "deleted":
        store.delete(key)
    elif how == "emptied":
        overwrite(store, key, b"")
    elif how == "cut short":
        overwrite(store, key, content[: len(content) // 2])
    else:
        overwrite(store, key, {"blob": models.graph(666.0), "manifest": content, "release": content}[what])
        if what != "blob":
            overwrite(store, key, content.replace(b"1", b"2"))


@pytest.mark.parametrize("how", ["overwritten", "emptied", "cut short", "deleted"])
@pytest.mark.parametrize("what", KEYS)
def test_warm_function_goes_on_and_a_cold_one_refuses(lasting_store: Store, what: str, how: str) -> None:
    shop = Shop(lasting_store)
    shop.publish(models.constant(number=1.0))
    warm = shop.service()
    assert ask(warm)["statusCode"] == 200

    damage(lasting_store, what, how)
    shop.clock.passes(10)

    went_on, cold = ask(warm), ask(Shop(lasting_store).service())  # a registry that remembers nothing
    assert (went_on["statusCode"], json.loads(went_on["body"])["version"]) == (200, 1)
    assert json.loads(went_on["body"])["predictions"][0]["prediction"] == 1.0
    assert (cold["statusCode"], int(cold["headers"]["retry-after"]) > 0) == (503, True)


@pytest.mark.parametrize(
    ("what", "how", "said"),
    [
        ("manifest", "overwritten", "SignatureInvalid"),
        ("manifest", "deleted", "VersionNotFound"),
        ("blob", "overwritten", "DigestMismatch"),
        ("blob", "deleted", "BlobMissing"),
    ],
)
def test_log_says_what_was_found_and_the_gate_refuses_what_is_left(
    lasting_store: Store, caplog: pytest.LogCaptureFixture, what: str, how: str, said: str
) -> None:
    shop = Shop(lasting_store)
    shop.publish(models.constant(number=1.0))
    damage(lasting_store, what, how)

    with caplog.at_level(logging.ERROR, "dasier"):
        ask(shop.service())

    told: list[Any] = [r for r in caplog.records if r.getMessage() == "version not loaded"]
    assert [record.error.partition(":")[0] for record in told] == [said]
    if (what, how) != ("manifest", "deleted"):  # of that there is nothing left to judge
        assert not gate.judge(shop.registry, "constant", 1)["passed"]


def test_damaged_version_does_not_keep_the_next_from_serving(lasting_store: Store) -> None:
    shop = Shop(lasting_store)
    shop.publish(models.constant(number=1.0))
    warm = shop.service()
    ask(warm)
    damage(lasting_store, "blob", "deleted")
    damage(lasting_store, "manifest", "overwritten")

    shop.publish(models.constant(number=2.0))
    shop.clock.passes(10)

    for service in (warm, Shop(lasting_store).service()):
        assert json.loads(ask(service)["body"])["version"] == 2


def test_same_build_published_again_does_not_trust_bytes_that_stand_in_its_blob_s_place(
    lasting_store: Store,
) -> None:
    shop = Shop(lasting_store)
    shop.publish(models.constant(number=1.0))
    damage(lasting_store, "blob", "overwritten")

    with pytest.raises(DasierError, match="not those that were published"):
        shop.publish(models.constant(number=1.0))

    assert shop.registry.versions("constant") == [1]

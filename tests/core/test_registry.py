from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dasier import layout
from dasier.errors import (
    BlobMissing,
    DigestMismatch,
    DocumentInvalid,
    ModelNotFound,
    ReleaseTaken,
    VersionNotFound,
    VersionTaken,
)
from dasier.registry import Contents
from dasier.store import open_store
from tests import models
from tests.models import SIGNER, Counting, Shop, entry

if TYPE_CHECKING:
    from dasier.store import Store


def overwrite(store: Store, key: str, content: bytes) -> None:
    store.delete(key)
    store.create(key, content)


def test_versions_are_numbered_from_one_without_gaps(store: Store) -> None:
    shop = Shop(store)

    assert [shop.publish(models.constant()) for _ in range(3)] == [1, 2, 3]
    assert shop.registry.versions("constant") == [1, 2, 3]


def test_published_version_is_read_back_whole(store: Store) -> None:
    shop = Shop(store)
    built = models.constant()

    version = shop.publish(built)

    manifest = shop.registry.manifest("constant", version)
    assert manifest == built.manifest.bound_to(version, publication=manifest.id)
    assert {role: shop.registry.blob(manifest, role) for role in manifest.blobs} == built.blobs


def test_each_publication_of_one_build_can_be_told_from_every_other(store: Store) -> None:
    """Else of two who race for a number with the same build, each would find its own bytes and believe it won."""
    shop = Shop(store)
    built = models.constant()

    ids = [shop.registry.publish(built, SIGNER).id for _ in range(3)]

    assert len(set(ids)) == 3
    assert all(len(one) == 32 for one in ids)


def test_names_are_sorted_and_only_those_of_models(store: Store) -> None:
    shop = Shop(store)
    for name in ("pine", "ash-2", "oak"):
        shop.publish(models.constant(name))
    store.create("models/Not a name/versions/000001.manifest.json", b"")

    assert shop.registry.names() == ["ash-2", "oak", "pine"]


def test_blobs_are_shared_between_versions(store: Store) -> None:
    shop = Shop(store)

    shop.publish(models.constant())
    shop.publish(models.constant())

    assert len(list(store.keys(layout.BLOBS))) == 2


def test_each_blob_is_told_once_it_is_there() -> None:
    shop = Shop()
    told: list[int] = []

    shop.registry.publish(models.constant(), SIGNER, done=told.append)

    assert sorted(told) == sorted(blob.size_bytes for blob in models.constant().manifest.blobs.values())


def test_blob_that_somebody_changed_stops_the_publisher(store: Store) -> None:
    shop = Shop(store)
    key = layout.blob(models.constant().manifest.blobs["model"].sha256)
    store.create(key, b"changed")

    with pytest.raises(DigestMismatch, match="model"):
        shop.publish(models.constant())

    assert not shop.registry.has_versions("constant")


def test_model_that_nobody_published_is_not_found(store: Store) -> None:
    registry = Shop(store).registry

    with pytest.raises(ModelNotFound):
        registry.versions("constant")
    with pytest.raises(VersionNotFound):
        registry.manifest("constant", 1)
    assert registry.head("constant") is None
    assert registry.releases("constant") == []


def test_blob_that_is_gone_is_named(store: Store) -> None:
    shop = Shop(store)
    manifest = shop.registry.manifest("constant", shop.publish(models.constant()))
    store.delete(layout.blob(manifest.blobs["model"].sha256))

    with pytest.raises(BlobMissing, match="model"):
        shop.registry.blob(manifest, "model")


@pytest.mark.parametrize("content", [b"", b"other bytes", b"x" * 100_000])
def test_blob_with_other_bytes_is_refused(store: Store, content: bytes) -> None:
    shop = Shop(store)
    manifest = shop.registry.manifest("constant", shop.publish(models.constant()))
    overwrite(store, layout.blob(manifest.blobs["model"].sha256), content)

    with pytest.raises(DigestMismatch, match="model"):
        shop.registry.blob(manifest, "model")


def test_head_is_the_newest_release_and_the_log_goes_back_from_it(store: Store) -> None:
    registry = Shop(store).registry
    for number in range(1, 13):
        registry.append("m", entry(number, number))

    assert registry.head("m") == registry.release("m", 12)
    assert [release.number for release in registry.releases("m")] == list(range(12, 0, -1))
    head = registry.head("m")
    assert head is not None
    assert [release.number for release in registry.history("m", head)] == list(range(12, 0, -1))


@pytest.mark.parametrize("name", [".DS_Store", "0", "000000-000001.json", "README.md"])
def test_file_of_somebody_else_hides_no_release(store: Store, name: str) -> None:
    registry = Shop(store).registry
    registry.append("m", entry(1, 1))
    store.create(layout.releases("m") + name, b"")
    store.create(layout.versions("other") + name, b"")

    head = registry.head("m")

    assert head is not None
    assert head.serving == 1
    assert not registry.has_versions("other")


def test_release_that_was_copied_to_another_number_is_none() -> None:
    shop = Shop()
    shop.release("m", 1)
    shop.store.create(layout.release("m", 2), shop.store.get(layout.release("m", 1)) or b"")

    with pytest.raises(DocumentInvalid, match="release 2 of m"):
        shop.registry.release("m", 2)


@pytest.mark.parametrize(
    "change",
    [
        *({"serving": "7"}, {"serving": True}, {"previous": 1.0}, {"when": None}, {"why": 3}, {"canary": 3}),
        *({"canary": {"version": "2", "share": 10}}, {"canary": {"version": 2, "share": "all"}}),
        *({"canary": {"version": 2, "share": 10}, "when": when} for when in ("soon", "2026-11-20T09:30:00")),
    ],
)
def test_release_that_says_what_cannot_be_is_none(change: dict[str, object]) -> None:
    shop = Shop()
    document = entry(1, 1).to_document() | change
    shop.store.create(layout.release("m", 1), json.dumps(document).encode())

    with pytest.raises(DocumentInvalid, match="release 1 of m"):
        shop.registry.head("m")


def test_taken_release_says_who_was_first_and_what_they_did(store: Store) -> None:
    registry = Shop(store).registry
    registry.append("m", entry(1, 7, who="Ada"))

    with pytest.raises(ReleaseTaken, match="Ada chose to promote version 7"):
        registry.append("m", entry(1, 8))

    assert [release.serving for release in registry.releases("m")] == [7]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff", b'{"number":1}'])
def test_release_that_cannot_be_read_is_said_to_be_one(content: bytes) -> None:
    shop = Shop()
    shop.store.create(layout.release("m", 1), content)

    with pytest.raises(DocumentInvalid, match="release 1 of m"):
        shop.registry.head("m")


def test_verdict_is_written_once(store: Store) -> None:
    registry = Shop(store).registry

    assert registry.record_verdict("m", 1, {"passed": True})
    assert not registry.record_verdict("m", 1, {"passed": False})
    assert registry.verdict("m", 1) == {"passed": True}
    assert registry.verdict("m", 2) is None
    assert registry.contents("m")["m"].verdicts == {1}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"[[1]]"])
def test_verdict_that_cannot_be_read_is_said_to_be_one(content: bytes) -> None:
    shop = Shop()
    shop.store.create(layout.verdict("m", 1), content)

    with pytest.raises(DocumentInvalid, match="verdict on version 1 of m"):
        shop.registry.verdict("m", 1)


@pytest.mark.parametrize("word", ["true", 1, "no", [1]])
def test_verdict_passes_only_if_it_says_true(word: object) -> None:
    shop = Shop()
    shop.store.create(layout.verdict("m", 1), json.dumps({"passed": word}).encode())

    assert shop.registry.verdict("m", 1) == {"passed": False}


def test_only_blobs_that_nothing_names_are_unreferenced(store: Store) -> None:
    shop = Shop(store)
    shop.publish(models.constant())
    store.create(layout.blob("0" * 64), b"left behind")

    assert shop.registry.unreferenced() == [layout.blob("0" * 64)]


@pytest.mark.parametrize(
    "spoil", [lambda c: c.replace(b'"seed":1', b'"seed":2'), lambda c: c[:-9], lambda c: b"\xff" + c]
)
def test_manifest_that_cannot_be_believed_keeps_its_blobs(store: Store, spoil: object) -> None:
    shop = Shop(store)
    key = layout.manifest("constant", shop.publish(models.constant()))
    overwrite(store, key, spoil(store.get(key)))  # type: ignore[operator]

    assert shop.registry.unreferenced() == []


def test_blobs_of_a_publisher_at_work_can_be_left_out(store: Store) -> None:
    registry = Shop(store).registry
    store.create(layout.blob("0" * 64), b"just written")

    assert registry.unreferenced(written_before=datetime.now(UTC) - timedelta(hours=1)) == []


def test_blob_that_is_removed_as_a_killed_publishers_is_there_once_another_published_it(store: Store) -> None:
    """It is old, and named by nothing until the manifest is there: `dasier gc` removes it just before."""
    shop, built = Shop(store), models.constant()

    def remove(_size_bytes: int) -> None:
        for key in shop.registry.unreferenced():
            store.delete(key)

    manifest = shop.registry.publish(built, SIGNER, done=remove)

    assert {role: shop.registry.blob(manifest, role) for role in manifest.blobs} == built.blobs


def test_build_that_lacks_a_blob_is_not_published() -> None:
    shop = Shop()
    broken = replace(models.constant(), blobs={})

    with pytest.raises(KeyError):
        shop.publish(broken)

    assert not shop.registry.has_versions("constant")


class Crowded(Counting):
    """A store where others publish first, so many times, each far ahead."""

    def __init__(self, first: int) -> None:
        super().__init__(open_store("memory://"))
        self.first = first

    def create(self, key: str, content: bytes) -> bool:
        if "/versions/" in key and self.first:
            self.first -= 1
            number = layout.number(key)
            super().create(key, b"somebody's")
            super().create(layout.manifest("constant", number + 10), b"somebody's, who is ahead")
            return False
        return super().create(key, content)


def test_publisher_who_is_behind_goes_on_after_the_newest() -> None:
    registry = Shop(Crowded(first=2)).registry
    registry.store.create(layout.verdict("other", 500), b"of another model")

    manifest = registry.publish(models.constant(), SIGNER)

    assert manifest.version == 23
    assert registry.manifest("constant", 23) == manifest


def test_publisher_who_is_never_first_gives_up_in_words() -> None:
    registry = Shop(Crowded(first=10_000)).registry

    with pytest.raises(VersionTaken, match="64"):
        registry.publish(models.constant(), SIGNER)


def test_release_that_is_missing_from_the_log_is_passed_over(store: Store) -> None:
    registry = Shop(store).registry
    for number in (1, 2, 3):
        registry.append("m", entry(number, number))
    store.delete(layout.release("m", 2))
    fresh = Shop(store).registry

    assert [release.number for release in fresh.history("m", entry(3, 3))] == [3, 1]
    assert fresh.release("m", 2) is None


def test_release_is_read_once_and_no_more_are_remembered_than_fit() -> None:
    store = Counting(open_store("memory://"))
    registry = Shop(store).registry
    first = entry(1, 1)
    registry.append("m", first)
    registry._releases = {("other", number): entry(number, 1) for number in range(9_999)}

    assert registry.release("m", 1) == registry.release("m", 1) == first
    assert store.asked.count(f"get {layout.release('m', 1)}") == 1
    assert len(registry._releases) == 10_000
    registry.append("m", entry(2, 1))
    registry.release("m", 2)
    assert list(registry._releases) == [("m", 2)]


def test_contents_of_one_model_and_of_all_are_told_by_kind(store: Store) -> None:
    shop = Shop(store)
    for name in ("oak", "ash"):
        shop.publish(models.constant(name))
    shop.registry.publish(models.constant("oak"), SIGNER)

    every = shop.registry.contents()

    assert list(every) == ["ash", "oak"]
    assert every["oak"] == Contents(frozenset({1, 2}), frozenset({1}), frozenset({1}))
    assert shop.registry.contents("oak") == {"oak": every["oak"]}


def test_digest_mismatch_says_what_was_expected_and_what_was_found() -> None:
    shop = Shop()
    manifest = shop.registry.manifest("constant", shop.publish(models.constant()))
    blob = manifest.blobs["model"]

    overwrite(shop.store, layout.blob(blob.sha256), b"x" * blob.size_bytes)
    with pytest.raises(DigestMismatch) as of_bytes:
        shop.registry.blob(manifest, "model")
    overwrite(shop.store, layout.blob(blob.sha256), b"x")
    with pytest.raises(DigestMismatch) as of_size:
        shop.registry.blob(manifest, "model")

    assert blob.sha256 in str(of_bytes.value)
    assert hashlib.sha256(b"x" * blob.size_bytes).hexdigest() in str(of_bytes.value)
    assert f"{blob.sha256} of {blob.size_bytes} bytes" in str(of_size.value)
    assert "other of 1 bytes" in str(of_size.value)

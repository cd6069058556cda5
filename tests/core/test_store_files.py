"""What stores do for large files: ranges, writing in pieces, drafts, listings with sizes, and links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import urllib3

from dasier.store import Store, open_store
from tests.core.stores import BUCKET, s3_environment, s3_store


def test_a_range_is_read_up_to_the_end(store: Store) -> None:
    store.create("a", b"0123456789")

    assert [store.get_range("a", 2, 5), store.get_range("a", 8, 50)] == [b"234", b"89"]
    assert store.get_range("nothing", 0, 5) is None
    assert (store.size("a"), store.size("nothing")) == (10, None)


def test_what_is_written_in_pieces_is_seen_when_it_is_closed(store: Store) -> None:
    writer = store.writer("a")
    writer.write(b"x" * 9_000_000)
    writer.write(b"yz")
    before = store.exists("a")

    writer.close()

    assert not before
    assert store.size("a") == 9_000_002
    assert store.get_range("a", 8_999_999, 9_000_002) == b"xyz"


def test_what_is_not_closed_is_never_seen(store: Store) -> None:
    store.writer("a").write(b"x")

    assert not store.exists("a")
    assert [entry.key for entry in store.entries("")] == []


def test_a_listing_tells_sizes_and_times_and_goes_on_after_a_key(store: Store) -> None:
    for key in ("jobs/a/1", "jobs/b/22", "jobs/c/3"):
        store.create(key, key.encode())

    found = {entry.key: entry for entry in store.entries("jobs/", after="jobs/b")}

    assert set(found) == {"jobs/b/22", "jobs/c/3"}
    assert found["jobs/b/22"].size_bytes == 9
    assert abs(found["jobs/b/22"].written - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_draft_settles_once(store: Store) -> None:
    for number in (1, 2):
        store.create(f"draft-{number}", b"%d" % number)

    settled = [store.settle(f"draft-{number}", "kept") for number in (1, 2)]

    assert settled == [True, False]
    assert store.get("kept") == b"1"
    assert not store.exists("draft-1")
    assert not store.exists("draft-2")


def test_a_link_of_a_bucket_lets_who_has_no_key_put_one_object_and_get_it() -> None:
    store = s3_store()

    put = urllib3.request("PUT", store.signed("PUT", "jobs/a/input", valid_s=60) or "", body=b"rows")
    got = urllib3.request("GET", store.signed("GET", "jobs/a/input", valid_s=60) or "")

    assert (put.status, got.status, got.data) == (200, 200, b"rows")
    assert store.get("jobs/a/input") == b"rows"


def test_links_are_for_where_callers_see_the_bucket() -> None:
    store = open_store(f"s3://{BUCKET}/x", environment=s3_environment(), seen_at="http://s3.example.org:4566")

    link = store.signed("PUT", "jobs/a/input", valid_s=60) or ""

    assert link.startswith(f"http://s3.example.org:4566/{BUCKET}/x/jobs/a/input?")
    assert "X-Amz-Expires=60" in link


def test_where_there_is_no_bucket_there_is_no_link_of_one() -> None:
    assert open_store("memory://").signed("GET", "a", valid_s=60) is None

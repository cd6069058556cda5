from __future__ import annotations

import inspect
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING, Any

import obstore.exceptions
import pytest

from dasier.errors import SettingsInvalid, StoreDenied, StoreUnavailable, Unavailable
from dasier.foreign import translated
from dasier.store import Store, open_store
from tests.core.stores import OneWriteAtATime, fill

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_created_is_read_back(store: Store) -> None:
    assert store.create("a/b.json", b"1")

    assert store.get("a/b.json") == b"1"
    assert store.exists("a/b.json")


def test_absent_key_gives_nothing(store: Store) -> None:
    assert store.get("a/b") is None
    assert store.get_sized("a/b", 1) is None
    assert not store.exists("a/b")
    assert store.first("a/") is None
    assert list(store.keys("a/")) == []
    assert store.folders("a/") == []


def test_what_plays_s3_looks_and_writes_in_one_step() -> None:
    """moto alone does not: two who demand that a key is absent may both be told that they wrote it."""
    there: set[str] = set()
    all_looked = Barrier(4)

    def looks_then_writes(environ: dict[str, Any], _: Any) -> list[bytes]:
        is_free = environ["PATH_INFO"] not in there
        with suppress(BrokenBarrierError):
            all_looked.wait(0.2)
        there.add(environ["PATH_INFO"])
        return [b"200" if is_free else b"412"]

    played = OneWriteAtATime(looks_then_writes)

    def put(_: int) -> list[bytes]:
        asked = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/key", "wsgi.input": BytesIO(b"")}
        return list(played(asked, None))

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(put, range(4)))

    assert sorted(answers) == [[b"200"], [b"412"], [b"412"], [b"412"]]


def test_existing_key_is_never_overwritten(store: Store) -> None:
    store.create("a", b"first")

    assert not store.create("a", b"second")
    assert store.get("a") == b"first"


def test_same_bytes_again_are_found_to_be_there(store: Store) -> None:
    store.create("a", b"same")

    assert store.create("a", b"same")


def test_bytes_of_another_size_are_not_read(store: Store) -> None:
    store.create("a", b"12345")

    assert store.get_sized("a", 5) == b"12345"
    assert store.get_sized("a", 4) == 5


def test_empty_content_is_kept(store: Store) -> None:
    store.create("a", b"")

    assert store.get("a") == b""
    assert store.get_sized("a", 0) == b""


def test_keys_below_a_prefix_are_listed_and_no_others(store: Store) -> None:
    for key in ("a/1", "a/2/3", "ab/1", "b"):
        store.create(key, b"")

    assert sorted(store.keys("a/")) == ["a/1", "a/2/3"]
    assert store.folders("") == ["a", "ab"]


def test_first_key_is_the_one_that_sorts_first(store: Store) -> None:
    for key in ("a/3", "a/1", "a/2"):
        store.create(key, b"")

    assert store.first("a/") == "a/1"


def test_more_keys_than_a_page_are_all_listed(store: Store) -> None:
    contents = {f"n/{n:04d}": b"" for n in range(1_050)}
    if store.url.startswith("s3:"):
        fill(store, contents)
    for key in contents if not store.url.startswith("s3:") else ():
        store.create(key, b"")

    assert len(list(store.keys("n/"))) == 1_050
    assert store.first("n/") == "n/0000"


def test_keys_written_since_are_left_out_when_asked(store: Store) -> None:
    store.create("a", b"")
    now = datetime.now(UTC)

    assert list(store.keys("", written_before=now - timedelta(hours=1))) == []
    assert list(store.keys("", written_before=now + timedelta(hours=1))) == ["a"]


def test_one_of_many_writers_wins(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.create("a", b"%d" % n), range(16)))

    assert won.count(True) == 1
    assert store.get("a") == b"%d" % won.index(True)


def test_key_that_is_gone_can_be_deleted_again(store: Store) -> None:
    """Two who tidy up at once do not keep each other from it."""
    store.delete("a")

    assert not store.exists("a")


def test_deleted_key_is_gone(store: Store) -> None:
    store.create("a", b"")

    store.delete("a")

    assert not store.exists("a")


@pytest.mark.parametrize(
    "url", ["", "folder", "file://relative", "s3://", "s3:///x", "https://example.org", "gs://b"]
)
def test_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="file:///folder"):
        open_store(url)


def test_folder_with_blanks_and_accents_is_taken_as_it_is_written(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/mes données").create("a", b"1")

    assert (tmp_path / "mes données" / "a").read_bytes() == b"1"


def test_server_that_nobody_runs_is_unavailable_and_not_waited_for() -> None:
    nowhere = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }

    with pytest.raises(StoreUnavailable, match="reading a"):
        open_store("s3://bucket/p", environment=nowhere).get("a")


FOREIGN = [
    kind for _, kind in inspect.getmembers(obstore.exceptions, inspect.isclass) if issubclass(kind, Exception)
]


@pytest.mark.parametrize(
    "kind", [*FOREIGN, OSError, PermissionError, TimeoutError, ConnectionError], ids=lambda k: k.__name__
)
def test_every_foreign_error_istranslated(kind: type[Exception]) -> None:
    with pytest.raises(Unavailable) as caught, translated("reading a"):
        raise kind("why\nand a page of details")

    assert "reading a" in str(caught.value)
    assert "details" not in str(caught.value)


@pytest.mark.parametrize(
    "said", ["PermissionDenied", "ReadOnlyFilesystem", "StorageFull", "Read-only file system"]
)
def test_store_that_cannot_be_written_is_told_from_one_that_is_away(said: str) -> None:
    with pytest.raises(StoreDenied), translated("writing a"):
        raise obstore.exceptions.GenericError(said)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_may_not_be_written_is_denied(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    tmp_path.chmod(0o500)

    with pytest.raises(StoreDenied, match="permission"):
        store.create("a", b"1")
    tmp_path.chmod(0o700)

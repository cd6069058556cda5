"""Disk full, store read-only, no permission: a clear error, and nothing half-done."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from dasier.errors import StoreDenied
from dasier.foreign import translated
from dasier.registry import Registry
from dasier.store import Store, open_store
from tests import models
from tests.models import SIGNER, TRUSTED, Shop

if TYPE_CHECKING:
    from pathlib import Path

FULL = """
import resource, signal, sys
from dasier.errors import Unavailable
from dasier.store import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store = open_store(sys.argv[1])
try:
    store.create("blobs/large", b"x" * 5_000)
except Unavailable as error:
    print(type(error).__name__, error)
    print(store.exists("blobs/large"), list(store.keys("")))
"""


class Failing(Store):
    """A store that takes so many writes and no more."""

    def __init__(self, store: Store, writes: int, error: Exception) -> None:
        super().__init__(store._backend, url=store.url)
        self.left, self.error = writes, error

    def create(self, key: str, content: bytes) -> bool:
        with translated(f"writing {key}"):
            if self.left == 0:
                raise self.error
        self.left -= 1
        return super().create(key, content)


@pytest.mark.parametrize("writes", [0, 1, 2])
@pytest.mark.parametrize(
    "error",
    [
        PermissionDeniedError("no"),
        PermissionError(13, "no"),
        GenericError("os error: StorageFull"),
        OSError(30, "Read-only file system"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_publisher_is_told_what_to_do_and_no_version_is_seen(
    store: Store, writes: int, error: Exception
) -> None:
    registry = Registry(Failing(store, writes, error), TRUSTED)

    with pytest.raises(StoreDenied, match="Check the permissions and the free space"):
        registry.publish(models.constant(), SIGNER)

    assert not Shop(store).registry.has_versions("constant")
    assert Shop(store).publish(models.constant()) == 1


def test_write_that_the_system_cuts_short_leaves_nothing(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FULL, f"file://{tmp_path}/store"],
        env=os.environ | {"PYTHONPATH": str(models.ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert child.stdout.startswith("StoreDenied The store refused writing blobs/large")
    assert child.stdout.splitlines()[-1] == "False []"


def test_disk_that_is_full_is_told_from_a_store_that_is_away() -> None:
    with pytest.raises(StoreDenied), translated("writing a"):
        raise OSError(28, "No space left on device")


def test_folder_that_is_a_file_is_said_to_be_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Exception, match="file") as caught:
        open_store(f"file://{tmp_path}/file").create("a", b"1")

    assert type(caught.value).__module__ == "dasier.errors"

"""A publisher is killed with kill -9 after each of its writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dasier import layout
from dasier.store import open_store
from tests import models
from tests.core.stores import s3_environment, s3_store
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from pathlib import Path

WRITES = 3  # two blobs and the manifest

PUBLISHER = """
import os, signal, sys
from pathlib import Path
from dasier.built import Built
from dasier.registry import Registry
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import Store, open_store

class Deadly(Store):
    written = 0
    def create(self, key, content):
        done = super().create(key, content)
        Deadly.written += 1
        if Deadly.written == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
        return done

import dasier.registry
dasier.registry._UPLOADS = 1
signer = LocalSigner.from_file(Path(sys.argv[3]))
store = open_store(sys.argv[2])
registry = Registry(Deadly(store._backend, url=store.url), TrustedKeys.parse([signer.public_key()]))
registry.publish(Built.read(Path(sys.argv[1])), signer)
"""


@pytest.mark.parametrize("after", range(1, WRITES + 1))
@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_no_partial_version_is_seen_and_a_second_run_completes(kind: str, after: int, tmp_path: Path) -> None:
    store = s3_store() if kind == "s3" else open_store(f"file://{tmp_path}/store")
    models.constant().write(tmp_path / "build")
    environment = os.environ | {"PYTHONPATH": str(models.ROOT)} | (s3_environment() if kind == "s3" else {})
    arguments = [str(tmp_path / "build"), store.url, str(tmp_path / "key.pem"), str(after)]

    died = subprocess.run([sys.executable, "-c", PUBLISHER, *arguments], env=environment, check=False)

    assert died.returncode == -signal.SIGKILL
    shop = Shop(store)
    committed = after == WRITES
    assert shop.registry.has_versions("constant") == committed
    assert shop.registry.names() == (["constant"] if committed else [])
    assert len(shop.registry.unreferenced()) == (0 if committed else after)

    version = shop.registry.publish(models.constant(), SIGNER).version

    assert version == (2 if committed else 1)
    assert shop.registry.unreferenced() == []
    assert shop.service().version("constant", version).manifest.version == version


def test_what_a_killed_publisher_left_is_listed_and_nothing_else(tmp_path: Path) -> None:
    shop = Shop(open_store(f"file://{tmp_path}/store"))
    shop.publish(models.constant(number=1))
    left = models.constant(number=2).manifest.blobs["model"]
    shop.store.create(layout.blob(left.sha256), models.graph(2.0))

    assert shop.registry.unreferenced() == [layout.blob(left.sha256)]
    assert json.loads(shop.store.get(layout.manifest("constant", 1)) or b"")["version"] == 1

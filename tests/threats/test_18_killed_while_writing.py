"""A process is killed in the middle of writing: what is half-written is never used.

Nothing that serves writes model files to a disk (tested here), so there is no half-written cache. What is
written in place is a registry in a folder, and the key pair that is made on first use: both are killed here in
the middle, again and again, at moments that nobody chose.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from dasier import layout
from dasier.built import Built
from dasier.errors import DataInvalid
from dasier.signing import LocalSigner
from dasier.store import open_store
from tests import models
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 12
SIZE_BYTES = 24_000_000

WRITER = """
import sys
from dasier.store import open_store
store = open_store(sys.argv[1])
content = sys.stdin.buffer.read()
print("writing", flush=True)
store.create(sys.argv[2], content)
print("written", flush=True)
"""

KEY_MAKER = """
import os, sys
from pathlib import Path
from dasier.signing import LocalSigner
print("writing", flush=True)
while True:
    LocalSigner.from_file(Path(sys.argv[1]))
    os.replace(sys.argv[1], sys.argv[1] + ".last")
"""

BUILDER = """
import sys
from pathlib import Path
from dasier.built import Built
built = Built.read(Path(sys.argv[1]))
print("writing", flush=True)
built.write(Path(sys.argv[2]))
print("written", flush=True)
"""

SERVER = """
import json, sys
from functions import predict
event = {
    "resource": "/models/{name}/predict",
    "httpMethod": "POST",
    "pathParameters": {"name": "constant"},
    "body": json.dumps({"instances": [{"x": 0.5}]}),
}
print(predict.handler(event, None)["statusCode"])
"""


def killed_while_writing(program: str, *arguments: str, content: bytes = b"", after_s: float) -> bool:
    """Kill a process a while after it says that it writes, and say whether it had not said that it is done."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | {"PYTHONPATH": str(models.ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(content)
        process.stdin.close()
        assert process.stdout.readline() == b"writing\n"
        time.sleep(after_s)
        process.kill()
        return b"written" not in process.stdout.read()


def moments(longest_s: float) -> Iterator[float]:
    """Give moments to kill at, spread over the writing."""
    chance = random.Random(0)  # noqa: S311 (no secret)
    return (longest_s * (n + chance.random()) / KILLS for n in range(KILLS))


def test_blob_is_whole_or_not_there_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(SIZE_BYTES)  # noqa: S311 (as above)
    key = layout.blob(hashlib.sha256(content).hexdigest())
    before = time.monotonic()
    open_store(f"file://{tmp_path}/once").create(key, content)
    took_s = time.monotonic() - before
    cut_short = left = 0  # how often it did not finish, and how often half a file was seen to lie there

    for n, moment in enumerate(moments(took_s)):
        url = f"file://{tmp_path}/{n}"
        cut_short += killed_while_writing(WRITER, url, key, content=content, after_s=moment)
        store = open_store(url)
        left += any(path.stat().st_size < SIZE_BYTES for path in tmp_path.glob(f"{n}/blobs/sha256/*#*"))

        assert store.get(key) in (None, content)
        assert list(store.keys("")) in ([], [key])
        assert store.create(key, content)
        assert store.get(key) == content

    assert cut_short > 0
    assert left > 0


def test_model_whose_publisher_died_halfway_is_published_by_the_next(tmp_path: Path) -> None:
    build = models.constant(padding=SIZE_BYTES)
    blob = build.manifest.blobs["model"]
    key, content = layout.blob(blob.sha256), build.blobs["model"]
    shop = Shop(open_store(f"file://{tmp_path}/store"))

    assert killed_while_writing(WRITER, shop.store.url, key, content=content, after_s=0.005)
    assert shop.registry.unreferenced() in ([], [key])
    assert shop.publish(build) == 1

    assert shop.service().serving("constant").manifest.version == 1
    assert shop.registry.unreferenced() == []


def test_build_that_was_killed_is_whole_or_refused(tmp_path: Path) -> None:
    build = models.constant(padding=SIZE_BYTES)
    build.write(tmp_path / "whole")
    before = time.monotonic()
    build.write(tmp_path / "again")
    took_s = time.monotonic() - before
    refused = 0

    for n, moment in enumerate(moments(took_s)):
        folder = tmp_path / str(n)
        killed_while_writing(BUILDER, str(tmp_path / "whole"), str(folder), after_s=moment)
        try:
            assert Built.read(folder) == build
        except DataInvalid:
            refused += 1

    assert refused > 0


def test_key_pair_is_whole_whenever_its_maker_is_killed(tmp_path: Path) -> None:
    for n, moment in enumerate(moments(0.05)):
        path = tmp_path / str(n) / "signing.pem"

        killed_while_writing(KEY_MAKER, str(path), after_s=moment)

        for made in (path, path.with_suffix(".pem.last")):
            if made.exists():
                LocalSigner.from_file(made).sign(b"")
        LocalSigner.from_file(path).sign(b"")


def test_serving_writes_no_file_that_could_be_half_written(tmp_path: Path) -> None:
    shop = Shop(open_store(f"file://{tmp_path}/store"))
    shop.publish(models.constant(padding=100_000))
    folders = {name: tmp_path / name for name in ("temporary", "home", "working")}
    for folder in folders.values():
        folder.mkdir()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*")}

    served = subprocess.run(
        [sys.executable, "-c", SERVER],
        cwd=folders["working"],
        env=os.environ
        | {
            "PYTHONPATH": str(models.ROOT),
            "TMPDIR": str(folders["temporary"]),
            "HOME": str(folders["home"]),
            "DASIER_REGISTRY": shop.store.url,
            "DASIER_TRUSTED_KEYS": SIGNER.public_key(),
        },
        capture_output=True,
        check=True,
    )

    assert served.stdout.splitlines()[-1] == b"200"
    assert [path for folder in folders.values() for path in folder.rglob("*")] == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*")} == before

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dasier.built import Built
from dasier.errors import DataInvalid, DigestMismatch, FormatUnknown
from tests import models

if TYPE_CHECKING:
    from pathlib import Path


def test_build_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    built = models.constant()

    built.write(tmp_path)

    assert Built.read(tmp_path) == built


def test_second_build_replaces_the_first(tmp_path: Path) -> None:
    models.constant(number=1).write(tmp_path)
    models.constant(number=2).write(tmp_path)

    assert Built.read(tmp_path) == models.constant(number=2)


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b'{"format":1}', b"[" * 100_000, b"\xff"])
def test_folder_whose_manifest_is_none_holds_no_build(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)

    with pytest.raises(DataInvalid, match="dasier build"):
        Built.read(tmp_path)


@pytest.mark.parametrize("content", [b"{}", b'{"format":9}'])
def test_build_in_another_format_is_told_from_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)

    with pytest.raises(FormatUnknown):
        Built.read(tmp_path)


def test_folder_that_lacks_a_blob_holds_no_build(tmp_path: Path) -> None:
    models.constant().write(tmp_path)
    next((tmp_path / "blobs").iterdir()).unlink()

    with pytest.raises(DataInvalid, match="dasier build"):
        Built.read(tmp_path)


def test_folder_that_is_none_holds_no_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for path in (tmp_path, tmp_path / "none", tmp_path / "file"):
        with pytest.raises(DataInvalid):
            Built.read(path)


def test_blob_that_was_changed_is_refused(tmp_path: Path) -> None:
    models.constant().write(tmp_path)
    next((tmp_path / "blobs").iterdir()).write_bytes(b"changed")

    with pytest.raises(DigestMismatch):
        Built.read(tmp_path)


def test_build_that_was_cut_short_is_none(tmp_path: Path) -> None:
    models.constant(number=1).write(tmp_path)
    broken = Built(models.constant(number=2).manifest, {"model": b"x", "missing": b""})

    with pytest.raises(KeyError):
        broken.write(tmp_path)

    with pytest.raises(DataInvalid):
        Built.read(tmp_path)

from __future__ import annotations

import pytest

from dasier.errors import StoreDenied
from dasier.local.home import Home
from dasier.local.project import find_project


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path):
    home = Home.at(tmp_path / "data")

    first, again = home.signer().public_key(), home.signer().public_key()

    assert first == again
    assert home.signing_key.stat().st_mode & 0o077 == 0


def test_the_sites_secret_outlives_a_restart(tmp_path):
    home = Home.at(tmp_path)

    assert home.site_secret() == Home.at(tmp_path).site_secret()
    assert len(home.site_secret()) >= 32


def test_the_registry_is_a_folder_url(tmp_path):
    assert Home.at(tmp_path).registry == f"file://{tmp_path}/store"


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreDenied):
        Home.at(tmp_path / "file" / "data")


def test_the_project_is_found_from_a_folder_in_it(tmp_path):
    (tmp_path / "functions").mkdir()
    (tmp_path / "template.yaml").touch()
    (tmp_path / "deep" / "down").mkdir(parents=True)

    assert find_project(tmp_path / "deep" / "down") == tmp_path


def test_without_a_project_around_it_the_one_it_was_installed_from_is_taken(tmp_path):
    assert (find_project(tmp_path) / "dasier").is_dir()

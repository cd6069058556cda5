"""Which recipes are built and published after a push."""

from __future__ import annotations

import subprocess

import pytest

from deployment.recipes import NOTHING, changed, main


@pytest.fixture
def repository(tmp_path):
    _git(tmp_path, "init", "--quiet")
    for name in ("birds", "wines"):
        _write(tmp_path, f"model_builds/{name}/recipe.py", "1")
    _write(tmp_path, "README.md", "1")
    _commit(tmp_path)
    return tmp_path


def _git(root, *words):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def _commit(root):
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "x")
    return _git(root, "rev-parse", "HEAD")


def test_a_recipe_with_a_changed_file_is_named(repository):
    before = _git(repository, "rev-parse", "HEAD")
    _write(repository, "model_builds/wines/params.toml", "2")
    _write(repository, "README.md", "2")

    assert changed(before, _commit(repository), root=repository) == ["wines"]


def test_a_recipe_that_was_removed_is_not_named(repository):
    before = _git(repository, "rev-parse", "HEAD")
    _git(repository, "rm", "--quiet", "-r", "model_builds/birds")

    assert changed(before, _commit(repository), root=repository) == []


def test_a_first_push_names_them_all(repository):
    assert changed(NOTHING, "HEAD", root=repository) == ["birds", "wines"]


def test_a_commit_that_is_an_option_is_not_taken_for_one(repository):
    with pytest.raises(subprocess.CalledProcessError):
        changed("--output=owned", "HEAD", root=repository)

    assert not (repository / "owned").exists()


def test_two_commits_are_needed():
    assert main(["HEAD"]) == 2

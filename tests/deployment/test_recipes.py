"""Which recipes a deployment builds and publishes."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from dasier.registry import Registry
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import open_store
from deployment.recipes import due, main
from tests.published import built


class Pipeline:
    """A repository with two recipes, and the registry that they are published into."""

    def __init__(self, folder):
        self.root, self.store = folder / "clone", folder / "store"
        self.store.mkdir()
        self._signer = LocalSigner.from_file(folder / "signing.pem")
        self.environment = {
            "DASIER_REGISTRY": f"file://{self.store}",
            "DASIER_TRUSTED_KEYS": self._signer.public_key(),
        }
        trusted = TrustedKeys.parse([self._signer.public_key()])
        self.registry = Registry(open_store(f"file://{self.store}"), trusted)
        self.root.mkdir()
        self._git("init", "--quiet")
        for name in ("birds", "wines"):
            self.write(f"model_builds/{name}/params.toml", "seed = 1")
        self.write("README.md", "1")
        self.commit()

    def _git(self, *words):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        command = ["git", *identity, *words]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def remove(self, path):
        self._git("rm", "--quiet", "-r", path)

    def commit(self):
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "x")
        return self._git("rev-parse", "HEAD")

    def publish(self, name, commit):
        cells = built("cells")
        source = {"kind": "recipe", "recipe": name, "git_commit": commit}
        self.registry.publish(
            replace(cells, manifest=replace(cells.manifest, name=name, source=source)), self._signer
        )

    def due(self):
        return due(self.registry, root=self.root)


@pytest.fixture
def pipeline(tmp_path):
    """Give one in which both recipes are published as they are."""
    made = Pipeline(tmp_path)
    commit = made.commit()
    for name in ("birds", "wines"):
        made.publish(name, commit)
    return made


def test_what_was_never_published_is_due(tmp_path):
    assert Pipeline(tmp_path).due() == ["birds", "wines"]


def test_what_is_as_it_was_published_is_not_due_whatever_else_changed(pipeline):
    pipeline.write("README.md", "2")
    pipeline.commit()

    assert pipeline.due() == []


def test_a_recipe_with_a_changed_file_is_due_until_it_is_published(pipeline):
    pipeline.write("model_builds/wines/recipe.py", "2")
    changed = pipeline.commit()
    before = pipeline.due()
    pipeline.publish("wines", changed)

    assert (before, pipeline.due()) == (["wines"], [])


def test_what_a_push_changed_that_was_never_deployed_is_due_with_the_next(pipeline):
    pipeline.write("model_builds/wines/recipe.py", "2")
    pipeline.commit()  # its checks fail, or the next push takes its place in the queue
    pipeline.write("README.md", "2")
    pipeline.commit()

    assert pipeline.due() == ["wines"]


def test_a_version_that_was_published_by_hand_makes_nothing_due(pipeline):
    pipeline.publish("wines", None)
    pipeline.publish("birds", f"{pipeline.commit()}+changes")

    assert pipeline.due() == []


@pytest.mark.parametrize("commit", ["f" * 40, "--output=owned", "HEAD"])
def test_what_was_built_from_a_commit_that_is_none_here_is_due(tmp_path, commit):
    pipeline = Pipeline(tmp_path)
    pipeline.publish("wines", commit)

    assert "wines" in pipeline.due()
    assert not (pipeline.root / "owned").exists()


def test_a_recipe_that_was_removed_is_not_due(pipeline):
    pipeline.remove("model_builds/birds")
    pipeline.commit()

    assert pipeline.due() == []


def test_a_model_that_is_not_called_as_its_folder_is_due_by_its_name(pipeline):
    pipeline.write("model_builds/wines/params.toml", 'name = "vins"')
    pipeline.commit()

    assert pipeline.due() == ["vins"]


def test_names_are_printed_a_line_each(pipeline, capsys):
    pipeline.write("model_builds/wines/recipe.py", "2")
    pipeline.commit()

    status = main([], pipeline.environment, pipeline.root)

    assert (status, capsys.readouterr().out) == (0, "wines\n")


def test_a_registry_that_is_not_there_ends_it_in_words(pipeline, capsys):
    missing = pipeline.environment | {"DASIER_REGISTRY": "file:///no/such/folder"}

    assert main([], missing, pipeline.root) == 1
    assert "no registry" in capsys.readouterr().err
    assert main(["HEAD"], pipeline.environment, pipeline.root) == 2

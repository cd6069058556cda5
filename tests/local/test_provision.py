from __future__ import annotations

import sys
import threading

import pytest

from dasier.errors import RecipeInvalid
from dasier.local import provision
from dasier.local.provision import Provision, Recipe
from dasier.registry import Registry
from dasier.signing import LocalSigner, TrustedKeys
from dasier.store import open_store

CHILD = """
import json, sys, time
for line in sys.stdin:
    name = json.loads(line)["recipe"].rpartition("/")[2]
    print(json.dumps({"step": "train"}), flush=True)
    if name == "dies":
        sys.exit(3)
    if name == "hangs":
        time.sleep(60)
    print(json.dumps({"error": f"{name} is refused"}), flush=True)
"""


class Told:
    def __init__(self):
        self.steps, self.failures, self.began = [], {}, threading.Event()

    def step(self, name, step):
        self.steps.append((name, step))
        if step == "train":
            self.began.set()

    def published(self, name, _manifest):
        raise AssertionError(name)

    def failed(self, name, why):
        self.failures[name] = why


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def work(tmp_path, told):
    signer = LocalSigner.from_file(tmp_path / "key.pem")
    registry = Registry(open_store("memory://"), TrustedKeys.parse([signer.public_key()]))
    return Provision(registry, signer, tmp_path / "log", told, (sys.executable, "-c", CHILD))


def _recipes(tmp_path, *names):
    return [Recipe(name, tmp_path / name) for name in names]


def test_recipes_are_found_by_the_name_of_their_model(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "params.toml").write_text('name = "wine"')

    assert provision.recipes(tmp_path) == [Recipe("wine", tmp_path / "folder")]


def test_parameters_that_are_no_toml_are_said_so(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "params.toml").write_text("name = ")

    with pytest.raises(RecipeInvalid, match=r"params\.toml"):
        provision.recipes(tmp_path)


def test_only_models_without_a_version_are_missing(tmp_path):
    registry = Registry(open_store("memory://"), TrustedKeys({}))
    registry.store.create("models/wine/versions/000001.manifest.json", b"{}")

    missing = provision.missing(registry, _recipes(tmp_path, "penguins", "wine"))

    assert [recipe.name for recipe in missing] == ["penguins"]


def test_a_recipe_that_is_refused_does_not_stop_the_others(tmp_path, told, work):
    work.run(_recipes(tmp_path, "one", "two", "three"))

    assert told.failures == {name: f"{name} is refused" for name in ("one", "two", "three")}


def test_a_builder_that_dies_is_replaced_for_the_next_recipe(tmp_path, told, work):
    work.run(_recipes(tmp_path, "dies", "dies", "one", "two"))

    assert "log says more" in told.failures["dies"]
    assert told.failures["two"] == "two is refused"


def test_stopping_ends_the_builders_at_once(tmp_path, told, work):
    thread = threading.Thread(target=work.run, args=(_recipes(tmp_path, "hangs", "one"),))
    thread.start()
    told.began.wait(10)

    work.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert "hangs" not in told.failures

"""The question that is asked after a deployment."""

from __future__ import annotations

import pytest

from dasier.client import Client, Patience
from deployment.smoke import main, smoke
from tests.webapp import catalog
from tests.webapp.fake_api import FakeApi


@pytest.fixture
def api():
    fake = FakeApi()
    for description, prediction in catalog.ALL:
        fake.add(description, prediction)
    yield fake
    fake.close()


def test_every_model_is_asked_with_its_own_example_and_the_key(api, capsys):
    assert main(["dasier-prod"], {"DASIER_API_URL": api.url, "DASIER_API_KEY": "k"}) == 0

    asked = [seen for seen in api.seen if seen.path.endswith("/predict")]
    assert {seen.path.split("/")[2] for seen in asked} == set(api.models)
    assert all(seen.headers["x-api-key"] == "k" for seen in asked)
    assert f"{len(api.models)} of {len(api.models)} models answer" in capsys.readouterr().out


def test_one_model_that_does_not_answer_fails_it(api, capsys):
    api.predictions[next(iter(api.models))] = {"nothing": "like a prediction"}

    assert smoke(Client(api.url, patience=Patience(attempts=1))) == 1
    assert "models answer" in capsys.readouterr().out


def test_an_api_that_is_not_there_fails_it(capsys):
    assert smoke(Client("http://127.0.0.1:9", patience=Patience(attempts=1))) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_service_without_models_fails_it(api):
    api.models.clear()

    assert smoke(Client(api.url)) == 1

"""What tests of several parts share: an API with four small models in it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def api():
    """Asks an API with four models that serve; nothing publishes to it or releases in it."""
    from tests.published import MODELS, Api, Published

    published = Published()
    for name in MODELS:
        published.publish(name)
    return Api(published)


@pytest.fixture
def published():
    """Give a store of this test's own, with nothing in it."""
    from tests.published import Published

    return Published()

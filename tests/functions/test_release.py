from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.release import release_handler
from tests import models
from tests.models import SIGNER, Shop

SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


def s3_event(*keys: str, bucket: str = "registry") -> dict[str, Any]:
    """Give an event as S3 sends it."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
            }
            for key in keys
        ]
    }


def wake(shop: Shop, event: dict[str, Any]) -> dict[str, Any]:
    service = shop.service()
    return release_handler(lambda: service)(event, None)


def shop_with(*names: str) -> Shop:
    shop = Shop()
    for name in names:
        shop.registry.publish(models.constant(name), SIGNER)
    return shop


def test_manifest_that_appears_is_judged_and_released() -> None:
    shop = shop_with("ash", "oak")

    told = wake(shop, s3_event("models/ash/versions/000001.manifest.json"))

    assert told == {"judged": 1, "passed": 1}
    assert shop.registry.head("ash") is not None
    assert shop.registry.head("oak") is None


def test_schedule_judges_what_no_event_told() -> None:
    shop = shop_with("ash", "oak")

    assert wake(shop, SCHEDULE) == {"judged": 2, "passed": 2}
    assert wake(shop, SCHEDULE) == {"judged": 0, "passed": 0}


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        {"Records": [{}]},
        {"Records": [{"s3": None}, {"s3": {"object": None}}, {"s3": {"object": {"key": None}}}]},
        s3_event(
            "",
            "models/",
            "models/ash/verdicts/000001.json",
            "blobs/sha256/00",
            "%",
            "models/%2e%2e/versions/000001.manifest.json",
        ),
        s3_event("models/none/versions/000001.manifest.json"),
    ],
)
def test_event_about_nothing_of_ours_judges_nothing(event: dict[str, Any]) -> None:
    shop = shop_with("ash")

    assert wake(shop, event) == {"judged": 0, "passed": 0}
    assert shop.registry.contents("ash")["ash"].verdicts == set()


def test_recorded_event_of_s3_is_read() -> None:
    recorded = list((Path(__file__).parents[1] / "local" / "recorded").glob("*s3*.json"))
    for path in recorded:
        event = json.loads(path.read_text())
        assert wake(Shop(), event) == {"judged": 0, "passed": 0}

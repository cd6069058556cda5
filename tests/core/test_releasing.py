from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from dasier import layout, releasing
from dasier.errors import (
    DocumentInvalid,
    ModelNotFound,
    ReleaseRefused,
    ReleaseTaken,
    Untrusted,
    VersionNotFound,
)
from dasier.registry import Registry
from dasier.releases import Canary
from dasier.serving.resolving import Releases
from tests import models
from tests.models import TRUSTED, Counting, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.releases import Release
    from dasier.store import Store

BY = {"who": "Ada", "why": "because"}


@pytest.fixture
def shop() -> Shop:
    """Give three versions that passed, the second of which serves."""
    shop = Shop()
    for _ in range(3):
        shop.publish(models.constant("m"), release=False)
    for version in (1, 2):
        releasing.promote(shop.registry, "m", version, **BY)
    return shop


def served(registry: Registry) -> list[int | None]:
    return [release.serving for release in registry.releases("m")]


def test_promoted_version_serves_and_the_log_says_what_it_replaced(shop: Shop) -> None:
    release = releasing.promote(shop.registry, "m", 3, **BY)

    assert shop.registry.head("m") == release
    assert (release.number, release.serving, release.previous, release.forced) == (3, 3, 2, False)
    assert (release.who, release.why, release.action) == ("Ada", "because", "promote")


def test_promoting_what_serves_is_refused(shop: Shop) -> None:
    with pytest.raises(ReleaseRefused, match="serves already"):
        releasing.promote(shop.registry, "m", 2, **BY)

    assert served(shop.registry) == [2, 1]


def test_promoting_ends_a_canary(shop: Shop) -> None:
    releasing.canary(shop.registry, "m", 3, share=10, **BY)

    release = releasing.promote(shop.registry, "m", 2, **BY)

    assert (release.serving, release.canary) == (2, None)


def test_version_without_a_verdict_needs_force_and_a_reason() -> None:
    shop = Shop()
    shop.registry.publish(models.constant("m"), models.SIGNER)

    for force, why in ((False, "because"), (True, "  ")):
        with pytest.raises(ReleaseRefused, match="no verdict yet"):
            releasing.promote(shop.registry, "m", 1, who="Ada", why=why, force=force)
    assert releasing.promote(shop.registry, "m", 1, **BY, force=True).forced


def test_version_that_failed_needs_force() -> None:
    shop = Shop()
    shop.registry.publish(models.constant("m"), models.SIGNER)
    shop.registry.record_verdict("m", 1, {"passed": False})

    with pytest.raises(ReleaseRefused, match="did not pass"):
        releasing.promote(shop.registry, "m", 1, **BY)


def test_version_that_does_not_exist_cannot_be_released(shop: Shop) -> None:
    with pytest.raises(VersionNotFound):
        releasing.promote(shop.registry, "m", 9, **BY, force=True)
    with pytest.raises(ModelNotFound):
        releasing.promote(shop.registry, "none", 1, **BY, force=True)


def test_version_that_cannot_be_believed_is_not_released_even_with_force(shop: Shop) -> None:
    key = "models/m/versions/000003.manifest.json"
    shop.store.delete(key)
    shop.store.create(key, b"{}")

    with pytest.raises(Untrusted):
        releasing.promote(shop.registry, "m", 3, **BY, force=True)


def test_rollback_goes_to_what_served_before(shop: Shop) -> None:
    release = releasing.rollback(shop.registry, "m", **BY)

    assert (release.serving, release.previous, release.action) == (1, 2, "rollback")
    assert served(shop.registry) == [1, 2, 1]


def test_rollback_twice_goes_back_two_versions(shop: Shop) -> None:
    releasing.promote(shop.registry, "m", 3, **BY)

    releasing.rollback(shop.registry, "m", **BY)
    releasing.rollback(shop.registry, "m", **BY)

    assert served(shop.registry) == [1, 2, 3, 2, 1]


def test_rollback_to_a_version_that_once_served(shop: Shop) -> None:
    releasing.promote(shop.registry, "m", 3, **BY)

    assert releasing.rollback(shop.registry, "m", **BY, to=1).serving == 1


def test_rollback_takes_a_canary_back_first(shop: Shop) -> None:
    releasing.canary(shop.registry, "m", 3, share=10, **BY)

    release = releasing.rollback(shop.registry, "m", **BY)

    assert (release.serving, release.canary) == (2, None)


def test_rollback_from_a_pause_lets_the_last_version_serve_again(shop: Shop) -> None:
    releasing.pause(shop.registry, "m", **BY)

    assert releasing.rollback(shop.registry, "m", **BY).serving == 2


@pytest.mark.parametrize("to", [3, 9])
def test_rollback_to_what_never_served_is_refused(shop: Shop, to: int) -> None:
    with pytest.raises(ReleaseRefused, match=f"no release of version {to}"):
        releasing.rollback(shop.registry, "m", **BY, to=to)


def test_rollback_to_what_serves_is_refused(shop: Shop) -> None:
    with pytest.raises(ReleaseRefused, match="Version 2 of m serves already"):
        releasing.rollback(shop.registry, "m", **BY, to=2)

    assert served(shop.registry) == [2, 1]


def test_rollback_to_what_serves_ends_a_canary(shop: Shop) -> None:
    releasing.canary(shop.registry, "m", 3, share=10, **BY)

    release = releasing.rollback(shop.registry, "m", **BY, to=2)

    assert (release.serving, release.canary) == (2, None)


@pytest.mark.parametrize("to", [None, 1])
@pytest.mark.parametrize(("content", "refused"), [(b"{}", Untrusted), (None, VersionNotFound)])
def test_rollback_to_what_cannot_serve_any_more_is_refused(
    shop: Shop, to: int | None, content: bytes | None, refused: type[Exception]
) -> None:
    key = layout.manifest("m", 1)
    shop.store.delete(key)
    if content is not None:
        shop.store.create(key, content)

    with pytest.raises(refused):
        releasing.rollback(shop.registry, "m", **BY, to=to)

    assert served(shop.registry) == [2, 1]


def test_canary_is_taken_back_even_if_what_serves_cannot_be_believed(shop: Shop) -> None:
    """Warm functions may serve it from memory, and the canary is what somebody wants to be rid of."""
    releasing.canary(shop.registry, "m", 3, share=10, **BY)
    shop.store.delete(layout.manifest("m", 2))

    assert releasing.rollback(shop.registry, "m", **BY).canary is None


def test_rollback_from_the_first_release_is_refused() -> None:
    shop = Shop()
    shop.publish(models.constant("m"))

    with pytest.raises(ReleaseRefused, match="no earlier release"):
        releasing.rollback(shop.registry, "m", **BY)
    with pytest.raises(ReleaseRefused, match="no release to go back from"):
        releasing.rollback(shop.registry, "none", **BY)


def test_rollback_reads_no_more_of_a_long_log_than_it_needs(shop: Shop) -> None:
    for version in (1, 2) * 20:
        shop.release("m", version)
    store = Counting(shop.store)

    releasing.rollback(Shop(store).registry, "m", **BY)

    assert sum("get models/m/releases/" in what for what in store.asked) <= 3


DECISIONS = {
    "promote": (lambda registry: releasing.promote(registry, "m", 3, **BY), 3),
    "promote what served": (lambda registry: releasing.promote(registry, "m", 2, **BY), 2),
    "roll back": (lambda registry: releasing.rollback(registry, "m", **BY), 1),
    "roll back to what served": (lambda registry: releasing.rollback(registry, "m", to=2, **BY), 2),
    "pause": (lambda registry: releasing.pause(registry, "m", **BY), None),
}


@pytest.mark.parametrize(("decide", "serving"), DECISIONS.values(), ids=DECISIONS)
def test_person_decides_past_what_is_no_release_and_every_reader_follows(
    shop: Shop, decide: Callable[[Registry], Release], serving: int | None
) -> None:
    warm = Releases(Registry(shop.store, TRUSTED), 2.0, shop.clock)
    before = warm.current("m").serving
    for number, content in ((3, b"no JSON"), (4, b"[]")):
        shop.store.create(layout.release("m", number), content)
    shop.clock.passes(2)
    meanwhile = warm.current("m").serving
    with pytest.raises(DocumentInvalid, match=layout.release("m", 4)):
        shop.registry.head("m")

    release = decide(shop.registry)

    shop.clock.passes(2)
    assert (before, meanwhile, release.number) == (2, 2, 5)
    assert warm.current("m") == Registry(shop.store, TRUSTED).head("m") == release
    assert served(shop.registry) == [serving, 2, 1]


def test_of_people_who_decide_past_what_is_no_release_one_wins(store: Store) -> None:
    shop = Shop(store)
    for _ in range(2):
        shop.publish(models.constant("m"), release=False)
    releasing.promote(shop.registry, "m", 1, **BY)
    store.create(layout.release("m", 2), b"no JSON")
    together = Barrier(8)

    def decide(_: int) -> int:
        together.wait()
        try:
            return releasing.promote(Registry(store, TRUSTED), "m", 2, **BY).number
        except (ReleaseTaken, ReleaseRefused):  # the latter of who looked when another had decided
            return 0

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(decide, range(8)))

    assert sorted(numbers) == [0] * 7 + [3]
    assert served(shop.registry) == [2, 1]


def test_decision_on_an_entry_that_others_followed_is_refused_past_what_is_no_release(shop: Shop) -> None:
    seen = shop.registry.head("m")
    shop.store.create(layout.release("m", 3), b"no JSON")
    releasing.promote(shop.registry, "m", 3, **BY)

    with pytest.raises(ReleaseTaken, match="Release 4 of m"):
        releasing.rollback(shop.registry, "m", on=seen, **BY)


def test_what_stands_far_ahead_and_is_no_release_is_to_be_removed(shop: Shop) -> None:
    key = layout.release("m", 7)
    shop.store.create(key, b"no JSON")

    with pytest.raises(DocumentInvalid, match=f"{key}.*remove it"):
        releasing.rollback(shop.registry, "m", **BY)

    assert served(shop.registry) == [2, 1]


def test_rollback_goes_past_what_is_no_release_in_the_middle_of_the_log(shop: Shop) -> None:
    shop.store.create(layout.release("m", 3), b"no JSON")
    releasing.promote(shop.registry, "m", 3, **BY)

    assert releasing.rollback(shop.registry, "m", **BY).serving == 2


@pytest.mark.parametrize("share", [0, 100, -1])
def test_canary_has_a_share(shop: Shop, share: int) -> None:
    with pytest.raises(ReleaseRefused, match="1 to 99"):
        releasing.canary(shop.registry, "m", 3, share=share, **BY)


def test_canary_needs_something_that_serves_and_something_else_to_try(shop: Shop) -> None:
    with pytest.raises(ReleaseRefused, match="serves already"):
        releasing.canary(shop.registry, "m", 2, share=5, **BY)
    releasing.pause(shop.registry, "m", **BY)
    with pytest.raises(ReleaseRefused, match="promote one first"):
        releasing.canary(shop.registry, "m", 3, share=5, **BY)


def test_paused_model_cannot_be_paused_again(shop: Shop) -> None:
    releasing.pause(shop.registry, "m", **BY)

    with pytest.raises(ReleaseRefused, match="No version of m serves"):
        releasing.pause(shop.registry, "m", **BY)


def test_decision_on_an_old_log_is_refused_and_changes_nothing(shop: Shop) -> None:
    seen = shop.registry.head("m")
    releasing.promote(shop.registry, "m", 3, who="Grace", why="first")

    with pytest.raises(ReleaseTaken, match="Grace chose to promote version 3"):
        releasing._append(shop.registry, "m", seen, action="rollback", serving=1, **BY)

    assert served(shop.registry) == [3, 2, 1]


def test_canary_is_logged_with_what_it_was_started_with(shop: Shop) -> None:
    by_hand = releasing.canary(shop.registry, "m", 3, share=1, **BY)
    releasing.rollback(shop.registry, "m", **BY)

    release = releasing.canary(shop.registry, "m", 3, share=99, automatic=True, **BY)

    assert by_hand.canary == Canary(3, 1, automatic=False)
    assert release.canary == Canary(3, 99, automatic=True)
    assert (release.action, release.serving, release.previous) == ("canary", 2, 2)
    assert (release.who, release.why, release.forced) == ("Ada", "because", False)


def test_canary_without_a_verdict_needs_force_and_stays_visible(shop: Shop) -> None:
    shop.registry.publish(models.constant("m"), models.SIGNER)

    with pytest.raises(ReleaseRefused, match="no verdict yet"):
        releasing.canary(shop.registry, "m", 4, share=5, **BY)

    assert releasing.canary(shop.registry, "m", 4, share=5, force=True, **BY).forced


def test_nothing_can_be_tried_beside_nothing() -> None:
    shop = Shop()
    shop.publish(models.constant("m"), release=False)

    with pytest.raises(ReleaseRefused, match="promote one first"):
        releasing.canary(shop.registry, "m", 1, share=5, **BY)
    with pytest.raises(ReleaseRefused, match="No version of m serves"):
        releasing.pause(shop.registry, "m", **BY)


def test_pause_is_logged_with_who_chose_it_and_what_served(shop: Shop) -> None:
    release = releasing.pause(shop.registry, "m", **BY)

    assert (release.action, release.serving, release.previous, release.canary) == ("pause", None, 2, None)
    assert (release.who, release.why, release.number) == ("Ada", "because", 3)


def test_each_release_has_an_id_of_its_own_and_the_time_in_utc(shop: Shop) -> None:
    begun = datetime.now(UTC) - timedelta(milliseconds=1)

    first, second = (releasing.promote(shop.registry, "m", version, **BY) for version in (3, 1))

    assert first.id != second.id
    assert first.when.endswith("Z")
    assert len(first.when) == len("2026-11-24T20:00:00.000Z")
    assert begun <= datetime.fromisoformat(first.when) <= datetime.now(UTC)


@pytest.mark.parametrize("decide", ["promote", "rollback", "canary", "pause"])
def test_whoever_decides_on_a_log_that_grew_meanwhile_is_refused(shop: Shop, decide: str) -> None:
    seen = shop.registry.head("m")
    releasing.promote(shop.registry, "m", 1, who="Grace", why="first")
    decisions = {
        "promote": partial(releasing.promote, version=3),
        "rollback": releasing.rollback,
        "canary": partial(releasing.canary, version=3, share=5),
        "pause": releasing.pause,
    }

    with pytest.raises(ReleaseTaken, match="Grace"):
        decisions[decide](shop.registry, "m", **BY, on=seen)

    assert served(shop.registry) == [1, 2, 1]


def test_whoever_saw_an_empty_log_is_refused_if_it_is_not_empty_any_more(shop: Shop) -> None:
    with pytest.raises(ReleaseTaken):
        releasing.promote(shop.registry, "m", 3, **BY, on=releasing.EMPTY)


def test_rollback_that_names_a_version_says_who_and_what_it_replaced(shop: Shop) -> None:
    release = releasing.rollback(shop.registry, "m", **BY, to=1)

    assert (release.who, release.why, release.previous) == ("Ada", "because", 2)
    assert (release.action, release.forced) == ("rollback", False)


def test_rollback_past_a_pause_finds_what_served_before_it(shop: Shop) -> None:
    releasing.pause(shop.registry, "m", **BY)
    releasing.promote(shop.registry, "m", 3, **BY)

    assert releasing.rollback(shop.registry, "m", **BY).serving == 2

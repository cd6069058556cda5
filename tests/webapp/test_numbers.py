"""Numbers, as each language writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask_babel import force_locale

from webapp import numbers

if TYPE_CHECKING:
    from flask import Flask


@pytest.mark.parametrize(
    ("typed", "language", "value"),
    [
        ("1,5", "fr", 1.5), ("1.5", "fr", 1.5), ("1.5", "en", 1.5), ("-3,5", "fr", -3.5), ("−3.5", "en", -3.5),
        ("1 234,5", "fr", 1234.5), ("1\u202f234", "fr", 1234.0), ("1\u00a0234\u00a0567", "fr", 1234567.0),
        ("1,234,567.5", "en", 1234567.5), ("12 345", "en", 12345.0), ("  7 ", "en", 7.0), (",5", "fr", 0.5),
        ("1e-5", "en", 1e-5), ("5.", "en", 5.0),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(typed: str, language: str, value: float) -> None:
    assert numbers.parse(typed, language) == value


@pytest.mark.parametrize(
    ("typed", "language"),
    [
        ("1,5", "en"),
        ("1,23,456", "en"),
        ("1.234,5", "fr"),
        ("12 34", "fr"),
        ("", "en"),
        ("e5", "en"),
        ("1,2,3", "fr"),
    ],
)
def test_what_could_be_two_numbers_is_none(typed: str, language: str) -> None:
    assert numbers.parse(typed, language) is None


@pytest.mark.parametrize("value", [0.0, -1.5, 39.1, 1e-7, 123456789.25, 0.1 + 0.2, 1e300, -4.0])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_the_site_fills_in_reads_back_the_same(site: Flask, language: str, value: float) -> None:
    with site.test_request_context(), force_locale(language):
        shown = numbers.editable(value)

    # 1e300 has no short plain form: its exponent stays.
    assert numbers.parse(shown, language) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1151.34, "1,151"),
        (151.34, "151.3"),
        (0.081234, "0.08123"),
        (-2.0, "−2"),
        (0.0, "0"),
        (1234567.8, "1,234,568"),
    ],
)
def test_predictions_claim_four_digits(site: Flask, value: float, shown: str) -> None:
    with site.test_request_context(), force_locale("en"):
        assert numbers.readable(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.97, "97%"),
        (0.9997, "over 99%"),
        (1.0, "over 99%"),
        (0.0003, "under 1%"),
        (0.0, "under 1%"),
        (0.99, "99%"),
    ],
)
def test_a_probability_is_never_rounded_to_certainty(site: Flask, share: float, shown: str) -> None:
    with site.test_request_context(), force_locale("en"):
        assert numbers.percent(share) == shown


@pytest.mark.parametrize(("share", "shown"), [(0.413, "+41.3 pts"), (-0.04, "−4 pts"), (-0.0001, "0 pts")])
def test_differences_between_probabilities_are_points(site: Flask, share: float, shown: str) -> None:
    with site.test_request_context(), force_locale("en"):
        assert numbers.points(share) == shown

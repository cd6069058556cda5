"""The table of prices, with its date: `prices.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from dasier.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices in US dollars, for one of what the name says.

    Attributes
    ----------
    region, as_of : str
    rough : tuple of str
        The prices that are known less well.
    sources : mapping of service to address
    free : mapping
        What costs nothing, each month.
    server_hour : mapping of server to price
    """

    region: str
    as_of: str
    rough: tuple[str, ...]
    sources: Mapping[str, str]
    free: Mapping[str, float]
    lambda_gb_s_x86_64: float
    lambda_gb_s_arm64: float
    lambda_request: float
    api_request: float
    s3_gb_month: float
    s3_write: float
    s3_read: float
    logs_gb: float
    metric_month: float
    alarm_month: float
    dashboard_month: float
    firehose_gb: float
    firehose_decompressed_gb: float
    firehose_partitioned_gb: float
    firehose_object: float
    firehose_jq_hour: float
    kms_key_month: float
    ecr_gb_month: float
    sagemaker_serverless_gb_s: float
    server_hour: Mapping[str, float]

    def lambda_gb_s(self, architecture: str) -> float:
        """Give the price of a gigabyte of memory for a second."""
        return self.lambda_gb_s_arm64 if architecture == "arm64" else self.lambda_gb_s_x86_64


def regions() -> list[str]:
    """Give the regions that the table has."""
    return sorted(_table()["regions"])


def read_prices(region: str) -> Prices:
    """Give the prices of a region.

    Raises
    ------
    SettingsInvalid
        If the table has none for it.
    """
    table = _table()
    if region not in table["regions"]:
        raise SettingsInvalid(
            [
                f"there are no prices for {region}: the table has {', '.join(regions())}; add it to dasier/cost/prices.toml"
            ]
        )
    given = table["regions"][region]
    return Prices(
        region=region,
        as_of=table["as_of"],
        sources=table["sources"],
        free=table["always_free"],
        **given | {"rough": tuple(given["rough"])},
    )


def _table() -> dict[str, Any]:
    return tomllib.loads((resources.files("dasier.cost") / "prices.toml").read_text("utf-8"))

"""The report on a version: what callers sent and got, how good it turned out, and what of it is alarmed."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dasier import feedback
from dasier.drift import judging
from dasier.drift.estimated import Sureness, estimated
from dasier.drift.quality import Told, realised
from dasier.drift.tally import Tally, records, total, watched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dasier.drift.tally import Watched
    from dasier.manifest import Manifest
    from dasier.personal import PersonalKey
    from dasier.predictions import Prediction
    from dasier.registry import Registry
    from dasier.schema import Label

log = logging.getLogger("dasier")

FORMAT = 1

MOST_DAYS = 7
"""How far back the report on a day looks for rows, and how many days without a report are caught up."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of one version in a span of time.

    Attributes
    ----------
    document : dict
        JSON types.
    watched : Watched or None
        None if the version brings no baseline.
    days : dict of day to Tally
        What was counted on each.
    """

    document: dict[str, Any]
    watched: Watched | None
    days: dict[str, Tally]

    @property
    def alarms(self) -> int:
        """How many columns are alarmed, the output and the quality counted as one each."""
        return len(self.document["alarmed"])


@dataclass(slots=True)
class Seen:
    """What the log holds of one version.

    Attributes
    ----------
    manifest : Manifest
    watched : Watched or None
    requests : int
    days : dict of day to Tally
    told : Told
    sure : Sureness
    unread : int
        Records whose rows are none of the version's.
    """

    manifest: Manifest
    watched: Watched | None
    requests: int = 0
    days: dict[str, Tally] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    sure: Sureness = field(init=False)
    unread: int = 0

    def __post_init__(self) -> None:
        self.sure = Sureness(self.manifest.schema.output.classes)

    def add(self, record: Prediction, actual: Label | list[Label] | None) -> None:
        """Count a record, and what was true of it."""
        self.requests += 1
        try:
            self.told.add(record, actual)
            self.sure.add(record)
            self.days.setdefault(record.time[:10], Tally()).record(record, self.watched)
        except (ValueError, TypeError, LookupError, AttributeError):
            self.unread += 1


def survey(  # noqa: PLR0913 - keywords
    registry: Registry,
    name: str,
    *,
    since: datetime,
    until: datetime,
    version: int | None = None,
    key: PersonalKey | None = None,
) -> Report | None:
    """Give the report on a model between two times; None if no version answered anything.

    Parameters
    ----------
    since, until : datetime
        Aware; the start counts, the end does not.
    version : int or None
        If it answered anything; otherwise, and by default, the one that answered most requests is looked at.
    key : PersonalKey, optional
        With it categories are watched that the log holds as hashes alone.

    Raises
    ------
    Unavailable
        If the store does not answer.
    Untrusted, NotFound
        If the manifest or the baseline of a version that answered is gone or not to be believed.
    """
    seen: dict[int, Seen] = {}
    truths = feedback.read(registry.store, name, first=since, last=until)
    for record in records(registry, name, since=since, until=until):
        if record.version not in seen:
            manifest = registry.manifest(name, record.version)
            seen[record.version] = Seen(manifest, watched(registry, manifest, key))
        seen[record.version].add(record, truths.get(record.id))
    if not seen:
        return None
    chosen = version if version in seen else min(seen, key=lambda one: (-seen[one].requests, -one))
    of = seen.pop(chosen)
    if of.unread:
        log.warning("records of other rows than the version's", extra={"model": name, "unread": of.unread})
    days = dict(sorted(of.days.items()))
    document = _document(of.manifest, of.watched, days) | {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "unread": of.unread,
        "others": {str(one): seen[one].requests for one in sorted(seen)},
        "quality": realised(of.told, of.manifest),
    }
    document["estimated"] = estimated(of.sure, of.manifest, document["findings"])
    if document["quality"]["worse"]:
        document["alarmed"].append("quality")
    return Report(document, of.watched, days)


def _document(manifest: Manifest, what: Watched | None, days: dict[str, Tally]) -> dict[str, Any]:
    whole = total(days)
    found = judging.judge(what, whole) if what else []
    each = [] if what is None else [(day, tally, judging.judge(what, tally)) for day, tally in days.items()]
    return {
        "format": FORMAT,
        "name": manifest.name,
        "version": manifest.version,
        "counts": whole.to_document(),
        "alarmed": [one.key for one in found if one.alarmed],
        "findings": [{"key": one.key} | one.to_document() for one in found],
        "not_watched": {
            "personal": list(what.personal) if what else [],
            "no_baseline": list(what.unknown) if what else list(manifest.schema.names),
        },
        "days": [
            {"day": day, "rows": tally.rows, "alarmed": [one.key for one in of if one.alarmed]}
            for day, tally, of in each
        ],
        "rules": {
            "chance": judging.CHANCE,
            "correction": "holm",
            "psi_moderate": judging.MODERATE,
            "psi_large": judging.LARGE,
            "share": judging.MORE,
            "least_rows": judging.LEAST_ROWS,
        },
    }


def of_day(registry: Registry, name: str, day: datetime, *, key: PersonalKey | None = None) -> Report | None:
    """Give the report on a day, which begins then.

    A model that few ask is looked at over more days, at most `MOST_DAYS` that end with this one, until there are rows
    enough to be alarmed by.
    """
    report = None
    for span in (1, MOST_DAYS):
        end = day + timedelta(days=1)
        report = survey(registry, name, since=end - timedelta(days=span), until=end, key=key)
        if report is None or report.document["counts"]["rows"] >= judging.LEAST_ROWS:
            break
    return report


def first_days(document: Mapping[str, Any]) -> dict[str, str]:
    """Give the first day on which each column was alarmed by its own rows."""
    first: dict[str, str] = {}
    for day in document["days"]:
        for key in day["alarmed"]:
            first.setdefault(key, day["day"])
    return first

"""How versions did lately: how many asked, how many they failed, how long they took. From the prediction log.

Little of it is read, whatever is asked of a model: the newest files of the last minutes. In AWS a file holds a minute and
appears a minute or two later, so the last quarter of an hour is some fifteen files for each model that is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dasier import predictions
from dasier.gate.canary import Trial, weighed
from dasier.gate.sides import Side, count
from dasier.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dasier.predictions import Prediction
    from dasier.registry import Registry
    from dasier.releases import Release

MINUTES = 15
FILES = 20
"""Of one model that is looked at."""
FILES_OF_EACH = 4
"""Of each, where all models are looked at."""
TRIAL_MINUTES = 60
TRIAL_FILES = 80


@dataclass(frozen=True, slots=True)
class Traffic:
    """What versions did.

    Attributes
    ----------
    sides : dict of version to Side
    together : Side
        Each request once, whichever versions it met; failed if it failed with any of them.
    whole : bool
        Whether all of the time was read, not the newest of it.
    """

    sides: dict[int, Side]
    together: Side
    whole: bool

    def total(self) -> dict[str, Any]:
        """Give all versions together, as JSON types."""
        return {"minutes": MINUTES, "whole": self.whole, **_told(self.together)}

    def to_document(self) -> dict[str, Any]:
        """Give each version, the newest first, as JSON types."""
        versions = [
            {"version": side.version, **_told(side)} for _, side in sorted(self.sides.items(), reverse=True)
        ]
        return {"minutes": MINUTES, "whole": self.whole, "versions": versions}


def lately(registry: Registry, name: str, *, now: datetime, files: int) -> Traffic:
    """Give what each version of a model did in the last `MINUTES`.

    Raises
    ------
    Unavailable
        If the store does not answer.
    """
    since = now - timedelta(minutes=MINUTES)
    records, whole = predictions.lately(registry.store, name, since=since, until=now, files=files)
    sides, together = _counted(records)
    return Traffic(sides, together, whole)


def _counted(records: Iterable[Prediction]) -> tuple[dict[int, Side], Side]:
    """Count by version and together, as the gate does: what was refused for what it is counts against nobody."""
    sides: dict[int, Side] = {}
    together = Side(0)
    for record in records:
        if record.refusals and not record.errors:
            continue
        # A version that could not be loaded has failed its caller, whichever answered instead.
        if record.instead_of is not None:
            missed = sides.setdefault(record.instead_of, Side(record.instead_of))
            missed.requests, missed.errors = missed.requests + 1, missed.errors + 1
        for side in (sides.setdefault(record.version, Side(record.version)), together):
            side.requests += 1
            if record.errors:
                side.errors += 1
            else:
                side.latencies_ms.append(record.latency_ms)
        together.errors += record.instead_of is not None and not record.errors
    return sides, together


def trial(registry: Registry, name: str, release: Release, *, now: datetime) -> dict[str, Any] | None:
    """Give how a canary stands by the gate's own rules, on the last `TRIAL_MINUTES` of it; None if there is none.

    What the gate decides rests on the whole of it, and on what feedback tells of its quality, a file for each time that
    somebody told something. This is for a person to look at, and costs the same however long it lasts.

    Raises
    ------
    Unavailable, Untrusted, DocumentInvalid
    """
    if release.canary is None or release.serving is None:
        return None
    began = datetime.fromisoformat(release.when)
    since = max(began, now - timedelta(minutes=TRIAL_MINUTES))
    canary, serving = Side(release.canary.version), Side(release.serving)
    records, whole = predictions.lately(registry.store, name, since=since, until=now, files=TRIAL_FILES)
    for record in records:
        if record.release == release.number:
            count(record, canary, serving)
    manifest = registry.manifest(name, canary.version)
    minutes = max(0.0, (now - began) / timedelta(minutes=1))
    found = weighed(canary, serving, Rules.read(manifest.gate), manifest.schema.output, minutes=minutes)
    return _stands(found) | {
        "share": release.canary.share,
        "automatic": release.canary.automatic,
        "whole": whole and since == began,
    }


def _stands(found: Trial) -> dict[str, Any]:
    return {
        "minutes": round(found.minutes, 1),
        "well": found.decision != "revert",
        "sides": [{"version": side.version, **_told(side)} for side in (found.canary, found.serving)],
        "findings": [one.to_document() for one in found.findings if one.rule != "quality"],
    }


def _told(side: Side) -> dict[str, Any]:
    told = side.to_document()
    return {key: told[key] for key in ("requests", "errors", "median_ms")}

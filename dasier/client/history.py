"""A model's versions, verdicts and releases as the API answers them, typed.

What a rule found and what a release did is told in words as well, in English and French.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dasier.client.answers import Metric, metrics_of, primary_of
from dasier.client.answers import moment as exact_moment
from dasier.words import measure_in_words
from dasier.words import releases as release_words
from dasier.words import verdicts as verdict_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from dasier.schema import Text


def moment(value: Any) -> datetime | None:
    """Give a time; None if it cannot be read: what happened is to be seen without its time as well."""
    try:
        return exact_moment(value)
    except (ValueError, TypeError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule of the gate found.

    Attributes
    ----------
    detail : str
        The gate's own sentence, in English.
    figures : mapping
        What was measured.
    title, plain, measured : Text
        What the rule is about, what it found, and its figures, in words; the last may be empty.
    """

    rule: str
    passed: bool
    detail: str
    figures: Mapping[str, Any]
    title: Text
    plain: Text
    measured: Text

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Finding:
        """Read one element of ``rules``."""
        return cls(
            rule=str(document["rule"]),
            passed=document["passed"] is True,
            detail=str(document.get("detail") or ""),
            figures=document.get("figures") or {},
            title=verdict_words.title(document["rule"]),
            plain=verdict_words.plain(document),
            measured=verdict_words.measured(document),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate said of a version.

    Attributes
    ----------
    against : int or None
        The version that served when it was judged.
    """

    passed: bool
    when: datetime | None
    who: str
    against: int | None
    rules: tuple[Finding, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Verdict:
        """Read a ``verdict``."""
        return cls(
            passed=document["passed"] is True,
            when=moment(document.get("when")),
            who=str(document.get("who") or ""),
            against=document.get("against"),
            rules=tuple(Finding.read(one) for one in document.get("rules") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionEntry:
    """One version: what it is, how good, and what was decided of it.

    Attributes
    ----------
    trusted : bool
        Whether its signature holds; where it does not, what it says of itself is None.
    primary : str or None
        The metric that matters most; `metrics` has it.
    measured : Text
        That metric in words, with its interval; empty if there is none.
    canary : int or None
        The share of callers that it answers beside the version that serves, in per cent.
    summary : Text
        The verdict in a sentence: that it passed, or the first rule that failed.
    document : mapping
        The whole answer.
    """

    version: int
    trusted: bool
    created: datetime | None
    created_by: str | None
    runtime: str | None
    metrics: Mapping[str, Metric]
    primary: str | None
    measured: Text
    verdict: Verdict | None
    summary: Text
    serving: bool
    canary: int | None
    document: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> VersionEntry:
        """Read ``GET …/versions/{version}``, or one element of ``GET …/versions``."""
        runtime, verdict = document.get("runtime"), document.get("verdict")
        measured = document.get("metrics")
        metrics = metrics_of(measured)
        primary = primary_of(measured, metrics)
        return cls(
            version=int(document["version"]),
            trusted=document.get("trusted", True) is True,
            created=moment(document.get("created")),
            created_by=document.get("created_by"),
            runtime=runtime.get("name") if isinstance(runtime, dict) else runtime,
            metrics=metrics,
            primary=primary,
            measured={} if primary is None else _measured(primary, metrics[primary]),
            verdict=None if verdict is None else Verdict.read(verdict),
            summary=verdict_words.summary(verdict),
            serving=document.get("serving") is True,
            canary=document.get("canary"),
            document=document,
        )


def _measured(name: str, metric: Metric) -> Text:
    return measure_in_words(name, metric.value, metric.low, metric.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A canary: a second version, and the share of callers that it answers, in per cent."""

    version: int
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEntry:
    """One entry of the release log: the whole state from then on, by whom, and why.

    Attributes
    ----------
    serving : int or None
        The version that serves; None in a pause.
    forced : bool
        Whether it was released without a passing verdict.
    told, standing, reason : Text
        What the entry did, what serves from then on, and why, in words. A person's reason is as it was written.
    """

    number: int
    action: str
    serving: int | None
    previous: int | None
    canary: Trial | None
    who: str
    why: str
    when: datetime | None
    forced: bool
    told: Text
    standing: Text
    reason: Text

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ReleaseEntry:
        """Read one element of ``GET …/releases``."""
        canary = document.get("canary")
        return cls(
            number=int(document["number"]),
            action=str(document["action"]),
            serving=document["serving"],
            previous=document["previous"],
            canary=Trial(version=canary["version"], share=canary["share"]) if canary else None,
            who=str(document.get("who") or ""),
            why=str(document.get("why") or ""),
            when=moment(document.get("when")),
            forced=document.get("forced") is True,
            told=release_words.told(document),
            standing=release_words.standing(document),
            reason=release_words.reason(document),
        )

"""What the API tells operators, typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dasier.client.answers import text
from dasier.client.history import Finding, ReleaseEntry
from dasier.words import reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.schema import Text


@dataclass(frozen=True, slots=True)
class You:
    """Who the service takes the person for, and what they may do: ``operator`` or ``viewer``."""

    name: str
    role: str

    @property
    def may_decide(self) -> bool:
        """Whether they may say what serves."""
        return self.role == "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """What a version, or all of a model together, did lately.

    Attributes
    ----------
    version : int or None
        None of all together.
    median_ms : float or None
        None if nothing was answered.
    """

    version: int | None
    requests: int
    errors: int
    median_ms: float | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Did:
        """Read a ``traffic``, or one of its ``versions``."""
        return cls(
            version=document.get("version"),
            requests=int(document["requests"]),
            errors=int(document["errors"]),
            median_ms=document.get("median_ms"),
        )

    @property
    def error_share(self) -> float | None:
        """The part of the requests that failed, 0 to 1; None if there were none."""
        return self.errors / self.requests if self.requests else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What the newest report says.

    Attributes
    ----------
    alarmed : tuple of str
        Columns, ``output`` and ``quality``.
    told : tuple of Text
        A sentence for each thing that is alarmed; empty in an overview.
    """

    day: str
    version: int | None
    alarmed: tuple[str, ...]
    told: tuple[Text, ...]

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> Drift | None:
        """Read a ``drift``."""
        if document is None:
            return None
        return cls(
            day=str(document["day"]),
            version=document.get("version"),
            alarmed=tuple(str(one) for one in document["alarmed"]),
            told=reports.told(document),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """One model of the overview.

    Attributes
    ----------
    unread : bool
        Whether the service could not read it; then nothing else is known.
    judged, passed : int and bool, or None
        The newest version with a verdict.
    unjudged : int
        Versions that wait for one.
    """

    name: str
    unread: bool
    title: Text = field(default_factory=dict)
    release: ReleaseEntry | None = None
    judged: int | None = None
    passed: bool | None = None
    unjudged: int = 0
    drift: Drift | None = None
    did: Did | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ModelLine:
        """Read one element of ``models``."""
        if document.get("unread"):
            return cls(name=document["name"], unread=True)
        verdict, release = document["verdict"], document["release"]
        return cls(
            name=document["name"],
            unread=False,
            title=text(document["title"]),
            release=None if release is None else ReleaseEntry.read(release),
            judged=verdict and int(verdict["version"]),
            passed=verdict and verdict["passed"] is True,
            unjudged=int(document["unjudged"]),
            drift=Drift.read(document["drift"]),
            did=Did.read(document["traffic"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Every model in a line; `after` leads to the rest, if there is one."""

    you: You
    models: tuple[ModelLine, ...]
    after: str | None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Overview:
        """Read ``GET /operations``."""
        models = tuple(ModelLine.read(one) for one in document["models"])
        return cls(
            you=You(**document["you"]),
            models=models,
            after=models[-1].name if document.get("next") and models else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a canary stands.

    Attributes
    ----------
    well : bool
        Whether the gate's rules find nothing against it so far.
    canary, serving : Did
    whole : bool
        Whether all of it was looked at, not its last hour.
    """

    minutes: float
    share: int
    automatic: bool
    well: bool
    canary: Did
    serving: Did
    findings: tuple[Finding, ...]
    whole: bool

    @classmethod
    def read(cls, document: Mapping[str, Any] | None) -> Standing | None:
        """Read a ``trial``."""
        if document is None:
            return None
        canary, serving = document["sides"]
        return cls(
            minutes=float(document["minutes"]),
            share=int(document["share"]),
            automatic=document["automatic"] is True,
            well=document["well"] is True,
            canary=Did.read(canary),
            serving=Did.read(serving),
            findings=tuple(Finding.read(one) for one in document["findings"]),
            whole=document["whole"] is True,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """One model, as operators see it.

    Attributes
    ----------
    minutes : int
        How far back `did` looks.
    whole : bool
        Whether all of that time was read, not the newest of it.
    did : tuple of Did
        Each version that answered, the newest first.
    """

    you: You
    name: str
    title: Text
    release: ReleaseEntry | None
    unjudged: tuple[int, ...]
    trial: Standing | None
    minutes: int
    whole: bool
    did: tuple[Did, ...]
    drift: Drift | None

    @property
    def number(self) -> int:
        """The newest release, which a decision is made on; 0 if there is none."""
        return self.release.number if self.release else 0

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Operations:
        """Read ``GET /operations/{name}``."""
        release, traffic = document["release"], document["traffic"]
        return cls(
            you=You(**document["you"]),
            name=document["name"],
            title=text(document["title"]),
            release=None if release is None else ReleaseEntry.read(release),
            unjudged=tuple(document["unjudged"]),
            trial=Standing.read(document["trial"]),
            minutes=int(traffic["minutes"]),
            whole=traffic["whole"] is True,
            did=tuple(Did.read(one) for one in traffic["versions"]),
            drift=Drift.read(document["drift"]),
        )

"""Everything that DASIER raises on purpose.

Families say what the caller can do about it; leaves say what happened. An error takes facts
and writes its own message. No HTTP here: the table from family to status stands at the edge
(`dasier.serving.problems`).

::

    DasierError
    ├── InvalidRequest            mend the request and send it again
    │   ├── MalformedBody         the body is not what its content type says
    │   ├── UnsupportedMediaType  the content type is not one that is read here
    │   ├── TooLarge              over the limit; a batch job has none
    │   ├── RowsRefused           rows do not fit the schema (or the model cannot answer them)
    │   ├── FeedbackRefused       what is told of predictions can be true of none
    │   └── KeyReused             an idempotency key that stands for another job
    ├── NotFound                  ask for something that exists
    │   ├── ModelNotFound
    │   ├── VersionNotFound
    │   ├── JobNotFound
    │   └── PathNotFound
    ├── MethodNotAllowed          the path is known, the method is not
    ├── NotSignedIn               sign in, or sign in again
    ├── Forbidden                 whoever is signed in may not do that; ask somebody who may
    ├── ReleaseRefused            the release log would not make sense; choose otherwise
    ├── ComparisonRefused         two versions, or rows, of which nothing can be said side by side
    ├── Conflict                  somebody else was first; look again
    │   ├── VersionTaken
    │   └── ReleaseTaken
    ├── Untrusted                 never load this; publish it again from its source
    │   ├── SignatureInvalid
    │   ├── BindingInvalid        signed, but for another model or version
    │   ├── BlobMissing
    │   ├── DigestMismatch
    │   ├── LibraryMismatch       built with a library version that is not the one here
    │   ├── FormatUnknown         written in a manifest format that is not read here
    │   ├── DocumentInvalid       a manifest, release or verdict that is not what its place says
    │   ├── LoadingFailed         the bytes are those published, but no model can be made of them
    │   ├── GoldenMismatch        it loads, but does not answer as it did when it was built
    │   └── RehearsalFailed       it crashed, hung, ate memory or answered wrongly in a process of its own
    ├── Unavailable               try again later
    │   ├── StoreUnavailable
    │   ├── StoreDenied           the store refused us, or cannot be written
    │   ├── ModelUnavailable      no version can be loaded now
    │   └── AnswerLate            the time is over before there is an answer
    ├── BuildRefused              mend the recipe, estimator or table
    │   ├── RecipeInvalid
    │   ├── DataInvalid
    │   └── EstimatorUnsupported
    ├── AwsRefused                mend credentials, permissions or the stack
    └── SettingsInvalid           mend the configuration; lists every problem at once
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class DasierError(Exception):
    """The root: catch it to catch everything that DASIER raises on purpose."""


def trace(error: BaseException) -> str:
    """Give where an error came from, for a log: kinds and places, and no words.

    What a library says of a value that it could not use holds the value: ``could not convert string to float: 'Ann'``.
    """
    told: list[str] = []
    at: BaseException | None = error
    while at is not None and len(told) < _MOST_CAUSES:
        frames = "".join(traceback.format_tb(at.__traceback__))
        told.append(f"{frames}{type(at).__module__}.{type(at).__qualname__}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return "\nwhich came of\n".join(told)


_MOST_CAUSES = 10


# --- mend the request ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request, and where.

    Attributes
    ----------
    pointer : str
        JSON pointer as a URI fragment, e.g. ``#/instances/3/age``.
    code : str
        A stable word for programs, e.g. ``wrong_type``.
    detail : str
        A sentence for people. Never holds a value that the client sent.
    """

    pointer: str
    code: str
    detail: str


class InvalidRequest(DasierError):
    """The request cannot be answered as it stands."""

    def __init__(self, detail: str, violations: Iterable[Violation] = ()) -> None:
        self.violations: tuple[Violation, ...] = tuple(violations)
        super().__init__(detail)


class MalformedBody(InvalidRequest):
    """The body is not what its content type says."""


class UnsupportedMediaType(InvalidRequest):
    """The content type is not one that this path reads."""

    def __init__(self, supported: Sequence[str]) -> None:
        self.supported = tuple(supported)
        super().__init__(
            f"This path reads {', '.join(supported)}. Set the Content-Type header to one of them."
        )


class TooLarge(InvalidRequest):
    """The request or its answer is over the limit."""

    def __init__(self, what: str, *, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(
            f"The {what} is over the limit of {limit_bytes} bytes. Send fewer rows at a time, "
            "or a batch to POST /models/{name}/jobs, which has no such limit."
        )


class RowsRefused(InvalidRequest):
    """Rows that do not fit the schema; every violation is listed, not the first."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        found = tuple(violations)
        many = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        super().__init__(f"The rows do not fit the model's schema: {many}.", found)


class FeedbackRefused(InvalidRequest):
    """What is told can be true of no prediction of this model; every violation is listed, and nothing was kept."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        found = tuple(violations)
        many = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        super().__init__(
            f"The feedback does not fit the model's predictions: {many}. Nothing was kept.", found
        )


class KeyReused(InvalidRequest):
    """The idempotency key was given with another request before."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was sent with another request before. Send that request again, or another key."
        )


# --- ask for something that exists ---------------------------------------------------------------


class NotFound(DasierError):
    """What was asked for does not exist."""


class ModelNotFound(NotFound):
    """No model of that name has been published."""

    def __init__(self) -> None:
        super().__init__("There is no model of this name. GET /models lists those that there are.")


class VersionNotFound(NotFound):
    """The model exists, that version does not."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"This model has no version {version}.")


class JobNotFound(NotFound):
    """There is no such job, or no longer."""

    def __init__(self) -> None:
        super().__init__(
            "There is no job of this id. POST /models/{name}/jobs makes one; it is kept for 30 days."
        )


class PathNotFound(NotFound):
    """No such path."""

    def __init__(self) -> None:
        super().__init__("There is nothing at this path. GET /openapi.json lists the paths.")


class MethodNotAllowed(DasierError):
    """The path is known, the method is not."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(f"This path answers {', '.join(self.allowed)}.")


# --- be somebody who may --------------------------------------------------------------------------


class NotSignedIn(DasierError):
    """Nobody is signed in, or what proves it does not hold (any more)."""

    def __init__(self, why: str = "there is no token") -> None:
        self.why = why
        super().__init__(f"Sign in: {why}.")


class Forbidden(DasierError):
    """Whoever is signed in may not do that."""

    def __init__(self) -> None:
        super().__init__("Your account may not do this. Who may is said by the groups of the sign-in.")


# --- somebody else was first ---------------------------------------------------------------------


class Conflict(DasierError):
    """Somebody else was first."""


class VersionTaken(Conflict):
    """Every number that was tried was taken by another publisher."""

    def __init__(self, name: str, *, attempts: int) -> None:
        super().__init__(
            f"No free version number for {name} in {attempts} attempts: others publish at the same time."
        )


class ReleaseTaken(Conflict):
    """Another release was logged since the log was read."""

    def __init__(self, name: str, *, number: int, who: str, action: str, version: int | None) -> None:
        self.number = number
        target = "nothing" if version is None else f"version {version}"
        super().__init__(
            f"Release {number} of {name} was logged in the meantime: {who} chose to {action} {target}. "
            "Look at it, then decide again."
        )


class ReleaseRefused(DasierError):
    """A release that would not make sense, or lacks what it needs."""


class ComparisonRefused(DasierError):
    """Two versions that cannot be compared, or no rows to compare them on."""


# --- never load this -----------------------------------------------------------------------------


class Untrusted(DasierError):
    """A version that must not be loaded."""


class SignatureInvalid(Untrusted):
    """Not signed, changed since, or signed by a key that is not on the list."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The manifest's signature is refused: {why}.")


class BindingInvalid(Untrusted):
    """Signed, but for another model or version than was asked for."""

    def __init__(self, *, asked: str, found: str) -> None:
        super().__init__(f"The manifest is of {found}, not of {asked}.")


class BlobMissing(Untrusted):
    """The manifest names bytes that are gone from the store."""

    def __init__(self, what: str, *, sha256: str) -> None:
        super().__init__(f"The bytes of the {what} are gone from the store: SHA-256 {sha256}.")


class DigestMismatch(Untrusted):
    """The bytes are not those that the manifest names."""

    def __init__(self, what: str, *, expected: str, found: str) -> None:
        super().__init__(
            f"The bytes of the {what} are not those that were published: SHA-256 {found}, not {expected}."
        )


class LibraryMismatch(Untrusted):
    """Built with a library version that is not the one here."""

    def __init__(self, library: str, *, built_with: str, installed: str) -> None:
        self.library, self.built_with, self.installed = library, built_with, installed
        super().__init__(
            f"Built with {library} {built_with}, but {installed} is installed here. "
            "Build it again, or serve it with the version that it was built with."
        )


class FormatUnknown(Untrusted):
    """Written in a manifest format that this release does not read."""

    def __init__(self, found: object, *, known: int) -> None:
        super().__init__(
            f"The manifest's format is {found!r}; this release of DASIER reads format {known} and older. "
            "Update DASIER where the version is read."
        )


class DocumentInvalid(Untrusted):
    """A document of the registry that cannot be read as what its place says it is."""

    def __init__(self, what: str, *, advice: str = "") -> None:
        said = f"The {what} cannot be read: it is not a document that this release of DASIER writes."
        super().__init__(f"{said} {advice}".strip())


class LoadingFailed(Untrusted):
    """The bytes are those that were published, but no model can be made of them, or it cannot answer."""

    def __init__(self, doing: str, error: Exception) -> None:
        said = str(error).partition("\n")[0][:200]
        super().__init__(f"The model fails when it {doing}: {type(error).__name__}: {said}")


class GoldenMismatch(Untrusted):
    """It loads, but does not answer its golden records as it did when it was built."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The golden records are not answered as when the version was built: {why}.")


class RehearsalFailed(Untrusted):
    """It does not come through a rehearsal in a process of its own."""

    def __init__(self, why: str) -> None:
        super().__init__(f"In a process of its own the version fails: {why}.")


# --- try again later -----------------------------------------------------------------------------


class Unavailable(DasierError):
    """It may work later."""

    retry_after_s: int = 2


class StoreUnavailable(Unavailable):
    """The store did not answer in time."""

    def __init__(self, doing: str, why: str) -> None:
        super().__init__(f"The store did not answer while {doing}: {why}.")


class StoreDenied(Unavailable):
    """The store refused us, is read-only, or is full."""

    retry_after_s = 30

    def __init__(self, doing: str, why: str) -> None:
        super().__init__(
            f"The store refused {doing}: {why}. Check the permissions and the free space of the registry."
        )


class ModelUnavailable(Unavailable):
    """No version of the model can be served now."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"No version of {name} can be served now: {why}.")


class AnswerLate(Unavailable):
    """The time of a request is over, and there is no answer yet."""

    def __init__(self, why: str) -> None:
        super().__init__(f"There is no answer in time: {why}. Send fewer rows, or try again in a moment.")


# --- mend what is built --------------------------------------------------------------------------


class BuildRefused(DasierError):
    """The model cannot be built as it stands."""


class RecipeInvalid(BuildRefused):
    """A recipe that cannot be read; every problem is listed."""

    def __init__(self, where: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{where}: " + "; ".join(self.problems))


class DataInvalid(BuildRefused):
    """Training or sample data that cannot be used."""


class EstimatorUnsupported(BuildRefused):
    """An estimator that cannot be served."""


class SettingsInvalid(DasierError):
    """Configuration that cannot be used; every problem is listed."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class AwsRefused(DasierError):
    """AWS did not do what it was asked for."""

    def __init__(self, doing: str, reason: str, *, code: str = "") -> None:
        self.code = code
        super().__init__(f"AWS refused {doing}: {reason}")

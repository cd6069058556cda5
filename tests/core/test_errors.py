from __future__ import annotations

import inspect
import re

import pytest

from dasier import errors
from dasier.errors import DasierError
from dasier.serving.problems import problem

MADE = {
    "UnsupportedMediaType": errors.UnsupportedMediaType(["text/csv"]),
    "TooLarge": errors.TooLarge("request", limit_bytes=10),
    "RowsRefused": errors.RowsRefused([]),
    "FeedbackRefused": errors.FeedbackRefused([]),
    "VersionNotFound": errors.VersionNotFound(3),
    "MethodNotAllowed": errors.MethodNotAllowed(["GET"]),
    "VersionTaken": errors.VersionTaken("m", attempts=2),
    "ReleaseTaken": errors.ReleaseTaken("m", number=2, who="Ada", action="promote", version=None),
    "BindingInvalid": errors.BindingInvalid(asked="a 1", found="b 2"),
    "BlobMissing": errors.BlobMissing("model", sha256="0"),
    "DigestMismatch": errors.DigestMismatch("model", expected="0", found="1"),
    "LibraryMismatch": errors.LibraryMismatch("numpy", built_with="1", installed="2"),
    "FormatUnknown": errors.FormatUnknown(2, known=1),
    "LoadingFailed": errors.LoadingFailed("loads", ValueError()),
    "StoreUnavailable": errors.StoreUnavailable("reading", "it hangs"),
    "StoreDenied": errors.StoreDenied("reading", "it is locked"),
    "ModelUnavailable": errors.ModelUnavailable("m", "it is paused"),
    "AnswerLate": errors.AnswerLate("its time is over"),
    "RecipeInvalid": errors.RecipeInvalid("m", ["a"]),
    "Forbidden": errors.Forbidden(),
    "AwsRefused": errors.AwsRefused("signing", "it is not yours", code="AccessDenied"),
    "SettingsInvalid": errors.SettingsInvalid(["a"]),
}
SPEAK_FOR_THEMSELVES = {"ModelNotFound", "PathNotFound", "JobNotFound", "KeyReused"}
STATUS = {
    "MalformedBody": 400, "UnsupportedMediaType": 415, "TooLarge": 413, "RowsRefused": 422, "FeedbackRefused": 422,
    "KeyReused": 422, "JobNotFound": 404,
    "ModelNotFound": 404, "VersionNotFound": 404, "PathNotFound": 404, "MethodNotAllowed": 405,
    "NotSignedIn": 401, "Forbidden": 403, "ReleaseRefused": 409,
    "VersionTaken": 409, "ReleaseTaken": 409,
    "SignatureInvalid": 503, "BindingInvalid": 503, "BlobMissing": 503, "DigestMismatch": 503,
    "LibraryMismatch": 503, "FormatUnknown": 503, "DocumentInvalid": 503, "LoadingFailed": 503,
    "GoldenMismatch": 503, "RehearsalFailed": 503,
    "StoreUnavailable": 503, "StoreDenied": 503, "ModelUnavailable": 503, "AnswerLate": 503,
    # No request leads here: if one does, it is our fault.
    "ComparisonRefused": 500, "RecipeInvalid": 500, "DataInvalid": 500, "EstimatorUnsupported": 500,
    "AwsRefused": 500, "SettingsInvalid": 500,
}  # fmt: skip


def drawn() -> dict[str, str]:
    """Give each class of the docstring's tree with the class above it."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.fullmatch(r"    ([│├└─ ]*)([A-Z]\w+)\b.*", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            if depth:
                parents[found[2]] = path[depth - 1]
    return parents


def classes() -> dict[str, type[DasierError]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, DasierError)
    }


def leaves() -> list[str]:
    return sorted(name for name, kind in classes().items() if not kind.__subclasses__())


def made(name: str) -> DasierError:
    return (
        MADE[name]
        if name in MADE
        else (classes()[name]() if name in SPEAK_FOR_THEMSELVES else classes()[name]("why"))
    )


def test_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    actual = {name: kind.__base__.__name__ for name, kind in classes().items() if kind is not DasierError}

    assert drawn() == actual


def test_every_leaf_has_a_status_that_somebody_chose() -> None:
    assert leaves() == sorted(STATUS)


@pytest.mark.parametrize("name", leaves())
def test_status_of_each_leaf_is_the_one_chosen(name: str) -> None:
    status, headers, document = problem(made(name), request_id="r", resource="/models/{name}/predict")

    assert (status, document["status"]) == (STATUS[name], STATUS[name])
    assert ("retry-after" in headers) == (status == 503)


@pytest.mark.parametrize("name", leaves())
def test_message_is_a_sentence_about_facts(name: str) -> None:
    assert str(made(name)).strip()


def test_taken_release_says_who_did_what() -> None:
    error = errors.ReleaseTaken("m", number=2, who="Ada", action="promote", version=7)

    assert "Ada chose to promote version 7" in str(error)

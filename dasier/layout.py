"""Where everything stands in a store: the only module that composes keys.

::

    blobs/sha256/<hex>                                      immutable bytes, shared between versions
    models/<name>/versions/000007.manifest.json             commit point of version 7
    models/<name>/verdicts/000007.json                      the gate's verdict on version 7
    models/<name>/releases/999987-000012.json               release 12; the highest number serves
    predictions/<name>/dt=YYYY-MM-DD/….jsonl                the prediction log, JSON lines
    predictions/<name>/jobs/<id>/….jsonl                    the same of a batch: a record for each block
    trials/<name>/000012/999996-000003.json.gz              what the gate counted of release 12's canary up to a look
    feedback/<name>/dt=YYYY-MM-DD/<sha256>.jsonl            what was true, by the day of the prediction
    reports/<name>/YYYY-MM-DD.json                          drift and quality of a day; beside it
    reports/<name>/YYYY-MM-DD.<language>.html               the same as a page
    jobs/<id>/…                                             a batch: what was asked, input, parts, results

A release's key starts with a number that counts down, so that the newest key sorts first: a
cold function finds what serves with one small listing, whether the log has ten entries or ten
thousand. The number that people use follows it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from dasier.errors import JobNotFound, ModelNotFound, PathNotFound

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
HIGHEST = 999_999
"""The highest version or release number that a key can hold."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[1-9][0-9]{0,5}")


def checked_name(name: str) -> str:
    """Give the name back if it can be a model's.

    Raises
    ------
    ModelNotFound
        If no model can have this name; nothing was asked of the store.
    """
    if not NAME.fullmatch(name):
        raise ModelNotFound
    return name


def checked_version(text: str) -> int:
    """Give a version's number from a path.

    Raises
    ------
    PathNotFound
        If it is not a positive integer.
    """
    if not _VERSION.fullmatch(text):
        raise PathNotFound
    return int(text)


def blob(sha256: str) -> str:
    """Give a blob's key."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError(sha256)
    return f"blobs/sha256/{sha256}"


BLOBS = "blobs/sha256/"
MODELS = "models/"


def model(name: str) -> str:
    """Give the prefix of all that belongs to one model."""
    return f"{MODELS}{checked_name(name)}/"


def versions(name: str) -> str:
    """Give the prefix of a model's manifests."""
    return model(name) + "versions/"


def manifest(name: str, version: int) -> str:
    """Give the key of a version's manifest."""
    return f"{versions(name)}{version:06d}.manifest.json"


def verdicts(name: str) -> str:
    """Give the prefix of a model's verdicts."""
    return model(name) + "verdicts/"


def verdict(name: str, version: int) -> str:
    """Give the key of a version's verdict."""
    return f"{verdicts(name)}{version:06d}.json"


def releases(name: str) -> str:
    """Give the prefix of a model's release log."""
    return model(name) + "releases/"


def release(name: str, number: int) -> str:
    """Give the key of a release.

    >>> release("penguins", 12)
    'models/penguins/releases/999987-000012.json'
    """
    return f"{releases(name)}{HIGHEST - number:06d}-{number:06d}.json"


def published(key: str) -> str | None:
    """Give the model whose manifest a key is, whatever prefix the store has; None for any other key.

    >>> published("prefix/models/penguins/versions/000007.manifest.json")
    'penguins'
    """
    found = re.fullmatch(rf"(?:.*/)?models/({NAME.pattern})/versions/[0-9]{{6}}\.manifest\.json", key)
    return found[1] if found else None


def number(key: str) -> int | None:
    """Give the version or release number that a key ends in, or None if it is not one of ours.

    >>> number("models/penguins/releases/999987-000012.json")
    12
    >>> number("models/penguins/versions/000007.manifest.json")
    7
    """
    found = re.fullmatch(r".*/(?:[0-9]{6}-)?([0-9]{6})(?:\.manifest)?\.json(?:\.gz)?", key)
    return int(found[1]) if found else None


class Document(NamedTuple):
    """Whose document a key is, of which kind (``versions``, ``verdicts``, ``releases``), and its number."""

    model: str
    kind: str
    number: int


def document(key: str) -> Document | None:
    """Give what a key below `MODELS` holds; None if it is none of ours.

    >>> document("models/penguins/verdicts/000007.json")
    Document(model='penguins', kind='verdicts', number=7)
    """
    found = re.fullmatch(rf"{MODELS}({NAME.pattern})/(versions|verdicts|releases)/[^/]+", key)
    of = number(key)
    return Document(found[1], found[2], of) if found and of is not None else None


def predictions(name: str, day: str) -> str:
    """Give the prefix of a day's prediction log; a day is ``YYYY-MM-DD``, UTC."""
    return f"predictions/{checked_name(name)}/dt={day}/"


def predictions_of_jobs(name: str) -> str:
    """Give the prefix of what is logged of batch jobs, which no reader of requests lists."""
    return f"predictions/{checked_name(name)}/jobs/"


def predictions_of_block(name: str, id_: str, start: int) -> str:
    """Give the key of what is logged of a job's block, which begins at a byte of its input.

    Raises
    ------
    JobNotFound
        If no job can have this id.
    """
    if not JOB_ID.fullmatch(id_):
        raise JobNotFound
    return f"{predictions_of_jobs(name)}{id_}/{start:013d}.jsonl"


def feedback(name: str, day: str) -> str:
    """Give the prefix of what was true of a day's predictions."""
    return f"feedback/{checked_name(name)}/dt={day}/"


def reports(name: str) -> str:
    """Give the prefix of a model's reports on drift and quality."""
    return f"reports/{checked_name(name)}/"


def report(name: str, day: str) -> str:
    """Give the key of a day's report.

    >>> report("penguins", "2026-11-24")
    'reports/penguins/2026-11-24.json'
    """
    return f"{reports(name)}{day}.json"


def report_page(name: str, day: str, language: str) -> str:
    """Give the key of a day's report as a page in a language.

    >>> report_page("penguins", "2026-11-24", "fr")
    'reports/penguins/2026-11-24.fr.html'
    """
    return f"{reports(name)}{day}.{language}.html"


TRIALS = "trials/"


def trials(name: str, release: int) -> str:
    """Give the prefix of what the gate has counted of a release's canary so far."""
    return f"{TRIALS}{checked_name(name)}/{release:06d}/"


def trial(name: str, release: int, look: int) -> str:
    """Give the key of what was counted up to a look; the newest sorts first.

    >>> trial("penguins", 12, 3)
    'trials/penguins/000012/999996-000003.json.gz'
    """
    return f"{trials(name, release)}{HIGHEST - look:06d}-{look:06d}.json.gz"


JOBS = "jobs/"
JOB_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
LINKS_SECRET = f"{JOBS}links.key"
"""What signs links where the store is no bucket; whoever reads the store reads the jobs anyway."""


def job(id_: str) -> str:
    """Give the prefix of all that belongs to a job.

    Raises
    ------
    JobNotFound
        If no job can have this id; nothing was asked of the store.
    """
    if not JOB_ID.fullmatch(id_):
        raise JobNotFound
    return f"{JOBS}{id_}/"


def job_document(id_: str) -> str:
    """Give the key of what was asked."""
    return job(id_) + "job.json"


def job_input(id_: str) -> str:
    """Give the key of a job's rows; when something appears there, work begins."""
    return job(id_) + "input"


def job_draft(id_: str, name: str) -> str:
    """Give the key of an upload that is under way."""
    return f"{job(id_)}drafts/{name}"


def job_parts(id_: str) -> str:
    """Give the prefix of the parts of a job's results."""
    return job(id_) + "parts/"


def job_again(id_: str, start: int) -> str:
    """Give the key that wakes the next worker, which goes on at a byte of the input."""
    return f"{job(id_)}again/{start:013d}.go"


def job_attempts(id_: str) -> str:
    """Give the prefix of the notes on who began to work on a job."""
    return job(id_) + "attempts/"


def job_results(id_: str) -> str:
    """Give the key of a job's results."""
    return job(id_) + "results.csv"


def job_refused(id_: str) -> str:
    """Give the key of the rows that a job did not answer."""
    return job(id_) + "refused.csv"


def job_end(id_: str) -> str:
    """Give the key of how a job ended."""
    return job(id_) + "end.json"


def job_claim(digest: str) -> str:
    """Give the key that says which job a caller's idempotency key stands for."""
    if not _DIGEST.fullmatch(digest):
        raise ValueError(digest)
    return f"{JOBS}keys/{digest}.json"


def job_of(key: str) -> tuple[str, str] | None:
    """Give the job that a key belongs to and what of it, whatever prefix the store has; None for any other key.

    >>> job_of("prefix/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/again/0000000000512.go")
    ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'again/0000000000512.go')
    """
    found = re.fullmatch(rf"(?:.*/)?{JOBS}({JOB_ID.pattern})/(.+)", key)
    return (found[1], found[2]) if found else None

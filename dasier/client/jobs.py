"""Batch jobs: rows of any number, sent as a file, answered in the background, fetched as a file."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from dasier.client.asking import Asking, decode, model_path
from dasier.client.job import Job
from dasier.client.refusals import ServiceFailed, Unreachable, refusal
from dasier.client.rows import instances
from dasier.errors import DasierError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

SENT_BYTES = 3_000_000
"""A longer CSV is uploaded: the service takes requests of 4 MB."""

_ATTEMPTS = 4
_FIRST_S, _LONGEST_S = 0.2, 5.0
_CHUNK_BYTES = 1024 * 1024
_TIMEOUT = urllib3.Timeout(connect=10, read=600)
"""An upload is answered when all of it is there."""


class Jobs(Asking):
    """What can be done with batch jobs."""

    def submit(
        self,
        name: str,
        rows: object = None,
        *,
        version: int | None = None,
        probabilities: bool = True,
        idempotency_key: str | None = None,
    ) -> Job:
        """Start a batch and give its job; without rows, the job says where to upload them.

        Parameters
        ----------
        name : str
            The model.
        rows : Path, bytes, list of dict, or DataFrame, optional
            A path is a CSV file of any size, which is uploaded without being held in memory; bytes are its content.
        version : int, optional
            By default the one that serves now; it stays that one, whatever is released meanwhile.
        probabilities : bool
            Whether the results have a probability for each class.
        idempotency_key : str, optional
            The same key twice is one job. By default a new one a call, so that trying again is safe.

        Raises
        ------
        OSError
            There is no such file.
        KeyReused
            The key was given with other rows before.
        RowsRefused, InvalidRequest
            The table's columns are not the model's. Single rows that do not fit are left out, and told at the end.
        """
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        asked = ([f"version={int(version)}"] if version is not None else []) + (
            [] if probabilities else ["probabilities=false"]
        )
        path = model_path(name) + "/jobs" + ("?" + "&".join(asked) if asked else "")
        if isinstance(rows, Path) or (isinstance(rows, bytes) and len(rows) > SENT_BYTES):
            if isinstance(rows, Path):
                rows.stat()  # a file that is not there makes no job, which would wait for it
            job = self._made(self._transport.send("POST", path, headers=headers))
            self.upload(job, rows)
            return self.job(job.id)
        if isinstance(rows, bytes):
            sent = {**headers, "content-type": "text/csv"}
            return self._made(self._transport.send("POST", path, body=rows, headers=sent))
        if rows is None:
            return self._made(self._transport.send("POST", path, headers=headers))
        return self._made(self._post(path, {"instances": instances(rows)}, headers))

    def job(self, job_id: str) -> Job:
        """Give where a batch stands."""
        return self._get(_path(job_id), Job.read)

    def cancel(self, job_id: str) -> Job:
        """End a batch that has not ended."""
        return decode(self._transport.send("DELETE", _path(job_id)), Job.read)

    def upload(self, job: Job, rows: Path | bytes) -> None:
        """Put the rows of a job that was submitted without: a CSV file, or its content.

        Raises
        ------
        InvalidRequest
            They are there already, or are too large.
        ServiceFailed
            The link of the job does not hold (any more).
        Unreachable
        """
        if job.upload is None:
            return  # the same key was used before, and the rows are there
        url, headers = self._address(job.upload["url"]), dict(job.upload.get("headers") or {})
        size = rows.stat().st_size if isinstance(rows, Path) else len(rows)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                status, body = _put(url, rows, headers | {"content-length": str(size)})
            except HTTPError as error:
                if attempt == _ATTEMPTS:
                    raise Unreachable("the upload broke off", attempts=attempt) from error
            else:
                if status < 300 or (
                    status == 412 and attempt > 1
                ):  # the attempt before came through after all
                    return
                if status < 500 or attempt == _ATTEMPTS:
                    raise _refused(status, {}, body, attempts=attempt)
            self._transport.patience.sleep(_FIRST_S * 2**attempt)

    def wait(
        self, job_id: str, *, timeout_s: float | None = None, told: Callable[[Job], None] | None = None
    ) -> Job:
        """Give a batch when it has ended: done, failed or cancelled.

        Parameters
        ----------
        timeout_s : float, optional
            How long to wait at most; by default as long as it takes.
        told
            Called with the job each time that it is looked at.

        Raises
        ------
        TimeoutError
        """
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = _FIRST_S
        while True:
            job = self.job(job_id)
            if told is not None:
                told(job)
            if job.ended:
                return job
            if end_s is not None and time.monotonic() + pause_s > end_s:
                msg = f"job {job_id} is {job.state}"
                raise TimeoutError(msg)
            self._transport.patience.sleep(pause_s)
            pause_s = min(_LONGEST_S, pause_s * 1.5)

    def download(self, job_id: str, file: Path, which: Literal["results", "refused"] = "results") -> Path:
        """Write the results of a batch that is done, or the rows that were refused, into a CSV file; give the file.

        Raises
        ------
        ServiceFailed
            The batch has none, or its link does not hold.
        Unreachable
        """
        link = self.job(job_id).links.get(which)
        if link is None:
            what = f"The job has no {which}: it is not done"
            raise ServiceFailed(what, request_id=None)
        draft = file.with_name(file.name + ".part")
        try:
            self._download(self._address(link), draft)
            return draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)  # half a file is of no use, and its name is not the caller's

    def _download(self, url: str, draft: Path) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _fetch(url, draft)
            except HTTPError as error:
                if attempt == _ATTEMPTS:
                    raise Unreachable("the download broke off", attempts=attempt) from error
                self._transport.patience.sleep(_FIRST_S * 2**attempt)
            else:
                return

    def _made(self, reply: Any) -> Job:
        return decode(reply, lambda it: Job.read(it, location=reply.headers.get("location")))

    def _address(self, link: str) -> str:
        """Give the address of a link: S3's own, or a path below the service's. The key is not sent there."""
        if link.startswith("/"):
            return self._transport.url + link
        if urlsplit(link).scheme not in {"http", "https"}:
            what = "The service gave a link that is no address"
            raise ServiceFailed(what, request_id=None)
        return link


def _path(job_id: str) -> str:
    if not JOB_ID.fullmatch(job_id):
        msg = "a job id is letters, digits, - and _"
        raise ValueError(msg)
    return f"/jobs/{job_id}"


def _refused(status: int, headers: Mapping[str, str], body: bytes, *, attempts: int) -> DasierError:
    """Give the error for what a link leads to: no API key is sent there, so it is the link that is refused."""
    if status in {401, 403}:
        return ServiceFailed("The link to the job's file does not hold (any more): ask for the job again")
    if status == 412:
        return InvalidRequest("The rows of this job are there already.")
    return refusal(status, headers, body, attempts=attempts, retry_after_s=None)


def _put(url: str, rows: Path | bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    if isinstance(rows, bytes):
        answer = urllib3.request("PUT", url, body=rows, headers=headers, retries=False, timeout=_TIMEOUT)
        return answer.status, answer.data
    with rows.open("rb") as file:
        answer = urllib3.request("PUT", url, body=file, headers=headers, retries=False, timeout=_TIMEOUT)
    return answer.status, answer.data


def _fetch(url: str, file: Path) -> None:
    """Write what is at an address into a file."""
    with urllib3.PoolManager(retries=False, timeout=_TIMEOUT) as pool:
        answer = pool.request("GET", url, preload_content=False)
        if answer.status != 200:
            raise _refused(answer.status, answer.headers, answer.read(), attempts=1)
        with file.open("wb") as out:
            for chunk in answer.stream(_CHUNK_BYTES):
                out.write(chunk)

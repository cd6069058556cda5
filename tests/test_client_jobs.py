"""The client's jobs, against the real API over HTTP, and a service that breaks off."""

from __future__ import annotations

import csv
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dasier import layout
from dasier.client import Client, Patience, ServiceFailed
from dasier.client.jobs import SENT_BYTES
from dasier.errors import DasierError, InvalidRequest, KeyReused, RowsRefused
from dasier.local.server import Server, address, listen
from tests.contracts.forms import TABLES
from tests.published import expected, frame


@pytest.fixture
def client(published):
    """Give a client of an API whose workers are woken by what appears in the store, as on every rung."""
    published.publish("birds")
    stop = threading.Event()

    def watch():
        seen = set()
        while not stop.wait(0.05):
            new = {k for k in published.registry.store.keys(layout.JOBS) if k.endswith("/input")} - seen
            for key in new:
                published.work(key.split("/")[1])
            seen |= new

    worker = threading.Thread(target=watch)
    with listen("127.0.0.1", 0, option="--port") as bound:
        server = Server(published.gateway, bound)
        server.start()
        worker.start()
        yield Client(address(bound), "key", patience=Patience(sleep=lambda _: stop.wait(0.05)))
        stop.set()
        worker.join()
        server.stop()


def read(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_file_is_uploaded_waited_for_and_fetched(client, tmp_path):
    rows, file = frame("birds", slice(0, 30)), tmp_path / "rows.csv"
    file.write_bytes(TABLES["text/csv"](rows) + b"1,2\n")
    seen = []

    job = client.submit("birds", file)
    ended = client.wait(job.id, timeout_s=60, told=seen.append)
    results = client.download(job.id, tmp_path / "results.csv")
    refused = client.download(job.id, tmp_path / "refused.csv", "refused")

    assert (ended.state, ended.rows_done, ended.rows_refused, ended.progress) == ("done", 30, 1, 1.0)
    assert seen[-1] == ended
    assert [row["prediction"] for row in read(results)] == expected("birds", rows)
    assert [(row["row"], row["code"]) for row in read(refused)] == [("30", "wrong_length")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["refused.csv", "results.csv", "rows.csv"]


def test_bytes_rows_and_a_frame_are_taken_too(client, tmp_path):
    rows = frame("birds", slice(0, 5))

    jobs = [client.submit("birds", one) for one in (TABLES["text/csv"](rows), rows)]

    for number, job in enumerate(jobs):
        client.wait(job.id, timeout_s=60)
        found = read(client.download(job.id, tmp_path / f"{number}.csv"))
        assert [row["prediction"] for row in found] == expected("birds", rows)


def test_what_is_too_long_for_a_request_is_uploaded(client):
    header, *lines = TABLES["text/csv"](frame("birds", slice(0, 50))).splitlines(keepends=True)
    body = header + b"".join(lines) * (SENT_BYTES // sum(map(len, lines)) + 1)

    ended = client.wait(client.submit("birds", body, probabilities=False).id, timeout_s=120)

    assert ended.rows_done == body.count(b"\n") - 1


def test_a_table_that_is_none_is_refused_with_pointers(client):
    with pytest.raises(RowsRefused) as caught:
        client.submit("birds", b"colour\nred\n")

    assert "unknown_column" in {violation.code for violation in caught.value.violations}


def test_rows_that_are_there_are_not_replaced(client):
    job = client.submit("birds")
    client.upload(job, TABLES["text/csv"](frame("birds")))

    with pytest.raises(InvalidRequest, match="there already"):
        client.upload(job, b"other")


class Bucket(BaseHTTPRequestHandler):
    """A bucket that holds the rows already, and says so as S3 does."""

    def do_PUT(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(412)
        self.end_headers()
        self.wfile.write(b"<Error><Code>PreconditionFailed</Code></Error>")

    def log_message(self, *_):
        pass


def test_rows_that_a_bucket_holds_are_said_to_be_there(client):
    job = client.submit("birds")
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as bucket:
        threading.Thread(target=bucket.serve_forever, daemon=True).start()
        there = replace(job, upload={**job.upload, "url": f"http://127.0.0.1:{bucket.server_port}/input"})

        with pytest.raises(InvalidRequest, match="there already"):
            client.upload(there, b"a")
        bucket.shutdown()


def test_a_link_that_does_not_hold_is_not_taken_for_a_wrong_key(client):
    job = client.submit("birds")
    stale = replace(job, upload={**job.upload, "url": job.upload["url"] + "0"})

    with pytest.raises(ServiceFailed, match="ask for the job again"):
        client.upload(stale, b"a")


def test_the_same_key_sends_its_rows_once(client, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_bytes(TABLES["text/csv"](frame("birds")))

    one, other = (client.submit("birds", file, idempotency_key="k") for _ in range(2))

    assert one.id == other.id


def test_a_key_that_was_sent_with_other_rows_is_said_to_be_used(client):
    client.submit("birds", TABLES["text/csv"](frame("birds")), idempotency_key="k")

    with pytest.raises(KeyReused, match="another request before"):
        client.submit("birds", TABLES["text/csv"](frame("birds", slice(3))), idempotency_key="k")


def test_a_file_that_is_not_there_makes_no_job(client, published, tmp_path):
    with pytest.raises(FileNotFoundError):
        client.submit("birds", tmp_path / "rows.csv")

    assert list(published.registry.store.keys("jobs/")) == []


def test_a_download_that_fails_leaves_nothing_behind(client, published, tmp_path):
    job = client.submit("birds", TABLES["text/csv"](frame("birds")))
    client.wait(job.id)
    published.registry.store.delete(f"jobs/{job.id}/results.csv")

    with pytest.raises(DasierError):
        client.download(job.id, tmp_path / "results.csv")

    assert list(tmp_path.glob("results.csv*")) == []


def test_a_job_is_cancelled(client):
    job = client.submit("birds")

    assert client.cancel(job.id).state == "cancelled"
    assert client.wait(job.id).ended


def test_who_waits_too_long_is_told(client):
    job = client.submit("birds")

    with pytest.raises(TimeoutError, match="waiting"):
        client.wait(job.id, timeout_s=0.1)

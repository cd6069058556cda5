"""``POST /models/{name}/jobs`` and ``/jobs/{id}``: batches, in the background."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from dasier import layout
from tests.contracts.forms import TABLES
from tests.published import MODELS, Api, expected, frame, records, trained


def sheet(name="birds", rows=slice(0, 12)):
    return TABLES["text/csv"](frame(name, rows))


@pytest.fixture
def asking(published):
    published.publish("birds")
    return Api(published)


def submit(api, body=b"", target="/models/birds/jobs", **headers):
    if isinstance(body, bytes) and body:
        headers = {"content_type": "text/csv", **headers}
    answer = api.ask("POST", target, body, **headers)
    return answer, json.loads(answer.body)


def done(api, id_):
    """Give what a job tells when somebody has worked on it."""
    api.published.work(id_)
    return api.json("GET", f"/jobs/{id_}")


def table(api, link):
    """Give the rows that a link of a job leads to."""
    answer = api.get(link)
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode())))


@pytest.mark.parametrize("name", MODELS)
def test_a_job_answers_as_predict_does(published, name):
    published.publish(name)
    api, body = Api(published), sheet(name, slice(0, 40))
    direct = api.json("POST", f"/models/{name}/predict", body, content_type="text/csv")

    answer, told = submit(api, body, f"/models/{name}/jobs")
    ended = done(api, told["id"])

    assert (answer.status, answer.headers["location"]) == (202, f"/jobs/{told['id']}")
    assert (told["state"], ended["state"]) == ("queued", "done")
    assert (ended["rows_done"], ended["rows_refused"], ended["progress"]) == (40, 0, 1.0)
    rows = table(api, ended["links"]["results"])
    assert [int(row["row"]) for row in rows] == list(range(40))
    for row, one in zip(rows, direct["predictions"], strict=True):
        assert row["prediction"] == (one["prediction"] if name == "birds" else json.dumps(one["prediction"]))
        for key, share in one.get("probabilities", {}).items():
            assert float(row[f"probability_{key}"]) == share
        if "score" in one:
            assert float(row["score"]) == one["score"]
    assert table(api, ended["links"]["refused"]) == []


def test_a_job_without_rows_says_where_to_put_them(asking):
    _, told = submit(asking)
    upload = told["upload"]
    assert told["state"] == "waiting"

    put = asking.ask(
        upload["method"],
        upload["url"],
        sheet(),
        **{k.replace("-", "_"): v for k, v in upload["headers"].items()},
    )

    assert put.status == 200
    assert asking.json("GET", f"/jobs/{told['id']}")["state"] == "queued"
    assert done(asking, told["id"])["rows_done"] == 12


def test_rows_are_put_once(asking):
    _, told = submit(asking)
    asking.ask("PUT", told["upload"]["url"], sheet())

    again = asking.ask("PUT", told["upload"]["url"], b"other")

    assert again.status == 412
    assert asking.published.registry.store.get(layout.job_input(told["id"])) == sheet()


def test_a_page_of_another_site_may_put_rows(asking):
    _, told = submit(asking)

    preflight = asking.ask("OPTIONS", told["upload"]["url"], origin="https://elsewhere.example")

    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "if-none-match" in preflight.headers["access-control-allow-headers"]


@pytest.mark.parametrize("form", ["instances", "inputs", "dataframe_split", "dataframe_records"])
def test_other_forms_are_answered_too(asking, form):
    answer, told = submit(asking, TABLES[form](frame("birds", slice(0, 9))))
    ended = done(asking, told["id"])

    assert answer.status == 202
    rows = table(asking, ended["links"]["results"])
    assert [row["prediction"] for row in rows] == expected("birds", frame("birds", slice(0, 9)))


def test_bad_rows_are_in_a_file_of_their_own_with_their_reasons(asking):
    body = sheet() + b"1,2\n,nothing,1,true,Dream,f\n,3500,1.5,maybe,Dream,f\n"

    ended = done(asking, submit(asking, body)[1]["id"])

    assert (ended["state"], ended["rows_done"], ended["rows_refused"]) == ("done", 12, 3)
    refused = table(asking, ended["links"]["refused"])
    assert [(row["row"], row["column"], row["code"]) for row in refused] == [
        ("12", "", "wrong_length"),
        ("13", "mass_g", "wrong_type"),
        ("14", "eggs", "not_integer"),
        ("14", "ringed", "wrong_type"),
    ]
    assert all(row["reason"] for row in refused)
    assert len(table(asking, ended["links"]["results"])) == 12


def test_a_warning_stands_beside_its_row(asking):
    rows = frame("birds", slice(0, 3)).copy()
    rows.loc[rows.index[1], "mass_g"] = 90_000.0

    ended = done(asking, submit(asking, TABLES["text/csv"](rows))[1]["id"])

    told = [row["warnings"] for row in table(asking, ended["links"]["results"])]
    assert told == ["", "mass_g outside_training_range", ""]


def test_probabilities_can_be_left_out(asking):
    ended = done(asking, submit(asking, sheet(), "/models/birds/jobs?probabilities=false")[1]["id"])

    assert list(table(asking, ended["links"]["results"])[0]) == ["row", "prediction", "warnings"]


def test_a_release_in_the_middle_changes_nothing(asking):
    _, told = submit(asking, sheet())
    asking.published.publish("birds")

    assert (
        asking.json("POST", "/models/birds/predict", {"instances": records(frame("birds"))})["version"] == 2
    )
    assert done(asking, told["id"])["version"] == 1


def test_a_version_can_be_asked_for(asking):
    asking.published.publish("birds", release=False)

    assert submit(asking, sheet(), "/models/birds/jobs?version=2")[1]["version"] == 2
    assert submit(asking, sheet(), "/models/birds/jobs?version=3")[0].status == 404
    assert submit(asking, sheet(), "/models/birds/jobs?version=x")[0].status == 404


def test_the_same_key_is_the_same_job_also_after_a_release(asking):
    _, first = submit(asking, sheet(), idempotency_key="k1", x_client_id="me")
    asking.published.publish("birds")

    answer, again = submit(asking, sheet(), idempotency_key="k1", x_client_id="me")

    assert (answer.status, again["id"], again["version"]) == (202, first["id"], 1)


def test_the_same_key_with_other_rows_is_refused(asking):
    submit(asking, sheet(), idempotency_key="k1")

    answer, told = submit(asking, sheet(rows=slice(0, 2)), idempotency_key="k1")

    assert answer.status == 422
    assert "Idempotency-Key" in told["detail"]


def test_another_caller_s_key_is_another_job(asking):
    one, other = (submit(asking, sheet(), idempotency_key="k1", x_client_id=who)[1]["id"] for who in "ab")

    assert one != other


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_refused(asking, key):
    assert submit(asking, sheet(), idempotency_key=key)[0].status == 400


@pytest.mark.parametrize("prefer", ["respond-async, wait=1", "wait=1,Respond-Async;reason=none"])
def test_who_does_not_want_to_wait_gets_a_job_of_predict(asking, prefer):
    body = {"instances": records(frame("birds", slice(0, 5)))}

    answer, told = submit(asking, body, "/models/birds/predict", prefer=prefer)

    assert (answer.status, answer.headers["location"]) == (202, f"/jobs/{told['id']}")
    assert answer.headers["preference-applied"] == "respond-async"
    assert done(asking, told["id"])["rows_done"] == 5


@pytest.mark.parametrize("prefer", ["wait=1", "not-respond-async", "respond-asynchronously"])
def test_who_prefers_something_else_is_answered_at_once(asking, prefer):
    body = {"instances": records(frame("birds", slice(0, 5)))}

    answer, told = submit(asking, body, "/models/birds/predict", prefer=prefer)

    assert answer.status == 200
    assert len(told["predictions"]) == 5


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"nothing,of,it\n1,2,3\n", 422),
        (b"\xff\xfe\x00a", 400),
        (b"beak mm\n", 422),
        ({"instances": [{}]}, 422),
        ({"x": 1}, 400),
    ],
)
def test_a_table_that_is_none_is_refused_at_once(asking, body, status):
    answer, told = submit(asking, body)

    assert answer.status == status
    assert told["errors"]
    assert list(asking.published.registry.store.keys("jobs/")) == []


def test_a_table_that_is_none_and_was_uploaded_fails_with_the_reasons(asking):
    _, told = submit(asking)
    asking.ask("PUT", told["upload"]["url"], b"mass_g,colour\n1,2\n")

    ended = done(asking, told["id"])

    assert ended["state"] == "failed"
    assert {error["code"] for error in ended["errors"]} == {"unknown_column", "missing"}
    assert "results" not in ended["links"]


def test_a_table_without_rows_fails(asking):
    _, told = submit(asking)
    asking.ask("PUT", told["upload"]["url"], sheet().partition(b"\n")[0] + b"\n\n")

    assert done(asking, told["id"])["state"] == "failed"


def test_explanations_are_not_given_for_jobs(asking):
    assert submit(asking, sheet(), "/models/birds/jobs?explain=true")[0].status == 400


def test_a_job_that_was_cancelled_is_not_worked_on(asking):
    _, told = submit(asking, sheet())

    cancelled = asking.json("DELETE", f"/jobs/{told['id']}")

    assert cancelled["state"] == "cancelled"
    assert asking.published.work(told["id"]) == "nothing"
    assert asking.json("GET", f"/jobs/{told['id']}")["state"] == "cancelled"


def test_a_job_that_is_done_stays_done(asking):
    _, told = submit(asking, sheet())
    done(asking, told["id"])

    assert asking.json("DELETE", f"/jobs/{told['id']}")["state"] == "done"


@pytest.mark.parametrize(
    "id_",
    [
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "nothing",
        "..%2f..%2fmodels",
        "%2e%2e",
        "01arz3ndektsv4rrffq69g5fav",
        "a%00b",
    ],
)
def test_a_job_that_is_none_is_not_found(asking, id_):
    assert asking.get(f"/jobs/{id_}").status == 404


def test_the_answer_to_what_is_too_large_names_the_jobs(asking):
    answer = asking.post("/models/birds/predict", b" " * 4_000_001, content_type="application/json")

    assert answer.status == 413
    assert "/jobs" in json.loads(answer.body)["detail"]


def test_what_a_job_tells_fits_its_schema(asking):
    from tests.contracts.test_openapi import _validator

    document = asking.json("GET", "/openapi.json")
    valid = _validator(document, {"$ref": "#/components/schemas/Job"})
    _, waiting = submit(asking)
    _, queued = submit(asking, sheet())

    for told in (waiting, queued, done(asking, queued["id"])):
        valid.validate(told)


@pytest.mark.parametrize("change", ["until", "signature", "method", "file", "job"])
def test_a_link_is_good_for_what_it_says_alone(asking, change):
    _, other = submit(asking, sheet())
    _, told = submit(asking, sheet())
    ended = done(asking, told["id"])
    done(asking, other["id"])
    link = ended["links"]["results"]
    path, _, query = link.partition("?")
    until, signature = (part.partition("=")[2] for part in query.split("&"))
    changed = {
        "until": f"{path}?until={int(until) + 1}&signature={signature}",
        "signature": f"{path}?until={until}&signature={'0' * 64}",
        "method": link,
        "file": link.replace("results.csv", "refused.csv"),
        "job": link.replace(told["id"], other["id"]),
    }[change]

    answer = asking.ask("PUT" if change == "method" else "GET", changed, b"x" if change == "method" else b"")

    assert answer.status in {403, 404}


def test_a_link_ends(asking):
    from dasier.jobs.links import VALID_S, Links

    store = asking.published.registry.store
    _, told = submit(asking, sheet())
    done(asking, told["id"])
    old = Links(store, clock=lambda: 1_000_000.0)
    link = old.link("GET", layout.job_results(told["id"]))

    assert asking.get(link).status == 403
    query = dict(pair.split("=") for pair in link.partition("?")[2].split("&"))
    key = layout.job_results(told["id"])
    assert Links(store, clock=lambda: 1_000_000.0 + VALID_S - 1).allows("GET", key, query)
    assert not Links(store, clock=lambda: 1_000_000.0 + VALID_S).allows("GET", key, query)


@pytest.mark.parametrize(
    "key",
    [
        "models/birds/versions/000001.manifest.json",
        "jobs/links.key",
        "jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV/job.json",
        "../x",
        "jobs/../models",
    ],
)
def test_no_other_file_is_given_even_with_a_good_signature(asking, key):
    from dasier.jobs.links import Links

    link = Links(asking.published.registry.store).link("GET", key)

    assert asking.get(link).status == 404


def test_an_upload_that_breaks_off_leaves_nothing(asking):
    import asyncio

    from dasier.local.files import Files

    _, told = submit(asking)
    path, _, query = told["upload"]["url"].partition("?")
    messages = [
        {"type": "http.request", "body": b"a,b\n", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "PUT", "path": path, "query_string": query.encode()}
    asyncio.run(Files(asking.published.registry.store)(scope, receive, send))

    assert asking.json("GET", f"/jobs/{told['id']}")["state"] == "waiting"


def test_an_upload_that_is_too_large_is_refused(asking):
    from dasier.local.files import Files
    from tests.local.asgi import ask

    _, told = submit(asking)
    small = Files(asking.published.registry.store, most_bytes=10)

    answer = ask(small, "PUT", told["upload"]["url"], body=b"x" * 11)

    assert answer.status == 413
    assert asking.json("GET", f"/jobs/{told['id']}")["state"] == "waiting"


def test_probabilities_are_those_of_the_estimator(asking):
    rows = frame("birds", slice(0, 30))
    ended = done(asking, submit(asking, TABLES["text/csv"](rows))[1]["id"])

    found = [
        [float(row[f"probability_{key}"]) for key in ("Adelie", "Chinstrap", "Gentoo")]
        for row in table(asking, ended["links"]["results"])
    ]
    np.testing.assert_allclose(found, trained("birds").estimator.predict_proba(rows), atol=1e-6)


def test_a_job_is_there_for_the_key_that_made_it_and_for_no_other(asking):
    made, told = submit(asking, sheet(), x_api_key="alice", idempotency_key="once")
    path = f"/jobs/{told['id']}"

    asked = [asking.ask(method, path, x_api_key="eve").status for method in ("GET", "DELETE")]
    asked += [asking.ask("GET", path).status, asking.ask("GET", path, x_client_id="alice").status]

    assert (made.status, asked) == (202, [404] * 4)
    asking.published.work(told["id"])
    seen = asking.ask("GET", path, x_api_key="alice")
    ended = json.loads(seen.body)
    assert (seen.status, ended["state"], len(table(asking, ended["links"]["results"]))) == (200, "done", 12)
    assert "owner" not in ended
    assert submit(asking, sheet(), x_api_key="alice", idempotency_key="once")[1]["id"] == told["id"]


def test_a_job_that_was_made_without_a_key_is_there_for_whoever_knows_it(asking):
    _, told = submit(asking, sheet(), x_client_id="alice")

    assert asking.ask("GET", f"/jobs/{told['id']}", x_api_key="bob").status == 200

"""A small API on loopback that answers as docs/api.md says, from memory, and can be told to misbehave.

It is a real HTTP server, so the client's sockets, retries and headers are exercised as they are in use.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.webapp import operations

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEM = "application/problem+json"


@dataclass
class Canned:
    """One reply to give instead of the usual one."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """One request that arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FakeApi:
    """Serves `models`; `canned` replies are used up first; `seen` lists what came."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, Any]] = {}
        self.predictions: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.releases: dict[str, list[dict[str, Any]]] = {}
        self.canned: deque[Canned] = deque()
        self.seen: list[Seen] = []
        self.jobs: dict[str, dict[str, Any]] = {JOB: job(JOB, "penguins")}
        self.inputs: dict[str, bytes] = {}
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(
        self,
        description: dict[str, Any],
        prediction: dict[str, Any],
        *,
        versions: list[dict[str, Any]] | None = None,
        releases: list[dict[str, Any]] | None = None,
    ) -> None:
        """Serve a model that always answers the same; by default it has had one version, released once."""
        name = description["name"]
        self.models[name] = deepcopy(description)
        self.predictions[name] = deepcopy(prediction)
        number = description["version"]
        self.versions[name] = deepcopy(versions) or [version(number, serving=True)]
        self.releases[name] = deepcopy(releases) if releases is not None else [release(1, number)]

    def refuse(self, status: int, body: object = None, **headers: str) -> None:
        """Answer the next request with that."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.canned.append(Canned(status, body, named))

    def reply(self, seen: Seen) -> Canned:
        parts = seen.path.strip("/").split("/")
        if parts[0] == "operations":
            return operations.reply(self, seen, parts[1:])
        if parts == ["models"]:
            return Canned(200, {"models": self._listed(paused=seen.query.get("paused") == ["true"])})
        if parts[0] == "jobs":
            return self._job(parts[1], seen)
        if parts[0] == "files":
            return self._take(parts[2], seen)
        if parts[0] != "models" or parts[1] not in self.models:
            return Canned(404, {"status": 404, "detail": "There is no model of this name."})
        name, rest = parts[1], "/".join("{version}" if part.isdigit() else part for part in parts[2:])
        replies = {
            "": lambda: self._model(name),
            "predict": lambda: self._paused(name) or Canned(200, self._answer(name, seen)),
            "versions/{version}/predict": lambda: Canned(200, self._answer(name, seen)),
            "versions": lambda: Canned(200, {"versions": _part(self.versions[name], "version", seen)}),
            "versions/{version}": lambda: self._version(name, int(parts[3])),
            "releases": lambda: Canned(200, {"releases": _part(self.releases[name], "number", seen)}),
            "card": lambda: Canned(200, "# A card"),
            "feedback": lambda: Canned(202, {}),
            "jobs": lambda: self._submitted(name, seen),
        }
        return replies[rest]() if rest in replies else Canned(404, {"status": 404})

    def _submitted(self, name: str, seen: Seen) -> Canned:
        id_ = f"01J5ZK{len(self.jobs):020}"
        self.jobs[id_] = job(id_, name)
        if seen.body:
            self._take(id_, seen)
        nameless = {key: value for key, value in self.jobs[id_].items() if key != "id"}
        return Canned(202, nameless, {"Location": f"/jobs/{id_}"})

    def _job(self, id_: str, seen: Seen) -> Canned:
        if id_ not in self.jobs:
            return Canned(404, {"status": 404, "detail": "There is no job of this id."})
        if seen.method == "DELETE":
            self.moves(id_, state="cancelled")
        return Canned(200, self.jobs[id_])

    def _take(self, id_: str, seen: Seen) -> Canned:
        if id_ in self.inputs:
            return Canned(412, {"status": 412, "detail": "The rows of this job are there already."})
        self.inputs[id_] = seen.body
        self.moves(id_, state="queued")
        return Canned(200)

    def moves(self, id_: str, **more: Any) -> None:
        """Let a job stand elsewhere from now on."""
        self.jobs[id_].pop("upload", None)
        self.jobs[id_] |= more

    def _listed(self, *, paused: bool) -> list[dict[str, Any]]:
        resting = {name for name in self.models if self._paused(name)}
        return [
            _entry(one) | ({"version": None} if one["name"] in resting else {})
            for one in self.models.values()
            if paused or one["name"] not in resting
        ]

    def _model(self, name: str) -> Canned:
        return self._paused(name) or Canned(200, self.models[name])

    def _paused(self, name: str) -> Canned | None:
        log = self.releases[name]
        if log and log[0]["serving"] is not None:
            return None
        return Canned(503, {"status": 503, "detail": "It is paused."})

    def _version(self, name: str, number: int) -> Canned:
        found = next((one for one in self.versions[name] if one["version"] == number), None)
        if found is None:
            return Canned(404, {"status": 404})
        if not found["trusted"]:
            return Canned(503, {"status": 503})
        return Canned(200, {"title": self.models[name]["title"]} | found)

    def _answer(self, name: str, seen: Seen) -> dict[str, Any]:
        prediction = dict(self.predictions[name])
        warnings = prediction.pop("warnings", [])
        if seen.query.get("explain") != ["true"]:
            prediction.pop("explanation", None)
        rows = len(seen.json["instances"])
        return {
            "model": name,
            "version": self.models[name]["version"],
            "prediction_id": "01J5ZK",
            "predictions": [prediction] * rows,
            "warnings": warnings,
        }


JOB = "01J5ZKXW8N0V7QG2T4R6Y8B1CD"
"""A job of the penguins that waits for its rows."""


def job(id_: str, model: str) -> dict[str, Any]:
    """Give a job as the API tells it, which waits for its rows."""
    return {"id": id_, "model": model, "version": 7, "state": "waiting", "created": "2026-11-20T09:30:00Z",
            "rows_done": 0, "rows_refused": 0, "progress": 0.0, "links": {"self": f"/jobs/{id_}"},
            "upload": {"method": "PUT", "url": f"/files/jobs/{id_}/input?signature=s", "expires_in_s": 3600,
                       "headers": {"content-type": "text/csv", "if-none-match": "*"}}}  # fmt: skip


def version(number: int, *, passed: bool | None = True, **more: Any) -> dict[str, Any]:
    """Give a version as the API tells it; ``rules`` are those of its verdict, None leaves it without one."""
    rules = more.pop("rules", [])
    verdict = {"name": "", "version": number, "passed": passed, "when": "2026-11-20T09:29:58Z", "who": "gate",
               "against": more.pop("against", None), "gate": {}, "rules": rules}  # fmt: skip
    told = {
        "version": number,
        "trusted": True,
        "created": "2026-11-20T09:29:00Z",
        "created_by": "ada",
        "task": "classification",
        "runtime": "onnx",
        "metrics": {
            "primary": "balanced_accuracy",
            "values": {"balanced_accuracy": {"value": 0.97, "low": 0.93, "high": 1.0}},
        },
        "source": {},
        "verdict": None if passed is None else verdict,
        "serving": False,
        "canary": None,
    }
    return told | more


def release(number: int, serving: int | None, **more: Any) -> dict[str, Any]:
    """Give an entry of the release log as the API tells it."""
    told = {"number": number, "id": str(number), "action": "promote", "serving": serving, "previous": None,
            "who": "gate", "why": "passed the gate", "when": "2026-11-20T09:30:00Z", "canary": None,
            "forced": False}  # fmt: skip
    return told | more


def _part(every: list[dict[str, Any]], number: str, seen: Seen) -> list[dict[str, Any]]:
    limit, before = (int(seen.query.get(key, ["1000"])[0]) for key in ("limit", "before"))
    return [one for one in every if one[number] < before][:limit]


class _Handler(BaseHTTPRequestHandler):
    api: ClassVar[FakeApi]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *args: object) -> None:
        """Stay quiet."""

    def _serve(self) -> None:
        split = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        seen = Seen(self.command, split.path, parse_qs(split.query), self.headers, body)
        self.api.seen.append(seen)
        canned = self.api.canned.popleft() if self.api.canned else self.api.reply(seen)
        if canned.status == 0:  # hang up without a word
            self.close_connection = True
            return
        sent = canned.body if isinstance(canned.body, str) else json.dumps(canned.body or {})
        payload = sent.encode()
        self.send_response(canned.status)
        self.send_header("Content-Type", PROBLEM if canned.status >= 400 else "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("x-request-id", "req-1")
        for key, value in canned.headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(payload)


def _entry(description: dict[str, Any]) -> dict[str, Any]:
    keys = ("name", "title", "summary", "task", "version", "updated")
    return {**{key: description[key] for key in keys}, "runtime": description["runtime"]["name"]}

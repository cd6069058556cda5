"""What the small API answers operators: it believes every token that says who it is of."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.webapp.fake_api import Canned, FakeApi, Seen

KIND = "urn:dasier:problem:"
ROLES = {"dasier-operators": "operator", "dasier-viewers": "viewer"}
DID = {"requests": 40, "errors": 1, "median_ms": 12.5}
REPORT = {
    "day": "2026-11-23", "version": 3, "alarmed": ["island", "quality"],
    "findings": [{"key": "island", "name": "island", "psi": 0.81, "alarmed": ["chi_square", "outside"],
                  "tests": [{"name": "outside", "value": 0.12, "trained": 0.01}]}],
    "quality": {"metric": "balanced_accuracy", "worse": True, "value": {"value": 0.8}, "held_out": {"value": 0.97}},
}  # fmt: skip


def reply(api: FakeApi, seen: Seen, parts: list[str]) -> Canned:
    from tests.webapp.fake_api import Canned

    claims = _claims(seen.headers.get("authorization", ""))
    role = next((ROLES[group] for group in claims.get("groups", ()) if group in ROLES), None)
    if not claims:
        return Canned(401, {"type": KIND + "not-signed-in", "status": 401})
    if role is None or (seen.method == "POST" and role != "operator"):
        return Canned(403, {"type": KIND + "not-allowed", "status": 403})
    you = {"name": claims["email"], "role": role}
    if not parts:
        return Canned(
            200, {"you": you, "models": [_line(api, name) for name in sorted(api.models)], "next": None}
        )
    if parts[0] not in api.models:
        return Canned(404, {"status": 404})
    return (
        _decided(api, seen, parts[0], you["name"])
        if seen.method == "POST"
        else Canned(200, {"you": you, **_one(api, parts[0])})
    )


def _claims(header: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(header.split(".")[1] + "=="))
    except (IndexError, ValueError):
        return {}
    return claims


def _head(api: FakeApi, name: str) -> dict[str, Any] | None:
    return api.releases[name][0] if api.releases[name] else None


def _line(api: FakeApi, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": api.models[name]["title"],
        "release": _head(api, name),
        "verdict": {"version": api.versions[name][0]["version"], "passed": True, "when": None},
        "unjudged": 0,
        "drift": {key: REPORT[key] for key in ("day", "version", "alarmed")} if name == "penguins" else None,
        "traffic": {"minutes": 15, "whole": True, **DID},
    }


def _one(api: FakeApi, name: str) -> dict[str, Any]:
    head = _head(api, name)
    canary = head and head["canary"]
    sides = canary and [{"version": canary["version"], **DID}, {"version": head["serving"], **DID}]
    return {
        "name": name, "title": api.models[name]["title"], "release": head, "unjudged": [],
        "trial": canary and {"minutes": 12.0, "share": canary["share"], "automatic": False, "well": True, "sides": sides,
                             "findings": [], "whole": True},
        "traffic": {"minutes": 15, "whole": False, "versions": [{"version": api.models[name]["version"], **DID}]},
        "drift": REPORT if name == "penguins" else None,
    }  # fmt: skip


def _decided(api: FakeApi, seen: Seen, name: str, who: str) -> Canned:
    from tests.webapp.fake_api import Canned, release

    wish, head = seen.json, _head(api, name)
    number = head["number"] if head else 0
    if wish["on"] != number:
        return Canned(409, {"type": KIND + "conflict", "status": 409, "detail": "Somebody was first."})
    serving = head and head["serving"]
    becomes = {
        "promote": wish.get("version"),
        "rollback": wish.get("version", serving),
        "canary": serving,
        "pause": None,
    }
    canary = {"version": wish["version"], "share": wish["share"]} if wish["action"] == "canary" else None
    made = release(
        number + 1,
        becomes[wish["action"]],
        action=wish["action"],
        who=who,
        why=wish["reason"],
        canary=canary,
        previous=serving,
    )
    api.releases[name].insert(0, made)
    return Canned(201, made)

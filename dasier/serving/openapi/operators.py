"""The schemas of what operators see and decide."""

from __future__ import annotations

from dasier.serving.openapi.operations import Json, ref
from dasier.serving.openapi.schemas import SCHEMAS
from dasier.serving.openapi.shapes import INTEGER, NUMBER, OBJECT, STRING, array, nullable, obj

_REASON: Json = {"type": "string", "minLength": 1, "maxLength": 500}
_VERSION: Json = {"type": "integer", "minimum": 1, "maximum": 999_999}
_ON: Json = {
    "type": "integer",
    "minimum": 0,
    "maximum": 999_999,
    "description": "The number of the release that you saw; 0 if there was none. If another is the newest, nothing is done.",
}


def _decision(action: str, *optional: str, **more: Json) -> Json:
    shape = {"action": {"const": action}, "reason": _REASON, "on": _ON, **more}
    return obj(shape, optional=optional, closed=True)


_YOU = obj({"name": STRING, "role": {"enum": ["operator", "viewer"]}}, closed=True)
_DID: Json = {"requests": INTEGER, "errors": INTEGER, "median_ms": nullable(NUMBER)}
_SPAN: Json = {
    "minutes": INTEGER,
    "whole": {"type": "boolean", "description": "Whether all of that time was read."},
}
_OF_VERSION = obj({"version": INTEGER, **_DID}, closed=True)
_TRIAL = obj(
    {
        "minutes": {**NUMBER, "description": "Since the canary was started."},
        "share": INTEGER,
        "automatic": {"type": "boolean", "description": "Whether the gate ends it."},
        "well": {
            "type": "boolean",
            "description": "Whether the gate's rules find nothing against it so far.",
        },
        "sides": array(
            _OF_VERSION, minItems=2, maxItems=2, description="The canary, and the version that serves."
        ),
        "findings": array(ref("Finding")),
        "whole": {"type": "boolean", "description": "Whether all of it was read, not the last hour."},
    },
    closed=True,
)
_VERDICT = obj({"version": INTEGER, "passed": {"type": "boolean"}, "when": nullable(STRING)}, closed=True)
_DRIFT = obj({"day": STRING, "version": nullable(INTEGER), "alarmed": array(STRING)}, closed=True)
_LINE = {
    "name": STRING,
    "title": OBJECT,
    "release": nullable(ref("Release")),
    "verdict": nullable(_VERDICT),
    "unjudged": INTEGER,
    "drift": nullable(_DRIFT),
    "traffic": obj({**_SPAN, **_DID}, closed=True),
}

OPERATORS: dict[str, Json] = {
    "Release": SCHEMAS["Releases"]["properties"]["releases"]["items"],
    "Overview": obj(
        {
            "you": _YOU,
            "models": array({"anyOf": [obj(_LINE, closed=True), obj({"name": STRING, "unread": {"const": True}}, closed=True)]}),
            "next": nullable(STRING),
        },
        closed=True,
    ),
    "Operations": obj(
        {
            "you": _YOU,
            "name": STRING,
            "title": OBJECT,
            "release": nullable(ref("Release")),
            "unjudged": array(INTEGER, description="Versions without a verdict."),
            "trial": nullable(_TRIAL),
            "traffic": obj({**_SPAN, "versions": array(_OF_VERSION)}, closed=True),
            "drift": {**nullable(OBJECT), "description": "The newest report on drift and quality, and its day."},
        },
        closed=True,
    ),
    "Decision": {
        "oneOf": [
            _decision("promote", version=_VERSION),
            _decision(
                "canary", "automatic", version=_VERSION, automatic={"type": "boolean"},
                share={"type": "integer", "minimum": 1, "maximum": 99, "description": "Per cent of the callers."},
            ),
            _decision("rollback", "version", version=_VERSION),
            _decision("pause"),
        ]
    },
}  # fmt: skip

"""How an operation is written down: its parameters, answers and every error that it may give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]

_PROBLEMS: dict[str, tuple[str, str]] = {
    "400": ("Malformed", "The body is not what its content type says, or an option not what it may be."),
    "401": ("NoKey", "No key, or one that is not known; or nobody is signed in."),
    "403": ("Forbidden", "This key, or whoever is signed in, may not do that."),
    "404": ("NotFound", "No such path, model, version or job."),
    "405": ("MethodNotAllowed", "A path that exists, with another method."),
    "409": ("Conflict", "Somebody else decided meanwhile, or the release log would not make sense."),
    "413": ("TooLarge", "The request or its answer is over the limit."),
    "415": ("UnsupportedMediaType", "A content type that is not read here."),
    "422": (
        "RowsRefused",
        "Rows or feedback do not fit, the model gave a number that is not finite, or a key stands for another request.",
    ),
    "429": ("Throttled", "Too many requests."),
    "500": ("Failed", "Our fault; quote the id."),
    "503": ("Unavailable", "No version can be loaded now."),
    "504": ("Late", "No answer in time."),
}

_OPEN = ("405", "429", "500", "503", "504")
_READ = ("400", "401", "403", "404", "413", *_OPEN)
_POSTED = ("415", "422", *_READ)


def ref(name: str) -> Json:
    """Give a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _response(status: str, description: str) -> Json:
    headers: Json = {"x-request-id": {"schema": {"type": "string"}}}
    if status in {"429", "503"}:
        headers["retry-after"] = {"schema": {"type": "string"}, "description": "Seconds."}
    if status == "405":
        headers["allow"] = {"schema": {"type": "string"}}
    return {
        "description": description,
        "headers": headers,
        "content": {"application/problem+json": {"schema": ref("Problem")}},
    }


RESPONSES: dict[str, Json] = {
    name: _response(status, description) for status, (name, description) in _PROBLEMS.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is said of a method of a path.

    Attributes
    ----------
    id, summary, tag : str
    answers : mapping from media type to the content of a good answer
    body : mapping from media type to content, or None
    parameters : sequence of parameter objects
    headers : mapping
        Of a good answer, beside ``x-request-id``.
    public : bool
        Whether no key is needed.
    person : bool
        Whether somebody must be signed in, beside the key.
    status : str
        Of a good answer.
    method : str
        If it is neither a ``get``, which has no body, nor a ``post``, which has one.
    optional_body : bool
        Whether it may be sent without one.
    later : mapping from media type to the content of the answer that a job was made instead, or None
    """

    id: str
    summary: str
    tag: str
    answers: Mapping[str, Json]
    body: Mapping[str, Json] | None = None
    parameters: Sequence[Json] = ()
    headers: Mapping[str, Json] = field(default_factory=dict)
    public: bool = False
    person: bool = False
    status: str = "200"
    method: str = ""
    optional_body: bool = False
    later: Mapping[str, Json] | None = None

    def written(self) -> Json:
        """Give the path item with this one operation."""
        statuses: tuple[str, ...] = _POSTED if self.body is not None else _OPEN if self.public else _READ
        good = {
            "description": "As asked.",
            "headers": {"x-request-id": {"schema": {"type": "string"}}, **self.headers},
            "content": dict(self.answers),
        }
        if self.person and self.body is not None:
            statuses = (*(one for one in statuses if one != "422"), "409")
        errors = {s: {"$ref": f"#/components/responses/{_PROBLEMS[s][0]}"} for s in sorted(statuses)}
        written: Json = {
            "operationId": self.id,
            "summary": self.summary,
            "tags": [self.tag],
            "responses": {self.status: good, **errors},
        }
        if self.parameters:
            written["parameters"] = list(self.parameters)
        if self.public:
            written["security"] = []
        if self.person:
            written["security"] = [{"ApiKey": [], "Person": []}]
        if self.body is not None:
            written["requestBody"] = {"required": not self.optional_body, "content": dict(self.body)}
        if self.later is not None:
            written["responses"]["202"] = {
                **good,
                "description": "A job was made.",
                "content": dict(self.later),
            }
        return {self.method or ("get" if self.body is None else "post"): written}


def json_content(schema: Json, **more: Any) -> dict[str, Json]:
    """Give content of JSON."""
    return {"application/json": {"schema": schema, **more}}


VERSION_HEADER = {
    "x-model-version": {"schema": {"type": "string"}, "description": "The version that answered."}
}
PREDICTION_HEADERS = {
    **VERSION_HEADER,
    "x-prediction-id": {
        "schema": {"type": "string"},
        "description": "What feedback names the prediction by.",
    },
}

NAME: Json = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "A model's name.",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"},
}
VERSION: Json = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 1, "maximum": 999_999},
}
CLIENT: Json = {
    "name": "x-client-id",
    "in": "header",
    "description": "Who calls, among those who share an API key or have none: the same caller always gets the same version of a canary.",
    "schema": {"type": "string"},
}


def option(name: str, schema: Json, description: str) -> Json:
    """Give a query parameter."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


PREFER: Json = {
    "name": "prefer",
    "in": "header",
    "description": "respond-async makes a job of the request.",
    "schema": {"type": "string"},
}
PROBABILITIES = option("probabilities", {"type": "boolean", "default": True}, "Give a probability a class.")
OPTIONS = (
    option("explain", {"type": "boolean", "default": False}, "Say what each column adds to each prediction."),
    PROBABILITIES,
    CLIENT,
    PREFER,
)
PAGE = (
    option("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "So many."),
    option("before", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, "Only numbers below this."),
)
PAUSED = option("paused", {"type": "boolean", "default": False}, "Also those that are paused.")
BINARY_LENGTH: Json = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "description": "Length of the JSON at the start of a body that goes on with binary tensors.",
    "schema": {"type": "integer", "minimum": 1},
}

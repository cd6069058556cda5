"""The schemas of everything that is the same for every model."""

from __future__ import annotations

from dasier.schema import KINDS, TASKS
from dasier.serving.formats.oip_tensors import DATATYPES
from dasier.serving.openapi.jobs import JOB_SCHEMA
from dasier.serving.openapi.operations import Json, ref
from dasier.serving.openapi.shapes import INTEGER, NUMBER, OBJECT, STRING, array, nullable, obj

_PROBLEM = obj(
    {
        "type": STRING,
        "title": STRING,
        "status": INTEGER,
        "detail": STRING,
        "instance": {**STRING, "description": "The request's id."},
        "errors": array(ref("Violation")),
        "error": {**STRING, "description": "Under /v2."},
        "error_code": {**STRING, "description": "Under invocations."},
        "message": {**STRING, "description": "Under invocations."},
    },
    optional=("detail", "errors", "error", "error_code", "message"),
)

_COLUMN = obj(
    {
        "name": STRING,
        "kind": {"enum": list(KINDS)},
        "nullable": {"type": "boolean"},
        "minimum": nullable(NUMBER),
        "maximum": nullable(NUMBER),
        "quantiles": array(NUMBER, description="At 0, 5, …, 100 % of the training rows."),
        "categories": array(STRING),
        "category_labels": {"type": "object", "additionalProperties": ref("Text")},
        "unit": nullable(STRING),
        "label": ref("Text"),
        "help": nullable(ref("Text")),
        "example": {},
        "typical": {},
        "personal": {"type": "boolean"},
        "hashed": {"type": "boolean"},
    }
)

_OUTPUT = obj(
    {
        "name": STRING,
        "task": {"enum": list(TASKS)},
        "classes": array({}),
        "probabilities": {"type": "boolean"},
        "unit": nullable(STRING),
        "label": ref("Text"),
        "class_labels": {"type": "object", "additionalProperties": ref("Text")},
    }
)

_MODEL = obj(
    {
        "name": STRING,
        "title": ref("Text"),
        "summary": ref("Text"),
        "limits": ref("Text"),
        "task": {"enum": list(TASKS)},
        "version": INTEGER,
        "runtime": obj({"name": STRING, "reason": ref("Text")}),
        "updated": {**STRING, "format": "date-time"},
        "created": STRING,
        "created_by": STRING,
        "estimator": OBJECT,
        "notes": array(ref("Text")),
        "schema": obj({"columns": array(ref("Column")), "output": ref("Output")}),
        "classes": array({}),
        "metrics": OBJECT,
        "canary": nullable(ref("Canary")),
        "card": STRING,
        "links": ref("Links"),
    }
)

_VERDICT = obj(
    {
        "name": STRING,
        "version": INTEGER,
        "passed": {"type": "boolean", "description": "Whether every rule was passed."},
        "when": STRING,
        "who": STRING,
        "against": {**nullable(INTEGER), "description": "The version that served when it was judged."},
        "gate": {**OBJECT, "description": "The recipe's rules, but for those that are the default."},
        "rules": array(ref("Finding"), description="In their order, up to one that the next would stand on."),
    }
)

_FINDING = obj(
    {
        "rule": STRING,
        "passed": {"type": "boolean"},
        "detail": {**STRING, "description": "A sentence for people."},
        "figures": {**OBJECT, "description": "What was measured."},
    }
)

_STANDING: Json = {
    "version": INTEGER,
    "verdict": {
        **nullable(ref("Verdict")),
        "description": "What the gate said, in full; null before it did.",
    },
    "serving": {"type": "boolean"},
    "canary": {**nullable(INTEGER), "description": "Its share of callers, in per cent."},
    "links": ref("Links"),
}

_RELEASE = obj(
    {
        "number": INTEGER,
        "id": STRING,
        "action": {"enum": ["promote", "rollback", "canary", "pause"]},
        "serving": {**nullable(INTEGER), "description": "What serves from then on; null in a pause."},
        "previous": {**nullable(INTEGER), "description": "What served until then."},
        "who": {**STRING, "description": "A person, or gate."},
        "why": STRING,
        "when": STRING,
        "canary": nullable(ref("Canary")),
        "forced": {"type": "boolean", "description": "Whether it was released without a passing verdict."},
    }
)

_TRUTH = obj(
    {
        "prediction_id": {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},
        "actual": {"description": "Of one row; of several, a list with what was true of each, in order."},
    },
    closed=True,
)

_TENSOR = {
    "name": STRING,
    "shape": array({"type": "integer", "minimum": 1}, minItems=1, maxItems=2),
    "datatype": {"enum": list(DATATYPES)},
    "parameters": OBJECT,
    "data": {"type": "array", "description": "Flat, or an array a row. Strings are BYTES."},
}

_DESCRIBED = obj({"name": STRING, "datatype": STRING, "shape": array(INTEGER)})

_TABLE_FORMS: Json = {
    "instances": array({}, minItems=1, description="Rows as objects, or as arrays in schema order."),
    "inputs": {"type": ["object", "array"], "description": "Columns by name, or rows."},
    "dataframe_split": obj({"columns": array(STRING), "data": array(array({}))}, optional=("columns",)),
    "dataframe_records": array(OBJECT, minItems=1),
}


def forms(shapes: Json) -> list[Json]:
    """Give the objects that hold exactly one of some forms, with parameters that are passed over."""
    passed_over: Json = {"params": {}, "parameters": {}}
    return [
        obj({form: shape, **passed_over}, optional=tuple(passed_over), closed=True)
        for form, shape in shapes.items()
    ]


def answer(prediction: Json, name: Json) -> Json:
    """Give the schema of what `predict` answers."""
    return obj(
        {
            "model": name,
            "version": INTEGER,
            "prediction_id": STRING,
            "predictions": array(prediction),
            "warnings": array(ref("Warning"), description="Missing where a bare array was sent."),
            "predict": array({}, description="Labels or numbers alone, where a bare array was sent."),
        },
        optional=("warnings", "predict"),
        closed=True,
    )


SCHEMAS: dict[str, Json] = {
    "Text": {"type": "object", "additionalProperties": STRING, "description": "The same words by language."},
    "Links": {"type": "object", "additionalProperties": STRING},
    "Violation": obj(
        {
            "pointer": {**STRING, "description": "Where: a JSON pointer as a URI fragment, or ?option."},
            "code": STRING,
            "detail": STRING,
        }
    ),
    "Problem": _PROBLEM,
    "Root": obj({"name": STRING, "version": STRING, "links": ref("Links")}),
    "Health": obj({"status": {"const": "ok"}}),
    "Column": _COLUMN,
    "Output": _OUTPUT,
    "Finding": _FINDING,
    "Verdict": _VERDICT,
    "Canary": obj({"version": INTEGER, "share": INTEGER}),
    "Model": _MODEL,
    "Models": obj(
        {
            "models": array(
                obj(
                    {
                        "name": STRING,
                        "title": ref("Text"),
                        "summary": ref("Text"),
                        "task": {"enum": list(TASKS)},
                        "version": {"type": ["integer", "null"], "description": "Null: paused."},
                        "runtime": STRING,
                        "updated": STRING,
                    }
                )
            )
        }
    ),
    "Version": obj(
        _STANDING
        | {
            "name": STRING,
            "created": STRING,
            "created_by": STRING,
            "schema": obj({"columns": array(ref("Column")), "output": ref("Output")}),
            "metrics": OBJECT,
            "runtime": OBJECT,
            "blobs": OBJECT,
            "source": OBJECT,
        }
    ),
    "Versions": obj(
        {
            "name": STRING,
            "versions": array(
                obj(
                    _STANDING
                    | {
                        "trusted": {"type": "boolean", "description": "Whether its signature holds."},
                        "created": nullable(STRING),
                        "created_by": nullable(STRING),
                        "task": nullable(STRING),
                        "runtime": nullable(STRING),
                        "metrics": nullable(OBJECT),
                        "source": nullable(OBJECT),
                    }
                )
            ),
            "next": nullable(STRING),
        }
    ),
    "Releases": obj({"name": STRING, "releases": array(_RELEASE), "next": nullable(STRING)}),
    "Warning": obj({"row": INTEGER, "column": STRING, "code": STRING, "detail": STRING}, closed=True),
    "Explanation": obj(
        {
            "of": STRING,
            "reference": NUMBER,
            "contributions": {"type": "object", "additionalProperties": NUMBER},
        },
        closed=True,
    ),
    "Table": {"anyOf": [*forms(_TABLE_FORMS), array(OBJECT, minItems=1)]},
    "Invocations": {"anyOf": forms(_TABLE_FORMS)},
    "Answer": answer(OBJECT, STRING),
    "Predictions": obj({"predictions": array({})}, closed=True),
    "Feedback": {"anyOf": [_TRUTH, array(_TRUTH, minItems=1, maxItems=10_000)]},
    "Job": JOB_SCHEMA,
    "Accepted": obj({"accepted": {"type": "integer", "minimum": 1}}, closed=True),
    "InferRequest": obj(
        {
            "id": STRING,
            "parameters": OBJECT,
            "inputs": array(obj(_TENSOR, optional=("parameters", "data")), minItems=1),
            "outputs": array(obj({"name": STRING, "parameters": OBJECT}, optional=("parameters",))),
        },
        optional=("id", "parameters", "outputs"),
    ),
    "InferResponse": obj(
        {
            "model_name": STRING,
            "model_version": STRING,
            "id": STRING,
            "outputs": array(obj(_TENSOR, optional=("parameters", "data"))),
        },
        optional=("id",),
    ),
    "ServerMetadata": obj({"name": STRING, "version": STRING, "extensions": array(STRING)}),
    "ModelMetadata": obj(
        {
            "name": STRING,
            "versions": array(STRING),
            "platform": STRING,
            "inputs": array(_DESCRIBED),
            "outputs": array(_DESCRIBED),
        }
    ),
    "ModelReady": obj({"name": STRING, "ready": {"const": True}}),
    "ServerReady": obj({"ready": {"const": True}}),
    "ServerLive": obj({"live": {"const": True}}),
}

"""What schemas are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dasier.serving.openapi.operations import Json

STRING: Json = {"type": "string"}
INTEGER: Json = {"type": "integer"}
NUMBER: Json = {"type": "number"}
OBJECT: Json = {"type": "object"}


def obj(properties: Json, *, optional: tuple[str, ...] = (), closed: bool = False) -> Json:
    """Give the schema of an object; properties are required unless named as optional."""
    schema: Json = {"type": "object", "properties": properties}
    required = [name for name in properties if name not in optional]
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    return schema


def array(items: Json, **more: Any) -> Json:
    """Give the schema of an array."""
    return {"type": "array", "items": items, **more}


def nullable(schema: Json) -> Json:
    """Give a schema that also takes null."""
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}

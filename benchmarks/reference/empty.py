"""A Lambda that does nothing: what the emulator, Python and the runtime client cost by themselves."""

from typing import Any


def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return {"statusCode": 200, "body": "{}"}

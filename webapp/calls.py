"""How to call a model from a program: commands that work as they stand, made from its own schema and example.

A column's name may hold anything, so nothing is pasted between quotes: each language's own way of writing a text does it.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dasier.client import ModelDescription

KEY = "DASIER_API_KEY"
"""The variable that holds the caller's key; the site's own is shown to nobody."""


def calls(described: ModelDescription, api: str, *, key: bool) -> dict[str, str]:
    """Give a working call in each way of calling.

    Parameters
    ----------
    described : ModelDescription
    api : str
        Where callers reach the API.
    key : bool
        Whether it wants an API key.
    """
    url = f"{api.rstrip('/')}/models/{described.name}/predict"
    row = {str(name): value for name, value in described.schema.example().items()}
    body = json.dumps({"instances": [row]}, ensure_ascii=False)
    return {
        "curl": _curl(url, body, key=key),
        "Python": _python(described.name, api.rstrip("/"), row, key=key),
        "JavaScript": _javascript(url, body, key=key),
    }


def _curl(url: str, body: str, *, key: bool) -> str:
    header = f' \\\n  -H "x-api-key: ${KEY}"' if key else ""
    return f"curl -s {shlex.quote(url)} -H 'content-type: application/json'{header} \\\n  --data-raw {shlex.quote(body)}"


def _python(name: str, api: str, row: object, *, key: bool) -> str:
    environment, with_key = ("import os\n\n", f', api_key=os.environ["{KEY}"]') if key else ("", "")
    return (
        f"{environment}from dasier.client import Client\n\n"
        f"client = Client({api!r}{with_key})\n"
        f"answer = client.predict({name!r}, [{row!r}])\n"
        "print(answer.predictions[0].value)"
    )


def _javascript(url: str, body: str, *, key: bool) -> str:
    header = f', "x-api-key": process.env.{KEY}' if key else ""
    # In an object literal this one name would set the prototype instead of a property.
    sent = json.dumps(body, ensure_ascii=False) if '"__proto__"' in body else f"JSON.stringify({body})"
    return (
        f"const response = await fetch({json.dumps(url)}, {{\n"
        '  method: "POST",\n'
        f'  headers: {{ "content-type": "application/json"{header} }},\n'
        f"  body: {sent},\n"
        "});\n"
        "console.log((await response.json()).predictions[0].prediction);"
    )

"""A prediction as the visitor's own browser keeps it, and the link that asks for it again.

What somebody typed belongs to them. A link carries it after the ``#``, which browsers never send: not to this site,
not to a log, a proxy or a referrer. In a query (``?age=61``) it would stand in the logs of every server on the way.
So it is the script that reads it (`static/ask.js`); without script the form is filled in by hand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import url_for

from webapp.labels import entered
from webapp.languages import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.client import Answer, ModelDescription
    from webapp.forms import Form
    from webapp.results import Result


def link(name: str, row: Mapping[str, Any]) -> str:
    """Give the address that opens a model's form with these values in it; unknown ones are left out."""
    known = {column: value for column, value in row.items() if value is not None}
    written = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    return f"{url_for('models.show', name=name)}#with={quote(written, safe='')}"


def record(
    described: ModelDescription, form: Form, row: Mapping[str, Any], answer: Answer, result: Result
) -> str:
    """Give what the browser keeps of a prediction, as JSON: what was asked and answered, in the words that were read."""
    asked = {field.label: entered(field, row.get(field.column.name)) for field in form.fields}
    kept = {
        "id": answer.prediction_id,
        "model": described.name,
        "title": words(described.title, described.name),
        "version": answer.version,
        "answer": result.headline,
        "note": result.note,
        "cautions": list(result.cautions),
        "asked": list(asked.items()),
        "link": link(described.name, row),
    }
    return json.dumps(kept, ensure_ascii=False)

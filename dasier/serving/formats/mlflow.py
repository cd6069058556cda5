"""MLflow's scoring protocol: ``POST /invocations``, answered with ``{"predictions": […]}``.

Sources: "Deploy MLflow Model as a Local Inference Server" in MLflow's documentation, and
`mlflow.pyfunc.scoring_server`, whose clients (`ScoringServerClient`, SageMaker's) are served as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dasier.errors import UnsupportedMediaType
from dasier.serving.formats.table_csv import read_csv
from dasier.serving.formats.table_json import read_table
from dasier.serving.json_body import read_json

if TYPE_CHECKING:
    from dasier.rows import Pointer, Rows
    from dasier.runtimes import Outputs
    from dasier.schema import Schema
    from dasier.serving.exchange import Request

MEDIA_TYPES = ("application/json", "text/csv")


def read(request: Request, schema: Schema) -> tuple[Rows, Pointer]:
    """Give the rows of an invocation, and how to point into it; JSON if no content type is named.

    A bare array of records is not MLflow's, and is refused here.

    Raises
    ------
    UnsupportedMediaType, MalformedBody, RowsRefused
    """
    media_type = request.media_type or "application/json"
    if media_type == "text/csv":
        return read_csv(request.body, schema)
    if media_type == "application/json":
        return read_table(read_json(request.body), schema, bare=False)
    raise UnsupportedMediaType(MEDIA_TYPES)


def document(outputs: Outputs) -> dict[str, Any]:
    """Give the labels or numbers, in the order of the rows."""
    return {"predictions": outputs.predictions.tolist()}

"""Take batch jobs, and say where they stand."""

from __future__ import annotations

from dasier.jobs import api
from dasier.serving.exchange import handler as lambda_handler

ROUTES = {
    ("POST", "/models/{name}/jobs"): api.submit,
    ("GET", "/jobs/{id}"): api.job,
    ("DELETE", "/jobs/{id}"): api.cancel,
}
handler = lambda_handler(ROUTES)

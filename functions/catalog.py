"""Say what models there are, and answer every path that does not exist."""

from __future__ import annotations

from dasier.serving import cards, getting
from dasier.serving.exchange import handler as lambda_handler

ROUTES = {
    ("GET", "/"): getting.root,
    ("GET", "/healthz"): getting.health,
    ("GET", "/openapi.json"): getting.openapi,
    ("GET", "/models"): getting.models,
    ("GET", "/models/{name}"): getting.model,
    ("GET", "/models/{name}/card"): cards.card,
    ("GET", "/models/{name}/versions"): getting.versions,
    ("GET", "/models/{name}/versions/{version}"): getting.version,
    ("GET", "/models/{name}/releases"): getting.releases,
    ("GET", "/v2"): getting.inference_server,
    ("GET", "/v2/health/live"): getting.inference_live,
    ("GET", "/v2/health/ready"): getting.inference_ready,
    ("GET", "/v2/models/{name}"): getting.inference_model,
    ("GET", "/v2/models/{name}/versions/{version}"): getting.inference_model,
    ("ANY", "/{proxy+}"): getting.nothing,
}
handler = lambda_handler(ROUTES)

"""`dasier predict`: ask a model, through the API or straight from the registry."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from dasier.aws.stack import read_stack, stack_named
from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, say, table
from dasier.errors import DasierError, Violation


class Refused(DasierError):
    """The service refused; what it said is the message."""


@click.command()
@click.argument("name")
@click.option(
    "--data",
    "source",
    required=True,
    metavar="FILE|-",
    help="CSV or JSON, as the API takes it; - reads stdin.",
)
@click.option("--version", type=click.IntRange(1), help="By default the version that serves.")
@click.option("--explain", is_flag=True, help="Add what each column contributed.")
@click.option("--job", is_flag=True, help="Answer a CSV of any length, and leave out rows that do not fit.")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --job: the CSV that is written; by default NAME-results.csv.",
)
@click.option(
    "--url",
    metavar="URL",
    help="Ask this API, or stack:NAME; by default the models run here, from the registry.",
)
@click.option("--api-key", envvar="DASIER_API_KEY", show_envvar=True, help="For --url.")
@registry_option
@json_option
def predict(
    name: str,
    source: str,
    version: int | None,
    url: str | None,
    api_key: str | None,
    registry: str | None,
    *,
    explain: bool,
    job: bool,
    to: Path | None,
    as_json: bool,
) -> None:
    """Give a prediction for each row of a file, in its order.

    \b
    Example:
      dasier predict penguins --data penguins.csv
      head -5 penguins.csv | dasier predict penguins --data - --url http://127.0.0.1:8000
      dasier predict penguins --data million.csv --job --to answers.csv
    """  # noqa: D301
    stack = stack_named(url)
    if stack is not None:
        url = read_stack(stack).output("ApiUrl")
    if job:
        _job(name, source, version, to, url, api_key, registry, as_json=as_json, explain=explain)
        return
    body = read_source(source)
    path = f"/models/{name}" + (f"/versions/{version}" if version else "") + "/predict"
    query = "explain=true" if explain else ""
    headers = {"content-type": media_type(source, body)} | ({"x-api-key": api_key} if api_key else {})
    if url:
        status, answer = _remote(url.rstrip("/") + path, query, headers, body)
    else:
        status, answer = _here(Session.of(registry), path, query, headers, body)
    document = _document(answer)
    if status != 200:
        raise _refusal(document)
    if as_json:
        json_out(document)
    else:
        _show(document)


def _job(
    name: str,
    source: str,
    version: int | None,
    to: Path | None,
    url: str | None,
    api_key: str | None,
    registry: str | None,
    *,
    as_json: bool,
    explain: bool,
) -> None:
    from dasier.cli.batch import Asked, from_registry, through_api  # noqa: PLC0415

    if source == "-" or explain:
        raise click.UsageError("--job takes a file, and gives no explanations")
    asked = Asked(name=name, source=Path(source), to=to or Path(f"{name}-results.csv"), version=version)
    if not asked.source.is_file():
        raise Refused(f"{source} cannot be read: no such file")
    if url:
        through_api(asked, url, api_key, as_json=as_json)
    else:
        from_registry(asked, Session.of(registry), as_json=as_json)


def read_source(source: str) -> bytes:
    """Give the bytes of a file, or of stdin for ``-``."""
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise Refused(f"{source} cannot be read: {error.strerror}") from error


def media_type(source: str, body: bytes) -> str:
    """Say what a file holds: by its name, else by how it starts."""
    if source.endswith((".csv", ".json")):
        return "text/csv" if source.endswith(".csv") else "application/json"
    return "application/json" if body.lstrip()[:1] in {b"{", b"["} else "text/csv"


def _here(session: Session, path: str, query: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    from dasier.local.direct import ask  # noqa: PLC0415 (numpy and the runtime)
    from dasier.local.events import Call  # noqa: PLC0415
    from dasier.local.project import find_project  # noqa: PLC0415

    session.registry()
    session.name_in(os.environ)
    call = Call(
        method="POST", path=path, query=query, headers=[*headers.items()], body=body, source="127.0.0.1"
    )
    reply = ask(find_project(), call)
    return reply.status, reply.body


def _remote(url: str, query: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    import urllib3  # noqa: PLC0415

    try:
        answer = urllib3.request(
            "POST", f"{url}?{query}", headers=headers, body=body, retries=False, timeout=30
        )
    except urllib3.exceptions.HTTPError as error:
        raise Refused(f"{url} does not answer: {error}") from error
    return answer.status, answer.data


def _document(answer: bytes) -> dict[str, Any]:
    try:
        document = json.loads(answer)
    except ValueError as error:
        raise Refused("The answer is not JSON: is this the address of DASIER's API?") from error
    return document if isinstance(document, dict) else {}


def _refusal(document: dict[str, Any]) -> Refused:
    lines = [str(document.get("detail") or document.get("title") or document)]
    found = [
        Violation(e.get("pointer", ""), e.get("code", ""), e.get("detail", ""))
        for e in document.get("errors", [])
    ]
    return Refused("\n".join(lines + [f"  {violation.pointer}: {violation.detail}" for violation in found]))


def _show(document: dict[str, Any]) -> None:
    rows = []
    for number, told in enumerate(document["predictions"]):
        extra = told.get("probabilities") or {}
        shares = ", ".join(f"{label} {share:.3g}" for label, share in extra.items())
        rows.append(
            [number, told["prediction"], shares or told.get("score"), _contributions(told.get("explanation"))]
        )
    unit = next((told["unit"] for told in document["predictions"] if told.get("unit")), None)
    title = f"{document['model']}, version {document['version']}" + (f", in {unit}" if unit else "")
    headings = ["row", "prediction", "probabilities or score", "contributions"]
    used = [at for at in range(4) if any(row[at] not in {None, ""} for row in rows)]
    table([headings[at] for at in used], [[row[at] for at in used] for row in rows], title=title)
    for warning in document.get("warnings", []):
        say(f"row {warning['row']}, {warning['column']}: {warning['detail']}")


def _contributions(explanation: dict[str, Any] | None) -> str:
    parts = (explanation or {}).get("contributions", {})
    strongest = sorted(parts.items(), key=lambda part: -abs(part[1]))[:5]
    return ", ".join(f"{column} {value:+.3g}" for column, value in strongest)

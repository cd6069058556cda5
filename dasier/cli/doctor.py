"""`dasier doctor`: what is missing or wrong here, and what to do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import click

from dasier.cli.options import json_option, registry_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, table
from dasier.errors import DasierError
from dasier.local.project import find_project

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIBRARIES = {
    "serve": ("numpy", "obstore", "onnxruntime", "orjson", "scikit-learn", "uvicorn"),
    "build": ("pandas", "skl2onnx", "onnx", "matplotlib"),
    "site": ("flask", "flask-babel", "flask-wtf", "bootstrap-flask", "waitress"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    well: bool
    found: str
    advice: str = ""


@click.command()
@registry_option
@json_option
def doctor(registry: str | None, *, as_json: bool) -> None:
    """Look at Python, the libraries, the project, the registry and the key. Status 1 if one is not well.

    \b
    Example:
      dasier doctor --registry s3://my-bucket
    """  # noqa: D301
    session = Session.of(registry)
    findings = [_python(), *_libraries(), _project(), _registry(session), _key(session)]
    well = all(finding.well for finding in findings)
    if as_json:
        shown = [{"what": f.what, "well": f.well, "found": f.found, "advice": f.advice} for f in findings]
        json_out({"well": well, "findings": shown})
    else:
        rows = [["well" if f.well else "NOT WELL", f.what, f.found, f.advice] for f in findings]
        table(["", "", "found", "what to do"], rows)
    if not well:
        raise SystemExit(1)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "Python",
        sys.version_info >= (3, 11),
        found,
        "" if sys.version_info >= (3, 11) else "use 3.11 or newer",
    )


def _libraries() -> Iterator[Finding]:
    for group, names in _LIBRARIES.items():
        found, absent = [], []
        for name in names:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                absent.append(name)
        advice = f"pip install 'dasier[{group}]' ({', '.join(absent)} missing)" if absent else ""
        yield Finding(f"to {group}" if group != "site" else "the site", not absent, ", ".join(found), advice)


def _project() -> Finding:
    try:
        return Finding("project", well=True, found=str(find_project()))
    except DasierError as error:
        return Finding("project", well=False, found="none", advice=str(error))


def _registry(session: Session) -> Finding:
    try:
        count = len(session.registry().names())
    except DasierError as error:
        return Finding("registry", well=False, found=session.url, advice=str(error))
    return Finding("registry", well=True, found=f"{session.url}, {count} models")


def _key(session: Session) -> Finding:
    try:
        keys = session.trusted_keys
    except DasierError as error:
        return Finding("trusted keys", well=False, found=str(session.key_file), advice=str(error))
    advice = "" if keys else "`dasier up` and `dasier publish` make a key pair; or set DASIER_TRUSTED_KEYS"
    return Finding("trusted keys", bool(keys), f"{len(keys)}", advice)

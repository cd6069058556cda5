"""`dasier doctor`: what is missing or wrong here, and what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import click

from dasier.aws.stack import stack_named
from dasier.cli.options import json_option, registry_option, stack_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, table
from dasier.errors import DasierError
from dasier.findings import Finding
from dasier.local.project import find_project
from dasier.personal import SETTING, hashed_names
from dasier.runtimes import check_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.releases import Release

_LIBRARIES = {
    "serve": ("numpy", "obstore", "onnxruntime", "orjson", "scikit-learn", "uvicorn"),
    "build": ("pandas", "skl2onnx", "onnx", "matplotlib"),
    "site": ("flask", "flask-babel", "flask-wtf", "bootstrap-flask", "waitress"),
}

_DOCKER_S = 20
_GROUPS = {"serve": "to serve", "build": "to build", "site": "the site", "aws": "AWS"}


@click.command()
@registry_option
@stack_option
@json_option
def doctor(registry: str | None, stack: str | None, *, as_json: bool) -> None:
    """Say what is missing or wrong here and what to do; with --stack, in AWS too. Status 1 if anything is.

    Here: Python, the libraries, the project, Docker, the registry, the keys, and whether each version that
    serves can be served by this release. In AWS: credentials, clock, stack, bucket, signing key, functions,
    prediction log, alarms, API and its keys.

    \b
    Example:
      dasier doctor
      dasier doctor --stack dasier-prod
    """  # noqa: D301
    stack = stack or stack_named(registry)
    findings = [_python(), *_libraries(in_aws=bool(stack)), _project(), _docker(in_aws=bool(stack))]
    if stack:
        from dasier.aws.checkup import checkup  # noqa: PLC0415 (boto3)

        findings += checkup(stack)
    if not stack or stack_named(registry) is None:
        findings += _kept_here(registry)
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


def _libraries(*, in_aws: bool) -> Iterator[Finding]:
    for group, names in (_LIBRARIES | ({"aws": ("boto3",)} if in_aws else {})).items():
        found, absent = [], []
        for name in names:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                absent.append(name)
        advice = f"pip install 'dasier[{group}]' ({', '.join(absent)} missing)" if absent else ""
        yield Finding(_GROUPS[group], not absent, ", ".join(found), advice)


def _project() -> Finding:
    try:
        return Finding("project", well=True, found=str(find_project()))
    except DasierError as error:
        return Finding("project", well=False, found="none", advice=str(error))


def _docker(*, in_aws: bool) -> Finding:
    """Say whether images can be built: needed to deploy, and for nothing else."""
    program = shutil.which("docker")
    if program is None:
        found, advice = (
            "not installed",
            "install Docker: `sam build` makes the image with it" if in_aws else "",
        )
        return Finding("Docker", not in_aws, f"{found}; only deploying needs it", advice)
    try:
        asked = subprocess.run(  # noqa: S603 (found on the path, nothing of it from outside)
            [program, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_DOCKER_S,
        )
    except subprocess.TimeoutExpired:
        asked = None
    if asked is None or asked.returncode:
        advice = "start Docker, or join its group" if in_aws else ""
        return Finding("Docker", not in_aws, "it does not answer; only deploying needs it", advice)
    return Finding("Docker", well=True, found=asked.stdout.strip())


def _kept_here(registry: str | None) -> Iterator[Finding]:
    try:
        session = Session.of(registry)
    except DasierError as error:
        yield Finding("registry", well=False, found=str(registry), advice=str(error))
        return
    yield _registry(session)
    yield _key(session)
    yield from _versions(session)
    yield from _personal(session)


def _registry(session: Session) -> Finding:
    try:
        count = len(session.registry().names())
    except DasierError as error:
        return Finding("registry", well=False, found=session.url, advice=str(error))
    return Finding("registry", well=True, found=f"{session.url}, {count} models")


def _versions(session: Session) -> Iterator[Finding]:
    """Say of each version that callers get whether this release and these libraries can serve it."""
    try:
        registry = session.registry()
        heads = {name: registry.head(name) for name in registry.names()}
    except DasierError:
        return  # told by `_registry`
    well = 0
    for name, head in heads.items():
        for number in _served(head):
            try:
                needs = registry.manifest(name, number).runtime
                check_requirements(needs.name, needs.requires)
            except DasierError as error:
                found = "callers get it, and it cannot be served here"
                yield Finding(f"{name}, version {number}", well=False, found=found, advice=str(error))
            except ImportError:
                pass  # `_libraries` says which is missing
            else:
                well += 1
    if well:
        yield Finding("versions that serve", well=True, found=f"{well} can be served here")


def _served(head: Release | None) -> list[int]:
    """Give the versions that callers get: the one that serves, and a canary."""
    if head is None:
        return []
    return [number for number in (head.serving, head.canary and head.canary.version) if number]


def _personal(session: Session) -> Iterator[Finding]:
    """Say whether columns that recipes say to hash are: nothing if there are none."""
    try:
        registry = session.registry()
        heads = {name: registry.head(name) for name in registry.names()}
        hashed = [
            f"{name}: {', '.join(columns)}"
            for name, head in heads.items()
            if head
            and head.serving
            and (columns := hashed_names(registry.manifest(name, head.serving).schema))
        ]
    except DasierError:
        return  # that the registry or a version cannot be read is told by others
    if hashed:
        key = session.environment.get(SETTING)
        advice = f"they are left out of the log: set {SETTING}, the same for all that serve or watch"
        yield Finding("personal columns", bool(key), "; ".join(hashed), "" if key else advice)


def _key(session: Session) -> Finding:
    try:
        keys = session.trusted_keys
    except DasierError as error:
        named = session.kms_key or str(session.key_file)
        return Finding("trusted keys", well=False, found=named, advice=str(error))
    advice = "" if keys else "`dasier up` and `dasier publish` make a key pair; or set DASIER_TRUSTED_KEYS"
    return Finding("trusted keys", bool(keys), f"{len(keys)}", advice)

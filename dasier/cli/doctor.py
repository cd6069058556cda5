"""`dasier doctor`: what is missing or wrong here, and what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import click

from dasier.aws.stack import stack_named
from dasier.checks import Check
from dasier.cli.options import json_option, registry_option, stack_option
from dasier.cli.session import Session
from dasier.cli.show import json_out, table
from dasier.errors import DasierError
from dasier.local.project import find_project
from dasier.personal import SETTING, hashed_names, key_of
from dasier.runtimes import check_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dasier.manifest import Manifest
    from dasier.registry import Registry

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


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "Python",
        sys.version_info >= (3, 11),
        found,
        "" if sys.version_info >= (3, 11) else "use 3.11 or newer",
    )


def _libraries(*, in_aws: bool) -> Iterator[Check]:
    for group, names in (_LIBRARIES | ({"aws": ("boto3",)} if in_aws else {})).items():
        found, absent = [], []
        for name in names:
            try:
                found.append(f"{name} {version(name)}")
            except PackageNotFoundError:
                absent.append(name)
        advice = f"pip install 'dasier[{group}]' ({', '.join(absent)} missing)" if absent else ""
        yield Check(_GROUPS[group], not absent, ", ".join(found), advice)


def _project() -> Check:
    try:
        return Check("project", well=True, found=str(find_project()))
    except DasierError as error:
        return Check("project", well=False, found="none", advice=str(error))


def _docker(*, in_aws: bool) -> Check:
    """Say whether images can be built: needed to deploy, and for nothing else."""
    program = shutil.which("docker")
    if program is None:
        found, advice = (
            "not installed",
            "install Docker: `sam build` makes the image with it" if in_aws else "",
        )
        return Check("Docker", not in_aws, f"{found}; only deploying needs it", advice)
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
        return Check("Docker", not in_aws, "it does not answer; only deploying needs it", advice)
    return Check("Docker", well=True, found=asked.stdout.strip())


def _kept_here(registry: str | None) -> Iterator[Check]:
    try:
        session = Session.of(registry)
    except DasierError as error:
        yield Check("registry", well=False, found=str(registry), advice=str(error))
        return
    try:
        opened = session.registry()
        names = opened.names()
    except DasierError as error:
        yield Check("registry", well=False, found=session.url, advice=str(error))
        yield _key(session)
        return
    yield Check("registry", well=True, found=f"{session.url}, {len(names)} models")
    yield _key(session)
    served, unread = _served(opened, names)
    yield from unread
    yield from _versions(served)
    yield from _personal(served, session.environment)


def _served(registry: Registry, names: list[str]) -> tuple[list[Manifest], list[Check]]:
    """Give the versions that callers get, which are those that serve and canaries; and what of them cannot be read."""
    served, unread = [], []
    for name in names:
        try:
            head = registry.head(name)
        except DasierError as error:
            found = "which version serves cannot be read"
            unread.append(Check(name, well=False, found=found, advice=str(error)))
            continue
        for number in (head and head.serving, head and head.canary and head.canary.version):
            if number:
                try:
                    served.append(registry.manifest(name, number))
                except DasierError as error:
                    unread.append(_not_served(name, number, error))
    return served, unread


def _not_served(name: str, version: int, error: DasierError) -> Check:
    found = "callers get it, and it cannot be served here"
    return Check(f"{name}, version {version}", well=False, found=found, advice=str(error))


def _versions(served: list[Manifest]) -> Iterator[Check]:
    """Say of each version whether this release and these libraries can serve it."""
    well = 0
    for manifest in served:
        try:
            check_requirements(manifest.runtime.name, manifest.runtime.requires)
        except DasierError as error:
            yield _not_served(manifest.name, manifest.version, error)
        except ImportError:
            pass  # `_libraries` says which is missing
        else:
            well += 1
    if well:
        yield Check("versions that serve", well=True, found=f"{well} can be served here")


def _personal(served: list[Manifest], environment: Mapping[str, str]) -> Iterator[Check]:
    """Say whether columns that recipes say to hash are: nothing if there are none."""
    by_model = {manifest.name: columns for manifest in served if (columns := hashed_names(manifest.schema))}
    if not by_model:
        return
    found = "; ".join(f"{name}: {', '.join(columns)}" for name, columns in by_model.items())
    try:
        key = key_of(environment)
    except ValueError as error:
        yield Check("personal columns", well=False, found=found, advice=str(error))
        return
    advice = f"they are left out of the log: set {SETTING}, the same for all that serve or watch"
    yield Check("personal columns", key is not None, found, "" if key else advice)


def _key(session: Session) -> Check:
    try:
        keys = session.trusted_keys
    except DasierError as error:
        named = session.kms_key or str(session.key_file)
        return Check("trusted keys", well=False, found=named, advice=str(error))
    advice = "" if keys else "`dasier up` and `dasier publish` make a key pair; or set DASIER_TRUSTED_KEYS"
    return Check("trusted keys", bool(keys), f"{len(keys)}", advice)

"""``python -m deployment.site deploy prod``: the site, by Zappa, told what the stack of that stage has made.

Anything that Zappa can do comes first (``deploy``, ``update``, ``package``, ``rollback``, ``tail``, ``undeploy``), then the stage.
It runs in an environment of its own (``make site ARGS="deploy prod"`` makes it), beside the one that is packed.

What the site is told, it is told in the environment of its Lambda function, and here is where that comes from:

=========================  ==================================================================================
``DASIER_API_URL``         the output ``ApiUrl`` of the stack ``dasier-STAGE``
``DASIER_PUBLIC_API_URL``  the same output, which callers are told: set it to a domain of your own
``DASIER_API_KEY``         the API key that its output ``SiteKeyId`` names
``DASIER_SITE_SECRET``     the parameter ``/dasier/STAGE/site-secret``, made here (SecureString) when there is none
``DASIER_SITE_HOSTS``      API Gateway's own names of this region, unless set: set it to a domain of your own
``DASIER_OIDC_ISSUER``     the output ``OidcIssuer`` of the stack ``dasier-STAGE``; without it nobody signs in
``DASIER_OIDC_CLIENT_ID``  its output ``OidcAudience``
``…_CLIENT_SECRET``        the parameter ``/dasier/STAGE/oidc-client-secret``, if there is one
``DASIER_OIDC_SCOPE``      as it is set here; by default ``openid email``
``DASIER_SITE_ROLE``       the output ``Role`` of the stack ``dasier-STAGE-site`` (site.yaml); no secret, not passed on
=========================  ==================================================================================

A variable that is set where this runs wins over what is found. They are read when the site is deployed, not when it
starts: a start then needs neither an SDK (boto3 would more than double it) nor a role that may read secrets, and the
site's role can do nothing but write its log. The price: a changed key is taken over by ``update``, and whoever may read
the function's configuration may read the key and the secrets. The key can only ask for predictions. With the site's secret one
can open the cookies of those who sign in, if one has them, but make no token: the API believes the provider alone. Let only
those read it who may deploy the site.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from deployment.package import ROOT, package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FOLDER = ROOT / "build" / "site"
UV = ROOT / ".tools" / "bin" / "uv"
TOLD = (
    "DASIER_API_URL", "DASIER_PUBLIC_API_URL", "DASIER_API_KEY", "DASIER_SITE_SECRET", "DASIER_SITE_HOSTS",
)  # fmt: skip
"""What becomes the environment of the function."""
SIGN_IN = ("DASIER_OIDC_ISSUER", "DASIER_OIDC_CLIENT_ID", "DASIER_OIDC_CLIENT_SECRET", "DASIER_OIDC_SCOPE")
"""As well, where people sign in."""
OFFLINE = {"package", "template"}
"""Commands that make files here and touch no account."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Make the package's folder, then run Zappa in it; give its exit status."""
    if len(arguments) < 2 or arguments[0].startswith("-") or arguments[1].startswith("-"):
        sys.stderr.write("usage: python -m deployment.site COMMAND STAGE [options of zappa]\n")
        return 2
    command, stage, *_options = arguments
    settings = json.loads((ROOT / "zappa_settings.json").read_text())
    if stage not in settings:
        sys.stderr.write(f"zappa_settings.json has no stage {stage}; it has {', '.join(settings)}\n")
        return 2
    if command not in OFFLINE:
        settings[stage] |= told(stage, environment)
    made = package(FOLDER, UV, settings)
    run = [str(Path(sys.executable).with_name("zappa")), *arguments]
    try:
        return subprocess.run(  # noqa: S603 (Zappa, with the words of whoever called this)
            run, cwd=made.project, env={**environment, "VIRTUAL_ENV": str(made.environment)}, check=False
        ).returncode
    finally:
        (made.project / "zappa_settings.json").unlink()  # it holds the key


def told(stage: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Give the part of Zappa's settings that differs between accounts.

    Parameters
    ----------
    stage : str
    environment : mapping
        What is set in it is not looked for.
    """
    session: Any = boto3.Session()
    region = session.region_name

    def api() -> str:
        return environment.get("DASIER_API_URL") or _output(session, f"dasier-{stage}", "ApiUrl")

    find: dict[str, Callable[[], str]] = {
        "DASIER_API_URL": api,
        "DASIER_PUBLIC_API_URL": api,
        "DASIER_API_KEY": lambda: _key(session, f"dasier-{stage}"),
        "DASIER_SITE_SECRET": lambda: _secret(session, f"/dasier/{stage}/site-secret"),
        "DASIER_SITE_HOSTS": lambda: f".execute-api.{region}.amazonaws.com",
        "DASIER_SITE_ROLE": lambda: _output(session, f"dasier-{stage}-site", "Role"),
    }
    found = {name: environment.get(name) or look() for name, look in find.items()}
    account = found["DASIER_SITE_ROLE"].split(":")[4]
    return {
        "aws_region": region,
        "role_arn": found["DASIER_SITE_ROLE"],
        "s3_bucket": f"dasier-{stage}-site-{account}-{region}",
        "aws_environment_variables": {name: found[name] for name in TOLD}
        | sign_in(session, stage, environment),
    }


def sign_in(session: Any, stage: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Give what the site is told of the provider that signs people in; nothing where there is none."""
    stack = f"dasier-{stage}"
    issuer = environment.get("DASIER_OIDC_ISSUER") or _outputs(session, stack, missing_ok=True).get(
        "OidcIssuer"
    )
    if not issuer:
        return {}
    find: dict[str, Callable[[], str]] = {
        "DASIER_OIDC_ISSUER": lambda: issuer,
        "DASIER_OIDC_CLIENT_ID": lambda: _output(session, stack, "OidcAudience"),
        "DASIER_OIDC_CLIENT_SECRET": lambda: _kept(session, f"/dasier/{stage}/oidc-client-secret"),
        "DASIER_OIDC_SCOPE": lambda: "",
    }
    found = {name: environment.get(name) or find[name]() for name in SIGN_IN}
    return {name: value for name, value in found.items() if value}


def _outputs(session: Any, stack: str, *, missing_ok: bool = False) -> dict[str, str]:
    client = session.client("cloudformation")
    try:
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
    except client.exceptions.ClientError:
        if missing_ok:
            return {}
        raise
    return {output["OutputKey"]: str(output["OutputValue"]) for output in described.get("Outputs", [])}


def _output(session: Any, stack: str, name: str) -> str:
    outputs = _outputs(session, stack)
    if name not in outputs:
        sys.exit(f"The stack {stack} has no output {name}: deploy it first (docs/deploy.md).")
    return outputs[name]


def _key(session: Any, stack: str) -> str:
    """Give the site's own API key, which the stack has made in the usage plan of the API."""
    found = session.client("apigateway").get_api_key(
        apiKey=_output(session, stack, "SiteKeyId"), includeValue=True
    )
    return str(found["value"])


def _secret(session: Any, name: str) -> str:
    """Give what signs cookies, made once and kept; whoever deploys at the same time gets the same."""
    store = session.client("ssm")
    with suppress(store.exceptions.ParameterAlreadyExists):
        store.put_parameter(Name=name, Value=secrets.token_urlsafe(32), Type="SecureString")
    return str(store.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def _kept(session: Any, name: str) -> str:
    """Give a secret that somebody has put there; empty if nobody has."""
    store = session.client("ssm")
    try:
        return str(store.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except store.exceptions.ParameterNotFound:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

"""Whether a stack's bucket keeps what is published: versions, encryption, privacy, and a policy that only lets it grow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dasier.aws.account import Account, refusals
from dasier.checks import Check
from dasier.errors import AwsRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dasier.aws.stack import Stack

_AGAIN = "deploy template.yaml again: it was changed by hand"
_IMMUTABLE = ("blobs/*", "models/*")


def findings(stack: Stack, account: Account) -> Iterator[Check]:
    """Give what is well with the bucket, and what is not."""
    name = stack.output("Registry").removeprefix("s3://").partition("/")[0]
    client = account.client("s3")
    with refusals(f"the bucket {name}"):
        client.head_bucket(Bucket=name)
        versioning = client.get_bucket_versioning(Bucket=name).get("Status", "off")
    yield Check("bucket", well=True, found=name)
    yield _finding("bucket: versioning", versioning == "Enabled", versioning)
    closed = _asked(client.get_public_access_block, name).get("PublicAccessBlockConfiguration", {})
    yield _finding(
        "bucket: private", len(closed) == 4 and all(closed.values()), f"{sum(closed.values())} of 4 blocks"
    )
    rules = _asked(client.get_bucket_encryption, name).get("ServerSideEncryptionConfiguration", {})
    yield _finding("bucket: encrypted", bool(rules), "yes" if rules else "no")
    policy = json.loads(_asked(client.get_bucket_policy, name).get("Policy", "{}"))
    denials = [
        s
        for s in policy.get("Statement", [])
        if s.get("Effect") == "Deny" and s.get("Principal") in ("*", {"AWS": "*"})
    ]
    arn = f":s3:::{name}/"
    for what, held in (
        ("TLS only", any(_denies_plain_http(s) for s in denials)),
        (
            "create only",
            all(any(_denies_overwriting(s, arn + prefix) for s in denials) for prefix in _IMMUTABLE),
        ),
        ("no deletes", all(any(_denies_deleting(s, arn + prefix) for s in denials) for prefix in _IMMUTABLE)),
    ):
        yield _finding(f"bucket: {what}", held, "in its policy" if held else "not in its policy")


def _finding(what: str, well: bool, found: str) -> Check:  # noqa: FBT001 (as Check has it)
    return Check(what, well, found, "" if well else _AGAIN)


def _asked(call: Any, name: str) -> Mapping[str, Any]:
    """Give what is configured; nothing if nothing is."""
    try:
        with refusals(f"the configuration of {name}"):
            answer: Mapping[str, Any] = call(Bucket=name)
            return answer
    except AwsRefused as error:
        if error.code.startswith("NoSuch") or error.code.endswith("NotFoundError"):
            return {}
        raise


def _denies_plain_http(statement: Mapping[str, Any]) -> bool:
    secure = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return "s3:*" in _several(statement.get("Action", [])) and str(secure).lower() == "false"


def _denies_overwriting(statement: Mapping[str, Any], resource: str) -> bool:
    absent = statement.get("Condition", {}).get("Null", {}).get("s3:if-none-match")
    return _about(statement, resource, "s3:PutObject") and str(absent).lower() == "true"


def _denies_deleting(statement: Mapping[str, Any], resource: str) -> bool:
    exempt = statement.get("Condition", {}).get("ArnNotLike", {}).get("aws:PrincipalArn")
    both = all(
        _about(statement, resource, action) for action in ("s3:DeleteObject", "s3:DeleteObjectVersion")
    )
    return both and ":role/dasier/" in str(exempt)


def _about(statement: Mapping[str, Any], resource: str, action: str) -> bool:
    resources = _several(statement.get("Resource", []))
    return action in _several(statement.get("Action", [])) and any(r.endswith(resource) for r in resources)


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]

"""Look at everything that a stage needs in AWS: what is missing or wrong, and what to do about it.

Each check stands alone: one that AWS refuses says so, and the others go on. Nothing is changed.
"""

from __future__ import annotations

import email.utils
import time
from typing import TYPE_CHECKING, Any

from dasier.aws import bucket, service
from dasier.aws.account import Account, refusals
from dasier.aws.kms import KmsSigner
from dasier.aws.stack import Stack, read_stack
from dasier.checks import Check
from dasier.errors import AwsRefused, DasierError, SettingsInvalid
from dasier.signing import TrustedKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SKEW_S = 240
"""AWS refuses requests that were signed five minutes before or after its own time."""

_OUTPUTS = ("ApiUrl", "Registry", "TrustedKeys", "UsagePlanId", "SiteKeyId")
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_PROBE = b"dasier doctor"


def checkup(
    name: str, account: Account | None = None, *, now: Callable[[], float] = time.time
) -> Iterator[Check]:
    """Give the findings on a stack, its foundation and all that belongs to them.

    Parameters
    ----------
    name : str
        Of the stack; its foundation is ``NAME-foundation``.
    account : Account
    now
        Seconds since 1970, as this machine has it.
    """
    account = account or Account()
    reached = list(_credentials(account, now))
    yield from reached
    if not all(finding.well for finding in reached):
        return  # every other check would say the same again
    yield from _told("foundation", lambda: _foundation(f"{name}-foundation", account))
    try:
        stack = read_stack(name, account)
    except AwsRefused as error:
        yield Check(
            "stack", well=False, found=str(error), advice="sam deploy, by `make stack` (docs/deploy.md)"
        )
        return
    yield _state("stack", stack)
    missing = [output for output in _OUTPUTS if output not in stack.outputs]
    yield Check(
        "outputs",
        not missing,
        ", ".join(sorted(stack.outputs)),
        f"{', '.join(missing)} missing: deploy today's template.yaml" if missing else "",
    )
    if missing:
        return
    yield from _told("bucket", lambda: bucket.findings(stack, account))
    yield from _told("signing key", lambda: _signing_key(stack, account))
    yield from _told("functions", lambda: service.functions(stack, account))
    yield from _told("prediction log", lambda: service.prediction_log(stack, account))
    yield from _told("alarms", lambda: service.alarms(stack, account))
    yield from _told("API keys", lambda: service.api_keys(stack, account))
    yield from _told("access logs", lambda: service.access_logs(account))
    yield from service.api(stack)


def _told(what: str, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Give what a check finds, or that it could not look."""
    try:
        yield from look()
    except DasierError as error:
        denied = isinstance(error, AwsRefused) and "Denied" in error.code
        advice = "ask for a role that may look at it" if denied else "docs/aws.md says how it should be"
        yield Check(what, well=False, found=str(error), advice=advice)


def _credentials(account: Account, now: Callable[[], float]) -> Iterator[Check]:
    try:
        client = account.client("sts")
    except SettingsInvalid as error:
        yield Check("region", well=False, found="none", advice=str(error))
        return
    yield Check("region", well=True, found=str(account.region))
    try:
        with refusals("to say who asks"):
            answer = client.get_caller_identity()
    except AwsRefused as error:
        skewed = error.code in {"RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch"}
        advice = "set this machine's clock" if skewed else "aws configure, or aws sso login"
        yield Check("credentials", well=False, found=str(error), advice=advice)
        return
    yield Check("credentials", well=True, found=str(answer["Arn"]))
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date:
        skew_s = now() - email.utils.parsedate_to_datetime(date).timestamp()
        advice = (
            ""
            if abs(skew_s) < SKEW_S
            else "set this machine's clock: AWS refuses requests that are 5 minutes off"
        )
        yield Check("clock", abs(skew_s) < SKEW_S, f"{skew_s:+.0f} s from AWS", advice)


def _foundation(name: str, account: Account) -> Iterator[Check]:
    try:
        stack = read_stack(name, account)
    except AwsRefused as error:
        yield Check(
            "foundation",
            well=False,
            found=str(error),
            advice="sam deploy --config-env prod-foundation (docs/deploy.md)",
        )
        return
    yield _state("foundation", stack)


def _state(what: str, stack: Stack) -> Check:
    found = f"{stack.name}: {stack.status}"
    if stack.status in _SETTLED:
        return Check(what, well=True, found=found)
    if stack.status.endswith("_IN_PROGRESS"):
        return Check(what, well=False, found=found, advice="wait until it is done, then look again")
    if stack.status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}:
        return Check(
            what,
            well=False,
            found=found,
            advice=f"it was never made: sam delete --stack-name {stack.name}, and deploy again",
        )
    return Check(
        what,
        well=False,
        found=found,
        advice="its events say why the last deployment was taken back; deploy again",
    )


def _signing_key(stack: Stack, account: Account) -> Iterator[Check]:
    alias = f"alias/dasier-{stack.stage}"
    client = account.client("kms")
    with refusals(f"the key {alias}"):
        state: dict[str, Any] = client.describe_key(KeyId=alias)["KeyMetadata"]
    enabled = state["KeyState"] == "Enabled"
    yield Check(
        "signing key",
        enabled,
        f"{alias}: {state['KeyState']}",
        "" if enabled else "aws kms enable-key, or cancel-key-deletion: nothing can be published until then",
    )
    signer = KmsSigner(alias, account)
    public = signer.public_key()
    believed = [key.strip() for key in stack.output("TrustedKeys").split(",")]
    yield Check(
        "trusted keys",
        public in believed,
        f"{len(believed)} in the stack, the signing key {'' if public in believed else 'not '}among them",
        "" if public in believed else f"in samconfig.toml add TrustedKeys={public}, and deploy",
    )
    if not enabled:
        return
    try:
        signature = signer.sign(_PROBE)
    except AwsRefused as error:
        if "AccessDenied" not in error.code:
            raise
        yield Check("signing", well=True, found="not yours to do: assume the publisher's role to publish")
        return
    TrustedKeys.parse([public]).verify(_PROBE, signature.to_dict())
    yield Check("signing", well=True, found="a signature was made, and verifies offline")

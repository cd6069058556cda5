"""``python -m deployment.stack prod``: build the image, push it to the stage's repository, deploy the stack.

It is ``sam build`` and ``sam deploy`` with what samconfig.toml cannot know: where this account keeps its images.
It runs in SAM's own environment (``make stack ARGS=prod`` makes it).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str]) -> int:
    """Build and deploy; give the exit status of what failed first."""
    if not arguments or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m deployment.stack STAGE [options of sam deploy]\n")
        return 2
    stage, *options = arguments
    config = "default" if stage == "dev" else stage
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if config not in configured:
        sys.stderr.write(f"samconfig.toml has no stage {stage}\n")
        return 2
    region = os.environ.get("AWS_REGION") or configured[config]["global"]["parameters"]["region"]
    repository = _repository(stage, region)
    sam = [str(Path(sys.executable).with_name("sam"))]
    for words in (
        ["build", "--config-env", config],
        ["deploy", "--config-env", config, "--region", region, "--image-repository", repository,
         "--no-confirm-changeset", *options],
    ):  # fmt: skip
        done = subprocess.run([*sam, *words], cwd=ROOT, check=False)  # noqa: S603 (SAM, with words of ours)
        if done.returncode:
            return done.returncode
    return 0


def _repository(stage: str, region: str) -> str:
    """Give where the images of a stage go, as the stack of foundation.yaml says."""
    name = f"dasier-{stage}-foundation"
    cloudformation: Any = boto3.client("cloudformation", region_name=region)
    outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return next(str(it["OutputValue"]) for it in outputs if it["OutputKey"] == "ImageRepository")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

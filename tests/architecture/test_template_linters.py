"""AWS's own linters find nothing to say about the templates. Each runs in an environment of its own."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.e2e import environments

REGIONS = ["eu-west-3", "us-east-1"]
TEMPLATES = ["template.yaml", "foundation.yaml", "site.yaml", "people.yaml", "github.yaml"]


def _program(environment: str, name: str) -> str:
    try:
        return str(environments.python(environment).with_name(name))
    except environments.Unavailable as why:
        pytest.skip(f"{environment} cannot be installed here: {why}")


@pytest.mark.xdist_group("linters")
def test_cfn_lint_finds_nothing():
    command = [_program("cfn-lint", "cfn-lint"), "--regions", *REGIONS, "--", *TEMPLATES]

    found = subprocess.run(command, cwd=environments.ROOT, capture_output=True, text=True, check=False)

    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


@pytest.mark.xdist_group("linters")
def test_sam_validates_the_template_and_lints_it(tmp_path):
    command = [_program("aws-sam-cli", "sam"), "validate", "--lint", "--template-file", "template.yaml"]
    # Nobody's account: what is validated is the file.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {
        "AWS_DEFAULT_REGION": "eu-west-3",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }

    found = subprocess.run(
        command, cwd=environments.ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert found.returncode == 0, found.stdout + found.stderr
    assert "is a valid SAM Template" in found.stdout


def test_a_template_with_a_mistake_is_found_out(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("Resources: {Bucket: {Type: AWS::S3::Bucket, Properties: {BucketNam: x}}}")

    found = subprocess.run(
        [_program("cfn-lint", "cfn-lint"), str(wrong)], capture_output=True, text=True, check=False
    )

    assert found.returncode != 0
    assert "BucketNam" in found.stdout

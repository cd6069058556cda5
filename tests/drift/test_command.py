"""`dasier drift` on a folder with a log."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from click.testing import CliRunner

from dasier.cli.group import dasier
from dasier.store import open_store
from tests.drift.test_monitor import leaves
from tests.drift.traffic import Callers
from tests.models import SIGNER, Shop

if TYPE_CHECKING:
    from pathlib import Path


def test_the_table_names_what_has_drifted_and_since_when_and_it_can_be_drawn(tmp_path: Path) -> None:
    url, picture = f"file://{tmp_path}/store", tmp_path / "drift.png"
    callers = Callers("leaves", shop=Shop(open_store(url)))
    callers.days(2, 120, leaves)
    callers.days(2, 120, lambda day: leaves(day) | {"lobes": 9.0}, first=2)
    asked = ["drift", "leaves", "--since", "2026-10-01", "--registry", url]
    environment = {"DASIER_TRUSTED_KEYS": SIGNER.public_key()}

    told = CliRunner().invoke(dasier, [*asked, "--plot", str(picture)], env=environment)
    machine = CliRunner().invoke(dasier, [*asked, "--json"], env=environment)

    nowhere = CliRunner().invoke(
        dasier, [*asked, "--html", str(tmp_path / "no" / "page.html")], env=environment
    )

    assert told.exit_code == 0, told.output
    line = next(line for line in told.output.splitlines() if line.startswith("lobes"))
    assert "2026-10-03" in line
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert nowhere.exit_code == 1
    assert "page.html cannot be written: No such file or directory" in nowhere.stderr
    assert "column lobes" in json.loads(machine.stdout)["alarmed"]


def test_a_plot_without_matplotlib_is_refused_before_the_log_is_read(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("matplotlib", "dasier.drift.plots"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "dasier.building.plots", raising=False)

    told = CliRunner().invoke(
        dasier, ["drift", "leaves", "--plot", "drift.png", "--registry", f"file://{tmp_path}/none"]
    )

    assert told.exit_code == 1
    assert "dasier[build]" in told.stderr

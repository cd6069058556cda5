"""What served when and why, as people read it at a terminal and as a pipe takes it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from dasier.registry import Registry
from dasier.releases import Canary, Release
from dasier.signing import TrustedKeys
from dasier.store import open_store
from tests.models import ROOT

REASON = (
    "Recall of Chinstrap fell from 0.98 to 0.61 on the birds of Torgersen that were weighed in the second half of "
    "November, with 95 % confidence by at least 0.21, on 4,113 requests; the older version goes on meanwhile."
)
HOSTILE = "quiet\x1b[31m\x1b]0;owned\x07 reason\r\nno. 1 promote \u202eDECROF\u2069 | <b>[bold]x[/bold]"
FAILED = {
    "rule": "comparison",
    "passed": False,
    "detail": "On the same 83 held-out rows balanced_accuracy is 0.9133, and 0.9867 for version 1: worse by 0.0734.",
    "figures": {"compared": True, "serving": 1, "metric": "balanced_accuracy", "rows": 83, "value": 0.9133,
                "serving_value": 0.9867, "slices": [{"slice": "sex = female", "passed": False}], "breaks": []},
}  # fmt: skip


def at_a_terminal(folder: Path, *arguments: str, columns: int) -> str:
    """Run a command whose output is a terminal of a width, and give what it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "CI")
    } | {"TERM": "xterm", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "dasier", *arguments],
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment,
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                chunk = os.read(ours, 65_536)
            except OSError:  # how a terminal says that nobody writes any more
                break
            if not chunk:
                break
            written += chunk
        assert process.wait() == 0, written
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", written.decode().replace("\r\n", "\n"))  # without bold and colours


@pytest.fixture
def log(serving, build):
    """Give a terminal with a log of all kinds, among them a forced promotion, and a version that was refused."""
    serving.done("publish", str(build))
    registry = Registry(open_store(f"file://{serving.folder}/.dasier/store"), TrustedKeys.parse(()))
    registry.record_verdict("cells", 2, {
        "name": "cells", "version": 2, "passed": False, "when": "2026-11-23T14:02:11.204Z", "who": "gate",
        "against": 1, "gate": {}, "rules": [FAILED],
    })  # fmt: skip
    serving.done("promote", "cells", "2", "--force", "--reason", REASON)
    serving.done("rollback", "cells", "--reason", HOSTILE)
    registry.append("cells", Release(
        number=4, id="x", action="canary", serving=1, previous=1, canary=Canary(2, 10), who="gate",
        why=REASON, when="2026-11-23T14:02:11.204Z",
    ))  # fmt: skip
    return serving


@pytest.mark.parametrize("command", [("releases",), ("versions",)])
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(log, command, columns):
    written = at_a_terminal(log.folder, *command, "cells", columns=columns)

    assert max(len(line.rstrip()) for line in written.splitlines()) <= columns


def test_a_long_reason_reads_as_a_paragraph_at_80_columns(log):
    written = at_a_terminal(log.folder, "releases", "cells", columns=80)

    lines = [line.rstrip() for line in written.splitlines()]
    header = next(n for n, line in enumerate(lines) if line.endswith("why"))
    start = lines[header].index("why")
    newest = lines[header + 2 : lines.index("", header)]
    assert " ".join(line[start:].strip() for line in newest) == REASON
    assert len(newest) <= 10
    assert "FORCED" in written


def test_a_reason_does_nothing_to_a_terminal(log):
    written = at_a_terminal(log.folder, "releases", "cells", columns=200)

    assert "\x1b]0;owned" not in written
    assert "\x07" not in written
    assert "\u202e" not in written
    assert "<b>[bold]x[/bold]" in written


def test_in_a_pipe_a_release_is_a_line(log):
    header, *rows = log.done("releases", "cells").splitlines()

    assert header.split() == ["no.", "when", "(UTC)", "action", "from", "→", "to", "canary", "who", "why"]
    assert [row.split()[0] for row in rows] == ["4", "3", "2", "1"]
    assert rows[0].endswith(REASON)
    assert "2 (10%)" in rows[0]
    assert "promote FORCED" in rows[2]
    assert "1→2" in rows[2]
    assert "-→1" in rows[3]
    assert not any("\x1b" in row for row in rows)


def test_versions_say_the_first_rule_that_failed_in_words(log):
    header, newest, oldest = log.done("versions", "cells").splitlines()

    assert header.split() == ["version", "now", "built", "(UTC)", "by", "runtime", "measured", "verdict"]
    assert newest.endswith(
        "Refused. It is worse than the version that served, or nothing shows that it is not."
    )
    assert "canary 10%" in newest
    assert "serves" in oldest
    assert oldest.endswith("Passed.")


def test_a_version_that_is_not_to_be_believed_is_listed_as_such(log):
    manifest = log.folder / ".dasier/store/models/cells/versions/000002.manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed":1', '"seed":2'))

    assert "not to be believed" in log.done("versions", "cells").splitlines()[1]
    assert [one["trusted"] for one in log.json("versions", "cells")["versions"]] == [False, True]


def test_only_the_newest_are_shown_and_how_to_see_the_others(log):
    result = log.run("releases", "cells", "--limit", "2")

    assert len(result.stdout.splitlines()) == 3
    assert "2 older: --limit shows more." in result.stderr
    assert "1 older" in log.run("versions", "cells", "--limit", "1").stderr


def test_a_verdict_that_was_written_is_shown_in_full_without_judging(log):
    result = log.run("verify", "cells", "2")

    assert result.exit_code == 1
    assert "does not pass (judged 2026-11-23 14:02 UTC by gate, held against version 1)" in result.stdout
    assert "FAIL  comparison  " + FAILED["detail"] in result.stdout
    for figure in (
        "rows 83",
        "value 0.9133",
        "slices[1].slice sex = female",
        "slices[1].passed no",
        "breaks none",
    ):
        assert figure in result.stdout
    assert "Judging" not in result.stderr


def test_machines_get_the_verdict_as_it_was_written(log):
    shown = json.loads(log.run("verify", "cells", "2", "--json").stdout)

    assert shown["verdicts"][0]["rules"] == [FAILED]
    assert log.json("versions", "cells")["versions"][0]["verdict"]["rules"] == [FAILED]
    assert log.json("releases", "cells")["releases"][2]["forced"] is True

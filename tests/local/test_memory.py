"""Counted in processes of their own: the C library decides once, with the first thread."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")

COUNT = """
import threading
from dasier.local.memory import few_heaps

if {asked}:
    few_heaps()
begin, end = threading.Barrier(17), threading.Barrier(17)

def work():
    begin.wait()
    held = [bytes(10_000) for _ in range(100)]
    end.wait()

for _ in range(16):
    threading.Thread(target=work, daemon=True).start()
begin.wait()
end.wait()
with open("/proc/self/maps") as maps:
    starts = [(int(line.split("-")[0], 16), line.split()) for line in maps]
# A heap of a thread begins at a multiple of 64 MB.
print(sum(start % (64 << 20) == 0 and words[1] == "rw-p" and len(words) == 5 for start, words in starts))
"""


def heaps(*, asked: bool, **setting: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    command = [sys.executable, "-c", COUNT.format(asked=asked)]
    done = subprocess.run(command, env=environment | setting, capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_threads_share_two_heaps() -> None:
    assert heaps(asked=False) > 2
    assert heaps(asked=True) <= 1  # the other is the process's first, which is elsewhere


def test_who_sets_the_number_decides() -> None:
    assert heaps(asked=True, MALLOC_ARENA_MAX="8") > 2

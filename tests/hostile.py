"""Models that misbehave, importable where they are rehearsed."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dasier.deferring import waiting


class Segfault:
    """Takes its process down."""

    def predict(self, matrix: Any) -> Any:
        ctypes.string_at(0)


class Hang:
    """Never answers."""

    def predict(self, matrix: Any) -> Any:
        while True:
            pass


class Glutton:
    """Takes all memory that it can get."""

    def predict(self, matrix: Any) -> Any:
        return np.ones(2**40)


class Hoarder:
    """Takes more memory than it may, and answers."""

    def predict(self, matrix: Any) -> Any:
        self.hoard = np.ones(8_000_000)
        return np.full(len(matrix), 1.0)


class Leaver:
    """Ends its process as if all were well."""

    def predict(self, matrix: Any) -> Any:
        sys.stdout.write('{"memory_bytes": 1, "load_ms": 1.0, "answer_ms": 1.0}\n')
        sys.stdout.flush()
        os._exit(0)


class Chatter:
    """Answers, and prints."""

    def predict(self, matrix: Any) -> Any:
        sys.stdout.write("{}\n\xff done\n")
        return np.full(len(matrix), 1.0)


class Forger:
    """Answers, and says at its end that it was measured."""

    def __init__(self, said: str) -> None:
        self.said = said

    def predict(self, matrix: Any) -> Any:
        atexit.register(sys.stdout.write, f"\ndasier.stage: {self.said}\n")
        return np.full(len(matrix), 1.0)


class Needy:
    """Needs what is not there where models are served."""

    def predict(self, matrix: Any) -> Any:
        import pandas as pd

        return pd.DataFrame(matrix)[0].to_numpy()


class Moody:
    """Answers otherwise each time."""

    def predict(self, matrix: Any) -> Any:
        return np.random.default_rng().normal(size=len(matrix))


class Steady:
    """Answers well."""

    def predict(self, matrix: Any) -> Any:
        return np.full(len(matrix), 1.0)


class Nosy:
    """Writes down the environment that it finds, and answers well."""

    def __init__(self, path: str) -> None:
        self.path = path

    def predict(self, matrix: Any) -> Any:
        Path(self.path).write_text(repr(dict(os.environ)))
        return np.full(len(matrix), 1.0)


class Fussy:
    """Answers golden records, and not many rows."""

    def predict(self, matrix: Any) -> Any:
        if len(matrix) > 10:
            raise ValueError("cannot answer so many rows")
        return np.full(len(matrix), 1.0)


class Vague:
    """Answers golden records, and many rows with what is no number."""

    def predict(self, matrix: Any) -> Any:
        return np.full(len(matrix), 1.0 if len(matrix) <= 10 else np.nan)


class Spy:
    """Looks for the truth of held-out rows in the folder that it is rehearsed in."""

    def predict(self, matrix: Any) -> Any:
        for path in Path(sys.argv[1]).rglob("*"):
            if path.is_file() and b'"target"' in path.read_bytes():
                raise ValueError("the truth is here")
        return np.full(len(matrix), 1.0)


class Babbler:
    """Prints without end."""

    def predict(self, matrix: Any) -> Any:
        while True:
            sys.stdout.write("na" * 500_000)


class Parent:
    """Starts a process that would outlive it, and notes its number."""

    def __init__(self, note: str) -> None:
        self.note = note

    def predict(self, matrix: Any) -> Any:
        if not Path(self.note).exists():
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            Path(self.note).write_text(str(child))
        return np.full(len(matrix), 1.0)


class Dawdler:
    """Answers golden records at once, and three rows when it is let: it waits, or computes, in Python or beyond it."""

    let = threading.Event()
    seen: ClassVar[list[int]] = []

    def __init__(self, how: str = "waits") -> None:
        self.how = how

    def predict(self, matrix: Any) -> Any:
        self.seen.append(threading.get_ident())
        if len(matrix) == 3:
            getattr(self, self.how)()
        return np.full(len(matrix), 1.0)

    def waits(self) -> None:
        self.let.wait(10)

    def loops(self) -> None:
        end_s = time.monotonic() + 10
        while not self.let.is_set() and time.monotonic() < end_s:
            pass

    def sorts(self) -> None:
        numbers = np.random.default_rng(0).random(2_000_000)
        end_s = time.monotonic() + 10
        while not self.let.is_set() and time.monotonic() < end_s:
            np.sort(numbers)


class Purist:
    """Answers a little otherwise where imports are put off: within what golden records allow."""

    def predict(self, matrix: Any) -> Any:
        return np.full(len(matrix), 1.0 + 1e-12 * bool(waiting()))


class Classicist:
    """Does not answer where imports are put off."""

    def predict(self, matrix: Any) -> Any:
        if waiting():
            raise TypeError("a module has no body")
        return np.full(len(matrix), 1.0)

"""Loaded versions: each loaded once however many ask, and never more than the budget holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dasier.errors import DasierError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dasier.serving.loading import Loaded

Key = tuple[str, int]

_MOST_FAILURES = 1_000


@dataclass(slots=True)
class _Failure:
    """Why a version was not loaded, and until when that is believed."""

    error: DasierError
    until_s: float


@dataclass
class LoadedVersions:
    """The least recently used go first.

    Attributes
    ----------
    budget_bytes : int
        What all of them may take together; a version that is larger is held alone.
    load : callable
        Loads one version.
    clock : callable
        Monotonic seconds.
    retry_s : float
        How long a version that failed to load is not tried again.
    """

    budget_bytes: int
    load: Callable[[str, int], Loaded]
    clock: Callable[[], float]
    retry_s: float = 5.0
    _held: OrderedDict[Key, Loaded] = field(default_factory=OrderedDict)
    _failed: dict[Key, _Failure] = field(default_factory=dict)
    _loading: dict[Key, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str, version: int) -> Loaded:
        """Give a version, loading it if nobody has; others that ask meanwhile wait for that one.

        Raises
        ------
        DasierError
            Whatever loading raised, at once for `retry_s` after it did.
        """
        key = name, version
        with self._guard:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held
            lock = self._loading.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                if key in self._held:
                    return self._held[key]
                failure = self._failed.get(key)
            if failure is not None and self.clock() < failure.until_s:
                raise _bare(failure.error)
            return self._load(key)

    def held(self, name: str, version: int) -> Loaded | None:
        """Give a version if it is loaded."""
        return self._held.get((name, version))

    @property
    def size_bytes(self) -> int:
        """What the loaded versions take together."""
        with self._guard:
            return self._size()

    def __len__(self) -> int:
        """Give how many versions are loaded."""
        return len(self._held)

    def _load(self, key: Key) -> Loaded:
        try:
            loaded = self.load(*key)
        except DasierError as error:
            with self._guard:
                self._loading.pop(key, None)
                self._remember(key, error)
            raise
        except BaseException:
            with self._guard:
                self._loading.pop(key, None)
            raise
        with self._guard:
            self._failed.pop(key, None)
            # Room is made before it goes in, and whoever asks from now on finds it: only then is the lock let go.
            while self._held and self._size() + loaded.size_bytes > self.budget_bytes:
                self._held.popitem(last=False)
            self._held[key] = loaded
            self._loading.pop(key, None)
        return loaded

    def _remember(self, key: Key, error: DasierError) -> None:
        """Keep a failure for a while."""
        now_s = self.clock()
        if len(self._failed) >= _MOST_FAILURES:
            self._failed = {k: failure for k, failure in self._failed.items() if failure.until_s > now_s}
            if len(self._failed) >= _MOST_FAILURES:
                self._failed.clear()
        self._failed[key] = _Failure(_bare(error), now_s + self.retry_s)

    def _size(self) -> int:
        return sum(loaded.size_bytes for loaded in self._held.values())


def _bare(error: DasierError) -> DasierError:
    """Give an error that says the same, without the frames in which it happened, and without its causes, which have some too.

    They hold the version's bytes, and the requests of all who were told. It is made without its constructor, which
    would take facts that only whoever raised it knew.
    """
    bare: DasierError = type(error).__new__(type(error), *error.args)
    vars(bare).update(vars(error))
    return bare

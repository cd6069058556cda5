"""Imports that are put off until they are used.

A process that starts pays for all that its libraries import, and uses little of it: scikit-learn imports nearly all of
itself and of scipy, whichever estimator is unpickled. Inside `deferring` the modules of a list are found, but
their bodies are not run. ``import scipy.stats`` gives a module whose body runs when something of it is asked for, and
``from scipy.stats import rankdata`` gives a `Later`, which asks for it when it is called, subclassed or looked into.
A package that is put off is there for what stands in it: ``sklearn.tree._tree`` is imported at once, and the rest of
``sklearn.tree`` is not. What has run is as if it had never been put off: it is the same module object, and what it
defines stands wherever a `Later` stood in its importers.

A `Later` is no class and no function, and code that compares it, catches it or asks for its type goes wrong. What is
put off at the start of a function (`dasier.serving.unused`) is therefore named and tested; whether a model answers
the same on a scikit-learn with holes (`dasier.runtimes.sklearn`) is tried when it is built (`dasier.building.lazily`).

Nothing is imported here that a bare Python has not loaded: `importlib.abc` would bring twenty modules.

Threads: what is put off is put off for the thread inside `deferring` alone. A body is run by Python's own import, under
its lock for that module: two threads that ask at once run it once, and those that wait for each other in a ring do not
wait for ever.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder, SourceFileLoader
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec

_GIVEN_BY_IMPORT = frozenset({"__cached__", "__file__", "__loader__", "__package__", "__path__", "__spec__"})
"""What the import of a module sets, and asks for before it does: nothing of its body."""

_here = threading.local()
_waiting: dict[str, Deferred] = {}
_guard = threading.Lock()


@contextmanager
def deferring(names: frozenset[str]) -> Iterator[None]:
    """Put off the bodies of the modules of those names that this thread imports in the meantime."""
    with _guard:
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)
    before = _names()
    _here.names = names
    try:
        yield
    finally:
        _here.names = before


def waiting() -> frozenset[str]:
    """Give the names of the modules that are imported and whose bodies have not run."""
    return frozenset(_waiting)


def run_all() -> None:
    """Run every body that was put off: the process is then as if everything had been imported at once."""
    while _waiting:
        for module in list(_waiting.values()):
            _run(module)


def found(thing: Any) -> Any:
    """Give what a `Later` stands for; anything else as it is."""
    if type(thing) is not Later:
        return thing
    module, name, keys = thing._of, thing._name, thing._keys  # noqa: SLF001 (ours)
    if type(module) is Deferred:
        _run(module)
    real = getattr(module, name)
    for key in keys:
        real = real[key]
    return real


class Later:
    """What a module that is put off defines under a name, looked up when it is needed."""

    __slots__ = ("_keys", "_name", "_of")

    def __init__(self, module: Deferred, name: str, keys: tuple[Any, ...] = ()) -> None:
        self._of, self._name, self._keys = module, name, keys

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call it."""
        return found(self)(*given, **named)

    def __getattr__(self, name: str) -> Any:
        """Give an attribute of it."""
        return getattr(found(self), name)

    def __getitem__(self, key: Any) -> Any:
        """Give an element of it, which is put off as well: annotations ask for such, and are read by nobody."""
        if self._of.__name__ in _names():
            return Later(self._of, self._name, (*self._keys, key))
        return found(self)[key]

    def __iter__(self) -> Iterator[Any]:
        """Give its elements."""
        return iter(found(self))

    def __len__(self) -> int:
        """Give how many elements it has."""
        return len(found(self))

    def __contains__(self, thing: object) -> bool:
        """Say whether something is an element of it."""
        return thing in found(self)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        """Stand for it in a list of base classes."""
        del bases
        return (found(self),)

    def __instancecheck__(self, thing: object) -> bool:
        """Say whether something is an instance of it."""
        return isinstance(thing, found(self))

    def __subclasscheck__(self, kind: type) -> bool:
        """Say whether a class is a subclass of it."""
        return issubclass(kind, found(self))


class Deferred(ModuleType):
    """A module that is imported, and whose body is run when something of it is asked for."""

    _names: frozenset[str]
    _holders: list[dict[str, Any]]
    _begun: bool

    def __getattr__(self, name: str) -> Any:
        """Give what the module defines: a `Later` while imports are put off, and then the thing itself."""
        if name in _GIVEN_BY_IMPORT:
            raise AttributeError(name)
        if not self._begun and self._has_submodule(name):
            return import_module(f"{self.__name__}.{name}")  # `from package import module` asks for no more
        if not self._begun and self.__name__ in _names() and not name.startswith("__"):
            # A submodule that there may be, or not: scipy tries.
            if name.startswith("_") and "__path__" in vars(self):
                raise AttributeError(name)
            self._holders.append(sys._getframe(1).f_globals)  # noqa: SLF001 (whoever imports the name)
            return Later(self, name)
        _run(self)
        return ModuleType.__getattribute__(self, name)

    def _has_submodule(self, name: str) -> bool:
        path = vars(self).get("__path__")
        return path is not None and PathFinder.find_spec(f"{self.__name__}.{name}", path) is not None


def _run(module: Deferred) -> None:
    """Run a module's body if nobody has begun to, and wait for whoever has."""
    with _guard:
        if not vars(module).get("_begun", True):  # without it, it is a module like any other by now
            vars(module)["_begun"] = True
            sys.modules.pop(module.__name__, None)  # so that it is imported anew, into this very object
    __import__(module.__name__)


class _Finder:
    """Finds the modules that are put off, and those that were when their bodies are to run."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        del target
        module = _waiting.get(fullname)
        if module is None and fullname not in _names():
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.loader = cast("Loader", _Later(_names()) if module is None else _Now(spec.loader, module))
        return spec


class _Later:
    """Makes a module without its body."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def create_module(self, spec: ModuleSpec) -> Deferred:
        module = Deferred(spec.name)
        vars(module).update(_names=self._names, _holders=[], _begun=False)
        _waiting[spec.name] = module
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it for later."""


class _Now:
    """Runs the body of a module that was made without it; what that imports is put off in its turn."""

    def __init__(self, loader: SourceFileLoader, module: Deferred) -> None:
        self._loader, self._module = loader, module

    def create_module(self, spec: ModuleSpec) -> Deferred:
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None  # noqa: S101 (for mypy: the import has just set it)
        module.__loader__ = module.__spec__.loader = self._loader
        with deferring(self._module._names):  # noqa: SLF001 (made above)
            self._loader.exec_module(module)
        _waiting.pop(module.__name__, None)
        holders = vars(module)["_holders"]
        for name in ("_names", "_holders", "_begun"):
            vars(module).pop(name)
        module.__class__ = ModuleType
        for holder in holders:
            _put_in_place(module, holder)


def _put_in_place(module: ModuleType, holder: dict[str, Any]) -> None:
    """Give an importer what a module defines, where it holds a `Later`."""
    for name, thing in list(holder.items()):
        if type(thing) is Later and thing._of is module:  # noqa: SLF001 (ours)
            holder[name] = found(thing)


def _names() -> frozenset[str]:
    names: frozenset[str] = getattr(_here, "names", frozenset())
    return names


_FINDER = _Finder()

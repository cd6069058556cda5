"""What executes a model. Every runtime answers through one small protocol.

A runtime is a module with ``load(blob, schema) -> Model`` and ``requirements() -> dict``. It is
imported only when a version names it, so that no other runtime costs a cold start anything. A
blob reaches `load` only after its signature, binding and digest were checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from dasier.errors import FormatUnknown, LibraryMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from dasier.rows import Rows
    from dasier.schema import Schema

NAMES = ("arrays", "onnx", "sklearn")
"""Every runtime, in the order in which a build tries them. A manifest that names another is refused."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a model answers for n rows, in their order.

    Attributes
    ----------
    predictions : ndarray, shape (n,)
        Class labels in the dtype of the estimator's classes, or float64 for a regression.
    probabilities : ndarray of float64, shape (n, n_classes), or None
        In the order of ``schema.output.classes``; each row sums to 1.
    scores : ndarray of float64, shape (n,), or None
        An anomaly detector's decision function; below 0 is an anomaly.
    """

    predictions: np.ndarray[Any, Any]
    probabilities: np.ndarray[Any, Any] | None = None
    scores: np.ndarray[Any, Any] | None = None

    def unanswered(self) -> np.ndarray[Any, Any]:
        """Give the places of the rows with a number that is not finite: no caller gets such an answer."""
        import numpy as np  # noqa: PLC0415 (whoever only names a runtime needs none)

        broken = np.zeros(0, dtype=bool)
        for numbers in (self.predictions, self.probabilities, self.scores):
            if numbers is not None and numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
                lacking = ~np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)
                broken = broken | lacking if broken.size else lacking
        return np.flatnonzero(broken)


class Model(Protocol):
    """A loaded version."""

    def predict(self, rows: Rows) -> Outputs:
        """Answer every row, in order."""
        ...


class Runtime(Protocol):
    """What a runtime's module offers."""

    def load(self, blob: bytes, schema: Schema) -> Model:
        """Give a model from verified bytes."""
        ...

    def requirements(self) -> dict[str, str]:
        """Give the installed version of each library that a blob depends on."""
        ...

    def compatible(self, library: str, *, built_with: str, installed: str) -> bool:
        """Say whether a blob built with one version of a library may run on another."""
        ...


class LazyRuntime(Runtime, Protocol):
    """What a runtime's module offers whose libraries can be imported piece by piece."""

    def load_lazily(self, blob: bytes, schema: Schema) -> Model:
        """Give a model from verified bytes, with imports that are put off (`dasier.deferring`)."""
        ...


def runtime(name: str) -> Runtime:
    """Give a runtime's module.

    Raises
    ------
    FormatUnknown
        If no runtime of this release has that name.
    """
    if name not in NAMES:
        raise FormatUnknown(f"runtime {name}", known=1)
    return cast("Runtime", import_module(f"dasier.runtimes.{name}"))


def check_requirements(name: str, requires: Mapping[str, str]) -> None:
    """Refuse a version that was built with libraries which cannot run it here.

    Raises
    ------
    LibraryMismatch
        Naming the library and both versions.
    """
    module = runtime(name)
    installed = module.requirements()
    for library, here in installed.items():
        built_with = requires.get(library, "an unknown version")
        if not module.compatible(library, built_with=built_with, installed=here):
            raise LibraryMismatch(library, built_with=built_with, installed=here)


def classes_of(schema: Schema) -> np.ndarray[Any, Any]:
    """Give the classes as an array in the dtype that scikit-learn gives them."""
    import numpy as np  # noqa: PLC0415 (whoever only names a runtime needs none)

    classes = schema.output.classes
    return np.array(classes, dtype=object if any(isinstance(label, str) for label in classes) else None)


def load(name: str, blob: bytes, schema: Schema, *, lazily: bool = False) -> Model:
    """Give a model from verified bytes, on the runtime of that name.

    Parameters
    ----------
    name, blob, schema
    lazily
        Whether what answering is not known to need is imported when it is used: only `sklearn` has such.
    """
    module = runtime(name)
    if lazily:
        return cast("LazyRuntime", module).load_lazily(blob, schema)
    return module.load(blob, schema)


def blamed(model: Model, rows: Rows, *, most: int) -> list[int]:
    """Give the first rows that a model refuses with a ValueError, at most so many, by halving."""
    found: list[int] = []
    parts = [(0, len(rows))]
    while parts and len(found) < most:
        start, stop = parts.pop()
        try:
            model.predict(rows.take(slice(start, stop)))
        except ValueError:
            if stop - start == 1:
                found.append(start)
            else:
                middle = (start + stop) // 2
                parts += [(middle, stop), (start, middle)]
    return found

"""Where the classes that one part of a model knows stand among those of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dasier.building.arrays.refusing import refused

if TYPE_CHECKING:
    from numpy.typing import NDArray


def places_of(classes: Any, known: Any) -> NDArray[np.int64]:
    """Give the position of each known class, shape (n_known,).

    Parameters
    ----------
    classes : shape (n_classes,)
        Of the whole, in any order.
    known : shape (n_known,)
        Of the part.

    Raises
    ------
    EstimatorUnsupported
        If the part knows a class that the whole does not.
    """
    classes, known = np.asarray(classes), np.asarray(known)
    order = np.argsort(classes)
    places = np.asarray(order[np.searchsorted(classes, known, sorter=order) % len(order)], dtype=np.int64)
    if not np.array_equal(classes[places], known):
        raise refused("a part that knows other classes than the whole")
    return places

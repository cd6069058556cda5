"""Clusters of two versions: their numbers mean nothing, so they are matched by the rows that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def matched(
    old: NDArray[np.str_], new: NDArray[np.str_], *, version: int
) -> tuple[NDArray[np.str_], dict[str, Any]]:
    """Give the new labels under the names of the old clusters that they match, and the matching.

    Each cluster is matched with one at most, so that as many rows as possible keep theirs (the assignment problem;
    Kuhn 1955). One that is left over keeps its number, with the version that it is of. The adjusted Rand index
    (Hubert and Arabie 1985) needs no matching: 1 for the same clusters, 0 for what chance gives.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - of clusterings only
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415

    ours, first = np.unique(old, return_inverse=True)
    theirs, second = np.unique(new, return_inverse=True)
    shared = np.zeros((len(ours), len(theirs)), dtype=np.intp)
    np.add.at(shared, (first, second), 1)
    pairs = [(row, column) for row, column in zip(*linear_sum_assignment(-shared), strict=True)]
    pairs = [(row, column) for row, column in pairs if shared[row, column]]
    named = {str(theirs[column]): str(ours[row]) for row, column in pairs}
    renamed = [named.get(label, f"{label} of version {version}") for label in new.tolist()]
    told = {
        "matching": [
            {"old": str(ours[row]), "new": str(theirs[column]), "rows": int(shared[row, column])}
            for row, column in pairs
        ],
        "adjusted_rand": float(adjusted_rand_score(old, new)),
    }
    return np.array(renamed, dtype=np.str_), told

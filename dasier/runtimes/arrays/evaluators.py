"""What evaluates each kind of node. A kind that is not here is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.errors import FormatUnknown
from dasier.runtimes.arrays import (
    bayes,
    calibration,
    columns,
    ensembles,
    gaussian_processes,
    kernels,
    models,
    neighbours,
    scaling,
    support_vectors,
)
from dasier.runtimes.arrays.container import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dasier.runtimes.arrays.container import Node

KINDS: dict[str, Callable[..., Callable[[Any], Any]]] = {
    kind: make
    for module in (
        bayes,
        calibration,
        columns,
        ensembles,
        gaussian_processes,
        kernels,
        models,
        neighbours,
        scaling,
        support_vectors,
    )
    for kind, make in module.KINDS.items()
}
"""By kind: what makes of a node and its parts a function of the rows."""


def evaluator(node: Node) -> Callable[[Any], Any]:
    """Give the function that a node stands for.

    Raises
    ------
    FormatUnknown
        If a later release of DASIER wrote it.
    """
    make = KINDS.get(node.kind)
    if make is None:
        raise FormatUnknown(f"arrays of the kind {node.kind[:60]}", known=FORMAT)
    return make(node, [evaluator(part) for part in node.parts])

"""A fitted estimator's numbers as plain arrays, for `dasier.runtimes.arrays`.

Each kind of estimator has a function here that reads its fitted attributes and gives a node. Classes are told
apart by what they are exactly: a subclass may do anything in its `predict`. Nothing here is trusted:
`dasier.building.parity` tries the result against the estimator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dasier.building.arrays.columns import Width, answering
from dasier.building.candidate import Candidate, Refused
from dasier.building.detach import for_tensors
from dasier.errors import EstimatorUnsupported
from dasier.runtimes.arrays.container import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sklearn.base import BaseEstimator

    from dasier.schema import Schema


def candidates(estimator: BaseEstimator, schema: Schema) -> Iterator[Candidate | Refused]:
    """Give the arrays to be tried, or the reason why there are none.

    Parameters
    ----------
    estimator
        Fitted on a DataFrame with the schema's columns, or on an array of them in schema order.
    schema
    """
    width = Width(len(schema.number_columns), len(schema.text_columns))
    try:
        blob = pack(answering(for_tensors(estimator, schema), width))
    except EstimatorUnsupported as error:
        yield Refused("arrays", "float64", str(error))
    except Exception as error:  # noqa: BLE001 (private attributes may be anything; another runtime is tried, the reason shown)
        reason = f"the arrays cannot be made: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        yield Refused("arrays", "float64", reason)
    else:
        yield Candidate("arrays", "float64", blob)

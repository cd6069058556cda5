"""Rows that fit a schema, held the way a runtime wants them.

Every wire format ends here, so that a rule is written once and a row gets the same treatment
whichever way it came: `reading` reads the layouts, `cells` the cells of a column, `judging`
holds them to the schema, `held` is what comes out, and `pointers` says where things stand.
"""

from dasier.rows.faults import MAX_VIOLATIONS
from dasier.rows.floats import floats
from dasier.rows.held import Rows, RowWarning, concatenate
from dasier.rows.pointers import Pointer, pointer_in, pointer_step
from dasier.rows.reading import from_arrays, from_columns, from_records, from_table

__all__ = [
    "MAX_VIOLATIONS",
    "Pointer",
    "RowWarning",
    "Rows",
    "concatenate",
    "floats",
    "from_arrays",
    "from_columns",
    "from_records",
    "from_table",
    "pointer_in",
    "pointer_step",
]

"""What the function that predicts puts off at its start (`dasier.deferring`): most answers never use it.

Whoever does use one has it run then: the wire format that a caller speaks, say.
"""

from __future__ import annotations

UNUSED = frozenset(
    """
    concurrent.futures ctypes difflib gzip pathlib pickle platform random secrets tempfile urllib.parse uuid
    cryptography.hazmat.primitives.asymmetric.ec cryptography.hazmat.primitives.hashes
    cryptography.hazmat.primitives.serialization
    numpy._core._add_newdocs numpy._core._add_newdocs_scalars numpy._typing
    dasier.serving.formats.mlflow dasier.serving.formats.oip dasier.serving.formats.oip_outputs
    dasier.serving.formats.oip_tensors dasier.serving.formats.table_csv dasier.serving.formats.vetiver
    """.split()  # noqa: SIM905 (to be read)
)
"""Modules for programs that sign and publish, the docstrings and types of numpy, and all but our own wire format."""

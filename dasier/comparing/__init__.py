"""Shadow by replay: what would change for callers if another version served.

Two versions answer the same rows (`sources`), each in a process of its own (`answering`, `pairing`); what differs is
told by label or number (`labels`, `clusters`, `numbers`), by part of the rows (`slices`), and against the truth where it
is known (`truths`), in one document (`report`) that can be drawn (`plots`).
"""

from dasier.comparing.pairing import manifests
from dasier.comparing.report import EXAMPLES, Comparison, compare
from dasier.comparing.sources import Source, from_file, from_held_out, from_log

__all__ = [
    "EXAMPLES",
    "Comparison",
    "Source",
    "compare",
    "from_file",
    "from_held_out",
    "from_log",
    "manifests",
]

"""Mutants of modules, by mutmut's operators: run by the interpreter of an environment that holds mutmut.

    python mutants.py SEED SAMPLE FILE…

prints JSON: how many mutants there are of the files, and a random sample of them (0: all). Left out are those
of sentences (a string with a space is words for people), of annotations, of decorated functions and of a module's constants.
"""

from __future__ import annotations

import difflib
import json
import random
import sys
from pathlib import Path

import libcst
from libcst.metadata import MetadataWrapper
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode


def main(seed: str, sample: str, *paths: str) -> None:
    """Print the mutants."""
    every = []
    for path in paths:
        source = Path(path).read_text(encoding="utf-8")
        visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
        module = MetadataWrapper(libcst.parse_module(source)).visit(visitor)
        every += [(path, source, module, one) for one in visitor.mutations if _counts(one)]
    random.Random(seed).shuffle(every)  # noqa: S311 - so a larger sample holds the smaller
    mutants = [_mutant(*one) for one in every[: int(sample) or len(every)]]
    print(json.dumps({"population": len(every), "mutants": [one for one in mutants if one]}))


def _counts(mutation: Mutation) -> bool:
    node = mutation.original_node
    sentence = isinstance(node, libcst.SimpleString) and " " in node.value
    return mutation.contained_by_top_level_function is not None and not sentence


def _mutant(path: str, source: str, module: libcst.Module, mutation: Mutation) -> dict[str, object] | None:
    """Give a mutant's whole source, and the lines by which it differs; None if it is no Python."""
    code = module.deep_replace(mutation.original_node, mutation.mutated_node).code
    try:
        compile(code, path, "exec")
    except SyntaxError:
        return None
    before, after, first = [], [], None
    number = 0
    for line in difflib.ndiff(source.splitlines(), code.splitlines()):
        if line.startswith(("  ", "- ")):
            number += 1
        if line.startswith(("- ", "+ ")):
            first = first or max(number, 1)
            (before if line.startswith("- ") else after).append(line[2:].strip())
    return {"path": path, "line": first, "before": " ".join(before), "after": " ".join(after), "code": code}


if __name__ == "__main__":
    main(*sys.argv[1:])

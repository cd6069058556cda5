"""Whether a caller's request that was valid stays valid, and means what it meant.

The answer is about what is validated (`dasier.rows`): a column that is new is missing from every request that
there is, one that is gone is refused as unknown, and rows may be sent as arrays without names, so the order
counts too. Ranges and categories are told to callers, not enforced: they break nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dasier.schema import Column, Output, Schema

_WIDER = frozenset({("integer", "float"), ("category", "text"), ("text", "category")})
"""What every cell of the first kind is of the second as well, in every wire format."""


def breaks(old: Schema, new: Schema) -> tuple[str, ...]:
    """Give what callers of the old schema must change, a phrase each; empty if nothing.

    >>> from dasier.schema import Column, Output, Schema
    >>> output = Output(name="y", task="regression")
    >>> old = Schema((Column(name="a", kind="float"),), output)
    >>> breaks(old, Schema((Column(name="a", kind="text"),), output))
    ("column 'a' takes text, no longer float",)
    """
    return (*_columns(old, new), *_output(old.output, new.output))


def narrowed(old: Schema, new: Schema) -> tuple[str, ...]:
    """Give what is answered as before, but with a warning from now on: categories that are no longer known."""
    found = []
    for column in old.columns:
        then = new.by_name.get(column.name)
        if then is not None and then.kind == column.kind == "category":
            gone = sorted(set(column.categories) - set(then.categories))
            found += [
                f"category {category!r} of column {column.name!r} is not known any more" for category in gone
            ]
    return tuple(found)


def same_question(old: Output, new: Output) -> bool:
    """Say whether two outputs answer one question, so that their quality can be compared."""
    return (old.name, old.task, _typed(old)) == (new.name, new.task, _typed(new)) and not _other_unit(
        old.unit, new.unit
    )


def _columns(old: Schema, new: Schema) -> Iterator[str]:
    for column in old.columns:
        then = new.by_name.get(column.name)
        if then is None:
            yield f"column {column.name!r} is gone, and a request that has it is refused"
        else:
            yield from _column(column, then)
    added = [name for name in new.names if name not in old.by_name]
    for name in added:
        yield f"column {name!r} is new, and a request without it is refused"
    if not added and set(old.names) == set(new.names) and old.names != new.names:
        yield "the columns stand in another order, and rows without names mean something else"


def _column(old: Column, new: Column) -> Iterator[str]:
    if old.kind != new.kind and (old.kind, new.kind) not in _WIDER:
        yield f"column {old.name!r} takes {new.kind}, no longer {old.kind}"
    if old.nullable and not new.nullable:
        yield f"column {old.name!r} takes no null any more"
    if _other_unit(old.unit, new.unit):
        yield f"column {old.name!r} is in {new.unit}, no longer in {old.unit}"


def _output(old: Output, new: Output) -> Iterator[str]:
    if old.task != new.task:
        yield f"the task is {new.task}, no longer {old.task}"
    elif _typed(old) != _typed(new):
        yield f"the classes are {_classes(new)}, no longer {_classes(old)}"
    if old.name != new.name:
        yield f"it predicts {new.name!r}, no longer {old.name!r}"
    if old.probabilities and not new.probabilities:
        yield "it gives no probabilities any more"
    if _other_unit(old.unit, new.unit):
        yield f"it answers in {new.unit}, no longer in {old.unit}"


def _other_unit(old: str | None, new: str | None) -> bool:
    """Say whether a unit is another; one that was not told before, or is not told now, need not be."""
    return None not in (old, new) and old != new


def _typed(output: Output) -> tuple[tuple[str, object], ...]:
    """Give classes that 1, 1.0 and true are not the same of."""
    return tuple((type(label).__name__, label) for label in output.classes)


def _classes(output: Output) -> str:
    shown = ", ".join(map(str, output.classes[:10]))
    return f"{shown}, … ({len(output.classes)})" if len(output.classes) > 10 else shown or "not told"

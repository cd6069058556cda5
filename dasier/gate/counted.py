"""What the two sides of a canary did, counted record by record, small enough to be kept between two looks.

Whatever it was counted in, and however often it was put down and taken up again, it is the same for the same records: requests and errors are
sums, and of latencies and answers those are kept whose ids come first in an order that is as good as drawn (a digest). So a sample is
one of all records, and another gate that counts the same ones, in any order, has the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from dasier.feedback import Told
from dasier.gate.sides import Side, counts_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dasier.predictions import Prediction

    Answers = Mapping[str, list[Any]]

MOST_LATENCIES = 5_000
"""Of each side: the median of 5,000 is known to 1 %."""

MOST_ANSWERS = 10_000
"""Of each side, and as many rows: their truth may be told later. Where one in a hundred is told, that is a hundred of them."""


class Answered(NamedTuple):
    """What a record answered: as JSON, which takes a quarter of the memory, and is read of the few whose truth is told."""

    id: str
    rows: int
    answers: str


@dataclass(slots=True)
class Kept:
    """Of one side.

    Attributes
    ----------
    requests, errors : int
    latencies : dict of order to float
        Of those that it answered, in milliseconds.
    answers : dict of order to Answered
        Of those whose rows are all logged.
    """

    requests: int = 0
    errors: int = 0
    latencies: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Answered] = field(default_factory=dict)

    def cut(self) -> str | None:
        """Leave out what comes too late in the order, and give from where on that is with answers; None if nowhere yet."""
        self.latencies = {order: self.latencies[order] for order in sorted(self.latencies)[:MOST_LATENCIES]}
        rows = 0
        answers: dict[str, Answered] = {}
        for order in sorted(self.answers):
            if rows >= MOST_ANSWERS:
                break  # and not where one would be too many: what comes after it later would then be kept instead of it
            answers[order] = self.answers[order]
            rows += self.answers[order].rows
        self.answers = answers
        return max(answers) if rows >= MOST_ANSWERS else None


class Counted:
    """What two versions did.

    Parameters
    ----------
    canary, serving : int
    parts : tuple of str
        What of the answers is kept, for the metric that they are to be measured by.

    Attributes
    ----------
    truths : dict of id to Told
        What is known to be true of answers, those among them that may yet be counted.
    """

    def __init__(self, canary: int, serving: int, *, parts: tuple[str, ...]) -> None:
        self._canary, self._serving, self._parts = canary, serving, parts
        self._kept = {version: Kept() for version in (canary, serving)}
        self._files: set[str] = set()
        self.truths: dict[str, Told] = {}

    def has(self, file: str) -> bool:
        """Say whether a file of the log was counted."""
        return _digest(file, 6) in self._files

    def done(self, file: str) -> None:
        """Note that a file is counted, all of it."""
        self._files.add(_digest(file, 6))

    def cut(self) -> list[str | None]:
        """Leave out what comes too late in the order of its side, and give from where on answers do."""
        return [kept.cut() for kept in self._kept.values()]

    def forget(self) -> None:
        """Leave out the truth of what comes too late in the order of both sides, and so will never be among their answers."""
        ends = self.cut()
        if None not in ends:
            end = max(filter(None, ends))
            self.truths = {id_: told for id_, told in self.truths.items() if _digest(id_, 8) <= end}

    def add(self, record: Prediction) -> None:
        """Count a record for the side that it belongs to."""
        found = counts_for(record, self._canary, self._serving)
        if found is None:
            return
        version, failed = found
        kept = self._kept[version]
        kept.requests += 1
        kept.errors += failed
        if failed:
            return
        order = _digest(record.id, 8)
        kept.latencies[order] = record.latency_ms
        if record.outputs is not None and record.positions is None and record.outputs.get("predictions"):
            answers = {name: record.outputs[name] for name in self._parts if record.outputs.get(name)}
            rows = len(answers["predictions"])
            kept.answers[order] = Answered(record.id, rows, orjson.dumps(answers).decode())

    def sides(self) -> tuple[Side, Side]:
        """Give the canary and what serves, with the answers whose truth is known."""
        return self._side(self._canary), self._side(self._serving)

    def _side(self, version: int) -> Side:
        kept = self._kept[version]
        side = Side(version, kept.requests, kept.errors)
        side.latencies_ms = [kept.latencies[order] for order in sorted(kept.latencies)]
        for order in sorted(kept.answers):
            answered = kept.answers[order]
            if (told := self.truths.get(answered.id)) is None:
                continue
            answers: Answers = orjson.loads(answered.answers)
            actual: list[Any] = told.actual if isinstance(told.actual, list) else [told.actual]
            if len(actual) == answered.rows:
                side.told.append((answers, actual))
        return side

    def to_document(self) -> dict[str, Any]:
        """Give JSON types."""
        return {
            "kept": self._rules(),
            "files": sorted(self._files),
            "truths": {id_: [told.received.isoformat(), told.actual] for id_, told in self.truths.items()},
            "sides": {
                str(version): {
                    "requests": kept.requests,
                    "errors": kept.errors,
                    "latencies": kept.latencies,
                    "answers": [[*one] for one in kept.answers.values()],
                }
                for version, kept in self._kept.items()
            },
        }

    def take_up(self, document: Mapping[str, Any]) -> None:
        """Go on from where another put down what it had counted.

        Raises
        ------
        ValueError, TypeError, KeyError, AttributeError
            If it is no such document, or one of a release that keeps other samples; then nothing is taken.
        """
        if document["kept"] != self._rules():
            raise ValueError(document["kept"])
        files = set(map(str, document["files"]))
        truths = {
            str(id_): Told(datetime.fromisoformat(received), actual)
            for id_, (received, actual) in document["truths"].items()
        }
        sides = {
            version: Kept(
                int(told["requests"]),
                int(told["errors"]),
                {str(order): float(ms) for order, ms in told["latencies"].items()},
                {
                    _digest(id_, 8): Answered(str(id_), int(rows), str(answers))
                    for id_, rows, answers in told["answers"]
                },
            )
            for version, told in ((version, document["sides"][str(version)]) for version in self._kept)
        }
        self._files, self.truths, self._kept = files, truths, sides

    def _rules(self) -> list[Any]:
        return [MOST_LATENCIES, MOST_ANSWERS, "answers as JSON", *self._parts]


def _digest(text: str, size_bytes: int) -> str:
    return blake2b(text.encode(), digest_size=size_bytes).hexdigest()

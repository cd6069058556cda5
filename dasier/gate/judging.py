"""Judge one version: rule by rule, until one fails that the next ones stand on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dasier import runtimes
from dasier.built import Built
from dasier.errors import RehearsalFailed, RowsRefused, Untrusted
from dasier.gate.comparison import Incumbent, compared, incumbent, listed_violations, measured
from dasier.gate.compatibility import breaks, narrowed
from dasier.gate.findings import Finding, listed, number
from dasier.gate.holdout import HeldOut, floors, held_out, measured_again, slices
from dasier.rehearsal import Limits, Rehearsal, rehearse
from dasier.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from dasier.manifest import Manifest
    from dasier.measuring.measures import Measure
    from dasier.registry import Registry

    Step = tuple[str, Callable[[], list[Finding]]]

WHO = "gate"


def judge(registry: Registry, name: str, version: int, *, limits: Limits = Limits()) -> dict[str, Any]:  # noqa: B008 - frozen
    """Give the verdict on a version: every rule until one fails that the next ones stand on.

    Raises
    ------
    Unavailable
        If the store does not answer: no verdict is better than a wrong one.
    DocumentInvalid
        If the release log cannot be read.
    """
    # Outside the rules: a release log that cannot be read says nothing against this version.
    against = incumbent(registry, name, version)
    findings: list[Finding] = []
    with ThreadPoolExecutor(1) as aside:
        judging = _Judging(registry, name, version, limits, against, aside)
        for rule, step in judging.steps():
            try:
                findings += step()
            except Untrusted as error:
                findings.append(Finding(rule, False, str(error)))
                break
    return {
        "name": name,
        "version": version,
        "passed": all(finding.passed for finding in findings),
        "when": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "who": WHO,
        "against": against.version if against else None,
        "gate": judging.table,
        "rules": [finding.to_document() for finding in findings],
    }


class _Judging:
    """One version before the gate: what each step learned, for those after it."""

    manifest: Manifest
    blobs: dict[str, bytes]
    rules: Rules
    measured: Rehearsal

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place
        self,
        registry: Registry,
        name: str,
        version: int,
        limits: Limits,
        against: Incumbent | None,
        aside: Executor,
    ) -> None:
        self._aside = aside
        self._theirs: Callable[[], dict[str, Measure]] = dict
        self._registry, self._name, self._version, self._limits = registry, name, version, limits
        self.against = against
        self.table: dict[str, Any] = {}
        self._held: HeldOut | None = None

    def steps(self) -> tuple[Step, ...]:
        """Give the rules in their order: nothing of a version is executed before it is believed."""
        return (
            ("signature", self._signature),
            ("libraries", self._libraries),
            ("digests", self._digests),
            ("rules", self._terms),
            ("schema", self._schema),
            ("rehearsal", self._rehearsal),
            ("metrics", self._quality),
        )

    def _signature(self) -> list[Finding]:
        self.manifest = self._registry.manifest(self._name, self._version)
        return [Finding("signature", True, "Signed by a trusted key, for this model and version.")]

    def _libraries(self) -> list[Finding]:
        needs = self.manifest.runtime
        runtimes.check_requirements(needs.name, needs.requires)
        return [
            Finding("libraries", True, "Built with library versions that run it here.", dict(needs.requires))
        ]

    def _digests(self) -> list[Finding]:
        self.blobs = {role: self._registry.blob(self.manifest, role) for role in self.manifest.blobs}
        figures = {"size_bytes": sum(map(len, self.blobs.values()))}
        return [Finding("digests", True, "Every blob has the bytes that were published.", figures)]

    def _terms(self) -> list[Finding]:
        """Read the recipe's rules; say nothing if they can be read, but hold the model's size to them."""
        self.rules = Rules.read(self.manifest.gate)
        self.table = self.rules.to_dict()
        size_mb, budget = len(self.blobs["model"]) / 1e6, self.rules.size_mb
        passed = size_mb <= budget
        detail = f"The model has {number(size_mb)} MB, {_within(budget, 'MB', passed=passed)}."
        return [Finding("size", passed, detail, {"size_mb": size_mb, "budget_mb": budget})]

    def _schema(self) -> list[Finding]:
        if self.against is None:
            return [Finding("schema", True, "No other version has served: there are no callers to keep.")]
        serving = self.against.version
        if self.against.manifest is None:
            detail = f"Version {serving} cannot be believed, and its schema is not known. {self.against.why}"
            return [Finding("schema", True, detail, {"serving": serving})]
        old, new = self.against.manifest.schema, self.manifest.schema
        broken, warned = breaks(old, new), narrowed(old, new)
        figures = {"serving": serving, "breaks": list(broken), "warns": list(warned)}
        declared = self.rules.breaking
        if not broken:
            detail = f"Every request that is valid for version {serving} stays valid."
            if warned:
                detail += f" Some are answered with a warning: {listed(warned)}."
        else:
            what = f"callers of version {serving} must change: {listed(broken)}."
            detail = f"Declared breaking; {what}" if declared else f"Without being declared breaking, {what}"
        return [Finding("schema", declared or not broken, detail, figures | {"declared_breaking": declared})]

    def _rehearsal(self) -> list[Finding]:
        self._held = held_out(self.manifest, self.blobs)
        cells = None
        if self._held is not None:
            try:
                rows = self._held.rows(self.manifest.schema)
            except RowsRefused as error:
                raise RehearsalFailed(
                    f"its held-out rows do not fit its schema ({listed_violations(error)})"
                ) from error
            cells = {column.name: rows.json_column(column) for column in self.manifest.schema.columns}
        if self._held is not None and self.against is not None and self.against.manifest is not None:
            # At the same time, each in a process of its own: starting one is most of what a verdict takes.
            self._theirs = self._aside.submit(
                measured, self._registry, self.against.manifest, self._held, self._limits
            ).result
        self.measured = rehearse(Built(self.manifest, self.blobs), self._limits, rows=cells)
        detail = "It loads in a process of its own and answers its golden records as when it was built."
        figures = {
            "memory_bytes": self.measured.memory_bytes,
            "load_ms": round(self.measured.load_ms, 3),
            "answer_ms": round(self.measured.answer_ms, 3),
        }
        return [Finding("rehearsal", True, detail, figures), self._latency()]

    def _latency(self) -> Finding:
        row_ms, budget = self.measured.row_ms, self.rules.latency_ms
        passed = row_ms <= budget
        detail = f"One row is answered in {number(row_ms)} ms, {_within(budget, 'ms', passed=passed)}."
        return Finding("latency", passed, detail, {"row_ms": round(row_ms, 4), "budget_ms": budget})

    def _quality(self) -> list[Finding]:
        again, measures = measured_again(self.manifest, self._held, self.measured.answers)
        found = [again]
        n_rows = 0 if self._held is None else len(self._held)
        if self.rules.floors:
            found.append(floors(self.rules, measures, n_rows))
        if self.rules.slices:
            found.append(slices(self.rules, measures, self._held, self.manifest.schema.output.name))
        if again.passed:  # metrics that are not believed are compared with nothing
            found.append(
                compared(
                    self.manifest,
                    against=self.against,
                    rules=self.rules,
                    held=self._held,
                    measures=measures,
                    theirs=self._theirs,
                )
            )
        return found


def _within(budget: float, unit: str, *, passed: bool) -> str:
    return f"within the budget of {budget:g} {unit}" if passed else f"over the budget of {budget:g} {unit}"

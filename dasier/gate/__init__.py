"""The gate: judge every version that has no verdict, and let those serve that pass.

`judging` goes through the rules one after the other; `compatibility`, `holdout` and `comparison` are rules
that take some room; `sweeping` decides when a version is judged, and releases what passed.
"""

from dasier.gate.findings import Finding
from dasier.gate.judging import WHO, judge
from dasier.gate.sweeping import DEFAULT_POLICY, sweep

__all__ = ["DEFAULT_POLICY", "WHO", "Finding", "judge", "sweep"]

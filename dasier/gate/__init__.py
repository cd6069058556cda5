"""The gate: judge every version that has no verdict, and let those serve that pass.

`judging` goes through the rules one after the other; `compatibility`, `holdout` and `comparison` are rules
that take some room; `canary` judges by what callers got, which `looking` counts (`counted`, `sides`); `sweeping` decides when, and releases.
"""

from dasier.gate.canary import Trial, trial
from dasier.gate.findings import Finding
from dasier.gate.judging import WHO, judge
from dasier.gate.sweeping import sweep

__all__ = ["WHO", "Finding", "Trial", "judge", "sweep", "trial"]

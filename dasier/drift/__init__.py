"""Drift: whether what callers send, and what they get, is still what a version was trained on; and how good it turned out.

Numpy alone and nothing of the builder, so that it runs where models are served (`functions/monitor.py`) as well as at a
terminal (`dasier drift`). docs/drift.md says what is tested, at which thresholds, and from where those are.
"""

from dasier.drift.daily import catch_up, due, write
from dasier.drift.page import page
from dasier.drift.report import Report, survey

__all__ = ["Report", "catch_up", "due", "page", "survey", "write"]

"""`dasier verify`: judge versions by hand, as the gate does."""

from __future__ import annotations

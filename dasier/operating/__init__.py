"""What operators see and decide: what serves and how it does, and the next entry of the release log."""

from dasier.operating.deciding import Decision, decide
from dasier.operating.seeing import every, one

__all__ = ["Decision", "decide", "every", "one"]

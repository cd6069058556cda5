"""Log lines for a terminal: the phrase, then the fields that came with it."""

from __future__ import annotations

import logging

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Line(logging.Formatter):
    """One line a record.

    >>> record = logging.makeLogRecord({"levelname": "ERROR", "msg": "version not loaded", "model": "wine"})
    >>> Line().format(record)
    'ERROR version not loaded model=wine'
    """

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Give the phrase and its fields."""
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _OWN]
        return " ".join([super().formatMessage(record), *fields])


def log_to_terminal() -> None:
    """Write warnings and worse to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])

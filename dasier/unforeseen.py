"""Go on with the others after something unforeseen in one of many, and raise what was found at the end.

To stop at it would let one model keep every other from being looked at, as long as nobody mends it; to pass over it would hide it.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dasier.errors import trace

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("dasier")


class Unforeseen:
    """What was raised that nobody foresaw, while others were gone on with."""

    def __init__(self) -> None:
        self._errors: list[Exception] = []

    @contextmanager
    def passed_over(self, *foreseen: type[Exception], **about: object) -> Iterator[None]:
        """Log and keep what is raised inside, except what whoever asks knows what to do with.

        Parameters
        ----------
        foreseen
            What is raised all the same.
        about
            What it was about, as fields of the log.
        """
        try:
            yield
        except foreseen:
            raise
        except Exception as error:  # noqa: BLE001 (it is raised at the end; its words may hold what was sent)
            # Logged here: whoever runs a function prints of a group its message alone.
            log.error("something unforeseen", extra={**about, "trace": trace(error)})  # noqa: TRY400
            self._errors.append(error)

    def raised(self, doing: str) -> None:
        """Raise all of it at once, so that whoever watches the function is told.

        Raises
        ------
        ExceptionGroup
            If there is any.
        """
        if self._errors:
            raise ExceptionGroup(f"unforeseen while {doing}; the others were gone on with", self._errors)

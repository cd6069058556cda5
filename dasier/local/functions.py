"""The handlers that the template names, imported once and called as Lambda calls them."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dasier.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dasier.local.template import Function


log = logging.getLogger("dasier.gateway")


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a function of its invocation."""

    aws_request_id: str
    function_name: str
    memory_limit_in_mb: int
    deadline_s: float
    """By `time.monotonic`."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    function_version: str = "$LATEST"
    invoked_function_arn: str = ""
    at_once: bool = False
    """Whether it was found sure to be answered at once (`dasier.serving.deadline`)."""

    def get_remaining_time_in_millis(self) -> int:
        """Give how long the function may still run."""
        return max(0, int((self.deadline_s - self.clock()) * 1000))


class Later:
    """A handler that is imported when it is first called, or when there is time.

    Parameters
    ----------
    module, attribute : str
        What `Function.target` gives.
    """

    def __init__(self, module: str, attribute: str) -> None:
        self._module, self._attribute = module, attribute

    @cached_property
    def handler(self) -> Callable[[dict[str, Any], Context], Any]:
        """The handler itself."""
        found: Callable[[dict[str, Any], Context], Any] = getattr(
            import_module(self._module), self._attribute
        )
        return found

    def __call__(self, event: dict[str, Any], context: Context) -> Any:
        """Answer as the handler does."""
        return self.handler(event, context)

    def is_at_once(self, event: dict[str, Any]) -> bool:
        """Say what the handler says; what is not imported yet is not sure to be quick."""
        sure = getattr(vars(self).get("handler"), "is_at_once", None)
        return sure is not None and bool(sure(event))


class Functions:
    """Calls functions by name.

    Parameters
    ----------
    handlers
        What to call for each function of the template.
    """

    def __init__(self, handlers: dict[str, Callable[[dict[str, Any], Context], Any]]) -> None:
        self._handlers = handlers

    @classmethod
    def load(cls, functions: Iterable[Function], root: Path, *, later: bool = False) -> Functions:
        """Import each handler from the folder that the template stands in, or only see that its module is there.

        Raises
        ------
        SettingsInvalid
            Naming every function whose handler is not there.
        """
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        handlers: dict[str, Callable[[dict[str, Any], Context], Any]] = {}
        problems = []
        for function in functions:
            module, attribute = function.target
            try:
                if later and find_spec(module) is not None:
                    handlers[function.name] = Later(module, attribute)
                    continue
                handlers[function.name] = getattr(import_module(module), attribute)
            except (ModuleNotFoundError, AttributeError) as error:
                problems.append(f"{function.name}: {function.handler} cannot be imported ({error})")
        if problems:
            raise SettingsInvalid(problems)
        return cls(handlers)

    def get_ready(self) -> None:
        """Import what is not imported yet."""
        for name, handler in self._handlers.items():
            try:
                getattr(handler, "handler", None)
            except Exception:
                log.exception("a function cannot be imported", extra={"function": name})

    def is_at_once(self, function: Function, event: dict[str, Any]) -> bool:
        """Say whether a function is sure to answer an event within a few milliseconds, without waiting for anything."""
        sure = getattr(self._handlers.get(function.name), "is_at_once", None)
        return sure is not None and bool(sure(event))

    def call(
        self, function: Function, event: dict[str, Any], *, request_id: str, at_once: bool = False
    ) -> Any:
        """Give what a function answers to an event; whatever it raises passes through."""
        context = Context(
            aws_request_id=request_id,
            function_name=function.name,
            memory_limit_in_mb=function.memory_mb,
            deadline_s=time.monotonic() + function.timeout_s,
            at_once=at_once,
        )
        return self._handlers[function.name](event, context)

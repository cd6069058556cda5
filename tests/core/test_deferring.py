"""Imports that are put off: when a body runs, what stands in its place, and what threads see."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from dasier.deferring import Later, deferring, found, run_all, waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RAN: list[str] = []
"""What the bodies of the modules below note, and when: they import this very module."""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., frozenset[str]]]:
    """Write modules, each of which notes that its body runs; give their names."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    RAN.clear()

    def written(**bodies: str) -> frozenset[str]:
        for name, body in bodies.items():
            path = tmp_path / f"{name.replace('.', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"from {__name__} import RAN\nRAN.append(__name__)\n{body}\n")
        importlib.invalidate_caches()
        return frozenset(name.removesuffix(".__init__") for name in bodies)

    yield written
    run_all()
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_body_runs_when_something_of_it_is_asked_for_and_once(write: Any) -> None:
    names = write(late="value = 1")

    with deferring(names):
        late = importlib.import_module("late")
    then = list(RAN)
    values = late.value, late.value

    assert then == []
    assert values == (1, 1)
    assert RAN == ["late"]


def test_what_has_run_is_the_module_that_was_imported(write: Any) -> None:
    with deferring(write(late="value = 1\ndef of(): return value")):
        late = importlib.import_module("late")

    assert late.of() == 1
    assert type(late) is ModuleType
    assert sys.modules["late"] is late
    assert importlib.import_module("late") is late
    assert late.__spec__ is not None
    assert late.__spec__.loader is late.__loader__


def test_a_name_taken_from_a_module_stands_for_itself_until_it_is_used(write: Any) -> None:
    names = write(
        late="class Kind: pass\ndef double(x): return 2 * x\nwords = {'a': 1}",
        user="from late import Kind, double, words\ndef use(): return double(21)",
    )

    with deferring(names - {"user"}):
        user = importlib.import_module("user")
    before = {name: type(getattr(user, name)) for name in ("Kind", "double", "words")}
    used = user.use()

    assert set(before.values()) == {Later}
    assert used == 42
    assert user.double is sys.modules["late"].double
    assert user.Kind is sys.modules["late"].Kind
    assert user.words == {"a": 1}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("class Own(Kind): pass\nresult = isinstance(Own(), Kind)", True),
        ("result = isinstance(3, Kind)", False),
        ("result = issubclass(int, Kind)", False),
        ("result = words['a']", 1),
        ("result = ('a' in words, len(words), list(words))", (True, 1, ["a"])),
        ("result = Kind.name", "kind"),
    ],
)
def test_a_name_may_be_used_while_others_are_still_put_off(write: Any, body: str, value: Any) -> None:
    names = write(
        late="class Kind:\n    name = 'kind'\nwords = {'a': 1}",
        user=f"from late import Kind, words\ndef use():\n    global result\n    {body.replace(chr(10), chr(10) + '    ')}",
    )

    with deferring(names - {"user"}):
        user = importlib.import_module("user")
    user.use()

    assert user.result == value


def test_annotations_do_not_run_what_they_name(write: Any) -> None:
    names = write(late="Kind = list", user="from late import Kind\nvalue: Kind[int][str] = []")

    with deferring(names - {"user"}):
        user = importlib.import_module("user")

    assert RAN == ["user"]
    assert user.value == []


def test_a_submodule_is_imported_without_the_body_of_its_package(write: Any) -> None:
    bodies = {"pack.__init__": "from pack.part import value", "pack.part": "value = 3"}
    write(**bodies, user="from pack import part\nfrom pack.part import value")

    with deferring(frozenset({"pack"})):
        user = importlib.import_module("user")
    then = list(RAN)

    assert (user.value, user.part.value) == (3, 3)
    assert then == ["user", "pack.part"]
    assert sys.modules["pack"].value == 3


def test_whether_a_package_has_a_private_part_can_be_tried(write: Any) -> None:
    write(
        **{"pack.__init__": ""},
        user="try:\n    from pack import _part\nexcept ImportError:\n    _part = None",
    )

    with deferring(frozenset({"pack"})):
        user = importlib.import_module("user")

    assert user._part is None


def test_what_a_body_imports_is_put_off_in_its_turn(write: Any) -> None:
    names = write(late="import later\nvalue = 1", later="value = 2")

    with deferring(names):
        late = importlib.import_module("late")
    one = late.value
    then = list(RAN)

    assert (one, then) == (1, ["late"])
    assert late.later.value == 2


def test_everything_can_be_run_at_once(write: Any) -> None:
    names = write(
        late="from later import value\ndef of(): return value", later="value = 2", user="from late import of"
    )

    with deferring(names - {"user"}):
        user = importlib.import_module("user")
    run_all()

    assert not names & waiting()
    assert type(user.of) is not Later
    assert sys.modules["late"].value == 2


def test_a_body_that_fails_is_told_to_whoever_asks_each_time(write: Any) -> None:
    with deferring(write(late="if len(RAN) < 3: raise ValueError('not yet')\nvalue = 1")):
        late = importlib.import_module("late")

    for _ in range(2):
        with pytest.raises(ValueError, match="not yet"):
            late.value  # noqa: B018

    assert late.value == 1


def test_what_does_not_exist_is_missing(write: Any) -> None:
    with deferring(write(late="")):
        late = importlib.import_module("late")

    with pytest.raises(AttributeError):
        late.value  # noqa: B018
    with deferring(frozenset({"no_such_module"})), pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_module")


def test_only_the_thread_that_asked_for_it_puts_off(write: Any) -> None:
    names = write(late="value = 1")
    seen = []

    with deferring(names):
        thread = threading.Thread(target=lambda: seen.append(importlib.import_module("late")))
        thread.start()
        thread.join()

    assert RAN == ["late"]
    assert type(seen[0]) is ModuleType


GATE = threading.Barrier(2, timeout=20)
"""Where the body of a module and a test meet."""


def test_two_threads_that_ask_at_once_run_a_body_once_and_see_all_of_it(write: Any) -> None:
    with deferring(write(late=f"from {__name__} import GATE\nGATE.wait()\nGATE.wait()\nvalue = 1")):
        late = importlib.import_module("late")
    seen: list[int] = []

    threads = [threading.Thread(target=lambda: seen.append(late.value)) for _ in range(6)]
    threads[0].start()
    GATE.wait()  # the body runs
    for thread in threads[1:]:
        thread.start()
    GATE.wait()  # and ends while the others ask
    for thread in threads:
        thread.join(20)

    assert seen == [1] * 6
    assert RAN == ["late"]


def test_two_bodies_that_ask_for_each_other_in_two_threads_both_end(write: Any) -> None:
    meet = f"from {__name__} import GATE\nvalue = 1\nGATE.wait()\n"
    names = write(
        one=f"{meet}import other\nwhole = other.value", other=f"{meet}import one\nwhole = one.value"
    )
    with deferring(names):
        modules = [importlib.import_module(name) for name in sorted(names)]
    seen: list[int] = []

    threads = [threading.Thread(target=lambda m=module: seen.append(m.whole)) for module in modules]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert seen == [1, 1]


def test_what_is_no_substitute_is_given_as_it_is() -> None:
    assert found(3) == 3
